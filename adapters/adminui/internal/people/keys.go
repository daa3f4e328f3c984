package people

import (
	"cmp"
	"net/http"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
)

const keys = "keys"

// key is an API key as the API shows it. Only the answer that creates one has its secret.
type key struct {
	ID         string    `json:"id"`
	Name       string    `json:"name"`
	Role       string    `json:"role"`
	Prefix     string    `json:"prefix"`
	CreatedAt  time.Time `json:"created_at"`
	ExpiresAt  time.Time `json:"expires_at"`
	LastUsedAt time.Time `json:"last_used_at"`
	RotatedTo  string    `json:"rotated_to"`
	CreatedBy  struct {
		Kind, Name string
	} `json:"created_by"`
	Secret string `json:"secret"`
}

func keyRoutes() []page.Route {
	return []page.Route{
		{Path: "/keys", Handle: showKeys},
		{Method: http.MethodPost, Path: "/keys", Handle: createKey,
			Fields: []string{"name", "role", "expires", "until"}},
		{Path: "/keys/{id}/rotate", Handle: askRotate},
		{Method: http.MethodPost, Path: "/keys/{id}/rotate", Handle: rotateKey,
			Fields: []string{"overlap"}},
		{Path: "/keys/{id}/revoke", Handle: askRevokeKey},
		{Method: http.MethodPost, Path: "/keys/{id}/revoke", Handle: revokeKey},
	}
}

// showKeys shows a page of the keys, or the form of a new one.
func showKeys(r *page.Request) (page.Reply, error) {
	if isNew(r) {
		return showCreateKey(r)
	}
	found, err := read[key](r, r.APIPath(keys), "")
	if err != nil {
		return page.Reply{}, err
	}
	v := view.Keys{Frame: r.Frame("API keys"), Pager: pager(r, keys, found.NextCursor)}
	if r.Caller.May("key.write") {
		v.Create = urls.With(r.URLs.To(keys), "new", "true", "back", r.Here())
	}
	shown := map[string]string{}
	for _, k := range found.Items {
		shown[k.ID] = k.Name
	}
	for _, k := range found.Items {
		v.Rows = append(v.Rows, keyRow(r, k, shown))
	}
	return page.Show(v)
}

// keyRow returns the row of a key. Shown are the names of the keys of the page by their ids:
// the row of a rotated key leads to its successor, if the page has it.
func keyRow(r *page.Request, k key, shown map[string]string) view.Key {
	row := view.Key{ID: "key-" + k.ID, Name: k.Name, Role: k.Role, Prefix: k.Prefix,
		Created: k.CreatedAt, By: cmp.Or(k.CreatedBy.Name, k.CreatedBy.Kind, "unknown"),
		LastUsed: k.LastUsedAt, Expires: k.ExpiresAt, State: stateOf(k, r.Site.Now())}
	if _, ok := shown[k.RotatedTo]; ok {
		row.Successor = "#key-" + k.RotatedTo
	}
	if !r.Caller.May("key.write") {
		return row
	}
	row.Revoke = urls.With(r.URLs.To(keys, k.ID, "revoke"), "back", r.Here())
	if k.RotatedTo == "" {
		row.Rotate = urls.With(r.URLs.To(keys, k.ID, "rotate"), "back", r.Here())
	}
	return row
}

// stateOf returns the state of a key in words.
func stateOf(k key, now time.Time) string {
	expired := !k.ExpiresAt.IsZero() && !now.Before(k.ExpiresAt)
	switch {
	case expired && k.RotatedTo != "":
		return "replaced"
	case expired:
		return "expired"
	case k.RotatedTo != "":
		return "replaced, but works until it expires"
	}
	return "active"
}

// showSecret shows the secret of a new key, this once.
func showSecret(r *page.Request, k key) (page.Reply, error) {
	return page.Show(view.Once{Frame: frame(r, "Secret of “"+k.Name+"”", "API keys", keys),
		Lead:  "The key “" + k.Name + "” has the role " + k.Role + " in " + r.Caller.Tenant.Name + ".",
		Label: "Secret", Value: k.Secret, Until: k.ExpiresAt,
		Warning: "The secret is shown only now, and stored nowhere. Copy it to where the program" +
			" reads it. If it is lost, rotate the key.",
		Example: "curl -H \"Authorization: Bearer $SECRET\" " + r.Origin() + r.Site.APIPrefix + "/api/v1/me",
		ExampleText: "Programs send it with each request. The key names its tenant. With the secret" +
			" in the variable SECRET:",
		Back: view.Link{Text: "Back to the keys", Href: r.Back(r.URLs.To(keys))}})
}

// getKey returns the key that the path names.
func getKey(r *page.Request) (key, error) {
	return find(r, r.APIPath(keys), "", func(k key) bool { return k.ID == r.PathValue("id") })
}

// askRevokeKey asks before a key is revoked.
func askRevokeKey(r *page.Request) (page.Reply, error) {
	k, err := getKey(r)
	if err != nil {
		return page.Reply{}, err
	}
	used := "It has never been used."
	if !k.LastUsedAt.IsZero() {
		used = "It was last used at " + k.LastUsedAt.UTC().Format("2006-01-02 15:04 UTC") + "."
	}
	v := view.Confirm{Frame: frame(r, "Revoke the key", "API keys", keys),
		Question: "Revoke the key " + k.Name + ", which has the role " + k.Role + "?",
		Consequences: []string{"Programs that use it are refused from the next request on.", used,
			"It can't be taken back. To replace the secret without an interruption, rotate the key."},
		Form: r.NewForm(r.URLs.To(keys, k.ID, "revoke"), "Revoke")}
	v.Form.Danger, v.Form.Cancel = true, r.Back(r.URLs.To(keys))
	v.Form.Hidden = []view.Hidden{r.BackField(r.URLs.To(keys))}
	return page.Show(v)
}

// revokeKey makes the key invalid at once.
func revokeKey(r *page.Request) (page.Reply, error) {
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodDelete,
		Path: r.APIPath(keys, r.PathValue("id"))})
	if err != nil {
		return page.Reply{}, err
	}
	return page.Go(page.Done(r.Back(r.URLs.To(keys)), "revoked"))
}
