package transfer

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

const (
	maxRead   = 1000 // resources that are read of a kind
	readPage  = 200  // resources of one call
	rowsShown = 50   // secrets on a page
	usesShown = 10   // uses of a secret on a page
)

// listSecrets shows the secrets that the tenant's resources use. Whether one has a value, the
// API doesn't say.
func listSecrets(r *page.Request) (page.Reply, error) {
	if !r.Caller.May("secret.write") {
		return page.Reply{}, page.Forbidden()
	}
	if name := r.Query().Get("name"); name != "" {
		return page.Go(r.URLs.To("secrets", federation.NormalName(name)))
	}
	v := view.Secrets{Frame: r.Frame("Secrets"), Action: r.URLs.To("secrets"), Read: maxRead,
		NoKinds: true}
	uses := map[string][]federation.SecretUse{}
	for _, kind := range r.Site.Kinds.All() {
		if !hasSecrets(kind) {
			continue
		}
		v.NoKinds = false
		more, err := addUses(r, kind, uses)
		if err != nil {
			return page.Reply{}, err
		}
		if more {
			v.Incomplete = append(v.Incomplete, page.KindTitle(kind.Path))
		}
	}
	addRows(r, &v, uses)
	return page.Show(v)
}

// hasSecrets reports whether resources of a kind can have secrets.
func hasSecrets(kind federation.Kind) bool {
	secret := func(f federation.Field) bool { return f.Secret }
	return slices.ContainsFunc(kind.Fields, secret) || len(kind.MarkedSecrets) > 0
}

// resource is what a resource's secrets are found in.
type resource struct {
	Name string          `json:"name"`
	Spec json.RawMessage `json:"spec"`
}

// addUses adds the secrets of the first resources of a kind. more says that there are more
// resources.
func addUses(
	r *page.Request, kind federation.Kind, uses map[string][]federation.SecretUse,
) (more bool, err error) {
	query := url.Values{"limit": {strconv.Itoa(readPage)}}
	for range maxRead / readPage {
		var got apicall.List[resource]
		if err := r.API.Get(r.Context(), urls.Join("", kind.Path), query, &got); err != nil {
			return false, err
		}
		for _, item := range got.Items {
			found, err := r.Site.Kinds.SecretUses(federation.Item{
				Ref: federation.Ref{Kind: kind.Name, Name: item.Name}, Spec: item.Spec})
			if err != nil {
				return false, err
			}
			for _, use := range found {
				uses[use.Secret] = append(uses[use.Secret], use)
			}
		}
		if got.NextCursor == "" {
			return false, nil
		}
		query.Set("cursor", got.NextCursor)
	}
	return true, nil
}

// addRows adds the secrets after the one that the address names, a page of them.
func addRows(r *page.Request, v *view.Secrets, uses map[string][]federation.SecretUse) {
	after := r.Query().Get("after")
	if after != "" {
		v.Pager.First = v.Action
	}
	for _, name := range slices.Sorted(maps.Keys(uses)) {
		if name <= after {
			continue
		}
		if len(v.Secrets) == rowsShown {
			v.Pager.Next = urls.With(v.Action, "after", v.Secrets[rowsShown-1].Name)
			return
		}
		v.Secrets = append(v.Secrets, secretRow(r, name, uses[name]))
	}
}

func secretRow(r *page.Request, name string, uses []federation.SecretUse) view.SecretRow {
	row := view.SecretRow{Name: name,
		Set:  urls.With(r.URLs.To("secrets", name), "back", r.Here()),
		More: max(len(uses)-usesShown, 0)}
	for _, use := range uses[:len(uses)-row.More] {
		user := view.SecretUser{Kind: use.Kind, Path: use.Path, Link: view.Link{Text: use.Name}}
		if kind, ok := r.Site.Kinds.Kind(use.Kind); ok {
			user.Href = r.URLs.To(kind.Path, use.Name)
		}
		row.Used = append(row.Used, user)
	}
	return row
}

// askSecret shows the form that sets a secret.
func askSecret(r *page.Request) (page.Reply, error) {
	if !r.Caller.May("secret.write") {
		return page.Reply{}, page.Forbidden()
	}
	if r.PathValue("name") == "" {
		return page.Reply{}, page.NotFound()
	}
	return page.Show(secretForm(r, r.Query().Has("lines")))
}

// secretForm returns the form. What was typed is never shown again.
func secretForm(r *page.Request, lines bool) view.SecretForm {
	name := r.PathValue("name")
	path := r.URLs.To("secrets", name)
	field := view.Field{Name: "value", Label: "Value", Type: view.PasswordField, Required: true,
		Autocomplete: "new-password", Hint: "It replaces the value before. No page shows it again."}
	v := view.SecretForm{Frame: r.Frame("Set a secret"), Name: name, Lines: lines}
	v.Trail = []view.Link{{Text: "Secrets", Href: r.URLs.To("secrets")}}
	back := r.Back(r.URLs.To("secrets"))
	v.Other = urls.With(path, "lines", "true", "back", back)
	if lines {
		field.Type, field.Rows = view.AreaField, 8
		v.Other = urls.With(path, "back", back)
	}
	v.Form = r.NewForm(path, "Set the secret", field)
	if lines {
		v.Form.Action = urls.With(path, "lines", "true")
	}
	v.Form.Hidden = []view.Hidden{r.BackField(r.URLs.To("secrets"))}
	v.Form.Cancel = back
	return v
}
