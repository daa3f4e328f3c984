package people

import (
	"net/http"
	"strconv"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The choices of a key's expiry that aren't a number of days.
const (
	never    = "never"
	chosenAt = "date"
)

// showCreateKey shows the form of a new key.
func showCreateKey(r *page.Request) (page.Reply, error) {
	if err := needs(r, "key.write"); err != nil {
		return page.Reply{}, err
	}
	return page.Show(keyView(r)(keyForm(r)))
}

func keyForm(r *page.Request) view.Form {
	expires := r.Form.Get("expires")
	if expires == "" {
		expires = "90"
	}
	f := r.NewForm(r.URLs.To(keys), "Create the key",
		view.Field{Name: "name", Label: "Name", Required: true, Value: r.Form.Get("name"),
			Hint: "What uses the key, such as “nightly import”."},
		roleField(tenancy.Roles(), r.Form.Get("role")),
		choices("expires", "Expires", expires, view.Option{Value: "30", Text: "in 30 days"},
			view.Option{Value: "90", Text: "in 90 days"}, view.Option{Value: "365", Text: "in 365 days"},
			view.Option{Value: chosenAt, Text: "at the time below"},
			view.Option{Value: never, Text: "never"}),
		view.Field{Name: "until", Label: "Time of expiry, if you chose one", Type: view.DateField,
			Value: r.Form.Get("until"), Hint: "In UTC."})
	f.Cancel = r.Back(r.URLs.To(keys))
	f.Hidden = []view.Hidden{r.BackField(r.URLs.To(keys))}
	return f
}

func keyView(r *page.Request) func(view.Form) view.Model {
	return func(form view.Form) view.Model {
		return view.FormPage{Frame: frame(r, "Create a key", "API keys", keys), Form: form,
			Intro: "With a key a program works in " + r.Caller.Tenant.Name + ", and in no other tenant."}
	}
}

// createKey creates a key and shows its secret.
func createKey(r *page.Request) (page.Reply, error) {
	names := map[string]string{"/name": "name", "/role": "role", "/expires_at": "expires",
		"/until": "until"}
	if r.Form.Get("expires") == chosenAt {
		names["/expires_at"] = "until"
	}
	body := map[string]any{"name": r.Form.Line("name"), "role": r.Form.Get("role")}
	expires, err := expiryOf(r.Form, r.Site.Now())
	if err != nil {
		return refuse(keyForm(r), err, names, keyView(r))
	}
	if !expires.IsZero() {
		body["expires_at"] = expires.UTC().Format(time.RFC3339)
	}
	var made key
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: r.APIPath(keys),
		Body: body, Into: &made})
	if err != nil {
		return refuse(keyForm(r), err, names, keyView(r))
	}
	return showSecret(r, made)
}

// expiryOf returns when a new key expires; the zero time: never.
func expiryOf(form page.Form, now time.Time) (time.Time, error) {
	switch chosen := form.Get("expires"); chosen {
	case never:
		return time.Time{}, nil
	case chosenAt:
		return parseTime(form.Line("until"))
	default:
		days, err := strconv.ParseUint(chosen, 10, 16)
		if err != nil {
			return time.Time{}, invalid("/expires_at", "choose when the key expires")
		}
		return now.Add(time.Duration(days) * 24 * time.Hour), nil
	}
}

// parseTime reads a local date and time (HTML, section 2.3.5.7) as UTC. Browsers leave out
// seconds that are zero.
func parseTime(typed string) (time.Time, error) {
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02 15:04"} {
		if at, err := time.Parse(layout, typed); err == nil && !at.IsZero() {
			return at, nil
		}
	}
	return time.Time{}, invalid("/until", "must be a date and time, such as 2030-12-31T18:00")
}

// askRotate asks for how long the old secret still works.
func askRotate(r *page.Request) (page.Reply, error) {
	k, err := getKey(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(rotateView(r, k)(rotateForm(r)))
}

func rotateForm(r *page.Request) view.Form {
	overlap := r.Form.Get("overlap")
	if overlap == "" {
		overlap = "24h"
	}
	f := r.NewForm(r.URLs.To(keys, r.PathValue("id"), "rotate"), "Rotate the key",
		choices("overlap", "The old secret still works for", overlap,
			view.Option{Value: "0s", Text: "no time: it was leaked"},
			view.Option{Value: "1h", Text: "1 hour"}, view.Option{Value: "24h", Text: "24 hours"},
			view.Option{Value: "168h", Text: "7 days"}, view.Option{Value: "720h", Text: "30 days"}))
	f.Fields[0].Hint = "Within this time, give the new secret to every program that uses the key."
	f.Cancel = r.Back(r.URLs.To(keys))
	f.Hidden = []view.Hidden{r.BackField(r.URLs.To(keys))}
	return f
}

func rotateView(r *page.Request, k key) func(view.Form) view.Model {
	return func(form view.Form) view.Model {
		return view.FormPage{Frame: frame(r, "Rotate "+k.Name, "API keys", keys), Form: form,
			Intro: "A new key with the same name and role replaces this one. Its secret is shown once."}
	}
}

// rotateKey replaces a key and shows the secret of the new one.
func rotateKey(r *page.Request) (page.Reply, error) {
	k, err := getKey(r)
	if err != nil {
		return page.Reply{}, err
	}
	var made key
	err = r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost,
		Path: r.APIPath(keys, k.ID, "rotate"), Into: &made,
		Body: map[string]string{"overlap": r.Form.Get("overlap")}})
	if err != nil {
		return refuse(rotateForm(r), err, map[string]string{"/overlap": "overlap"}, rotateView(r, k))
	}
	return showSecret(r, made)
}
