package transfer

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

const rowsShown = 50 // secrets on a page

// secret is a secret as the API shows it.
type secret struct {
	Name      string    `json:"name"`
	Set       bool      `json:"set"`
	UpdatedAt time.Time `json:"updated_at"`
	UsedBy    []struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
		Path string `json:"path"`
	} `json:"used_by"`
	More bool `json:"more"`
}

// listSecrets shows the secrets that have a value or that the tenant's resources use.
func listSecrets(r *page.Request) (page.Reply, error) {
	if !r.Caller.May("secret.read") {
		return page.Reply{}, page.Forbidden()
	}
	if name := r.Query().Get("name"); name != "" {
		return page.Go(r.URLs.To("secrets", federation.NormalName(name)))
	}
	query := url.Values{"limit": {strconv.Itoa(rowsShown)}}
	if cursor := r.Query().Get("cursor"); cursor != "" {
		query.Set("cursor", cursor)
	}
	var found apicall.List[secret]
	if err := r.API.Get(r.Context(), r.APIPath("secrets"), query, &found); err != nil {
		return page.Reply{}, err
	}
	v := view.Secrets{Frame: r.Frame("Secrets"), Pager: r.Pager(r.URLs.To("secrets"), found.NextCursor),
		NoKinds: !slices.ContainsFunc(r.Site.Kinds.All(), hasSecrets)}
	if r.Caller.May("secret.write") {
		v.Action = r.URLs.To("secrets")
	}
	for _, s := range found.Items {
		v.Secrets = append(v.Secrets, secretRow(r, s))
	}
	return page.Show(v)
}

// hasSecrets reports whether resources of a kind can have secrets.
func hasSecrets(kind federation.Kind) bool {
	secret := func(f federation.Field) bool { return f.Secret }
	return slices.ContainsFunc(kind.Fields, secret) || len(kind.MarkedSecrets) > 0
}

func secretRow(r *page.Request, s secret) view.SecretRow {
	row := view.SecretRow{Name: s.Name, HasValue: s.Set, Updated: s.UpdatedAt, More: s.More}
	if r.Caller.May("secret.write") {
		row.Set = urls.With(r.URLs.To("secrets", s.Name), "back", r.Here())
		if s.Set {
			row.Unset = urls.With(r.URLs.To("secrets", s.Name, "unset"), "back", r.Here())
		}
	}
	for _, use := range s.UsedBy {
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
