package platform

import (
	"net/http"
	"net/url"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func tenantRoutes() []page.Route {
	const one = "/tenants/{slug}"
	return slices.Concat([]page.Route{
		{Path: "/tenants", Handle: showTenants},
		{Method: http.MethodPost, Path: "/tenants", Handle: createTenant,
			Fields: []string{"slug", "name", "rate", "limit.", "back"}},
		{Path: one, Handle: showTenant},
		{Method: http.MethodPost, Path: one, Handle: renameTenant,
			Fields: []string{"name", "reason", "back"}},
	},
		confirmed(one+"/suspend", asks(suspend), does(suspend), "reason"),
		confirmed(one+"/activate", asks(activate), does(activate), "reason"),
		confirmed(one+"/delete", asks(remove), does(remove), "reason"),
		confirmed(one+"/restore", asks(restore), does(restore), "reason"),
		confirmed(one+"/purge", askPurge, purge, "confirm", "reason"),
	)
}

// showTenants shows a page of all tenants, or the form that creates one.
func showTenants(r *page.Request) (page.Reply, error) {
	if r.Query().Get("new") == "true" {
		return page.Show(newTenant(r))
	}
	var found apicall.List[page.Tenant]
	q := url.Values{"limit": {onPage}}
	for _, name := range []string{"state", "q", "cursor"} {
		if text := r.Query().Get(name); text != "" {
			q.Set(name, text)
		}
	}
	if err := r.API.Get(r.Context(), "/tenants", q, &found); err != nil {
		return page.Reply{}, err
	}
	v := tenantList(r, found.Items)
	v.Pager = pager(r, v.Action, found.NextCursor)
	return page.Show(v)
}

func tenantList(r *page.Request, found []page.Tenant) view.Tenants {
	here := r.Site.Root.To("tenants")
	v := view.Tenants{
		Frame: r.Frame("Tenants"), Action: here, Search: r.Query().Get("q"),
		States:   stateOptions(r.Query().Get("state")),
		Create:   urls.With(here, "new", "true", "back", r.Here()),
		Filtered: r.Query().Get("q") != "" || r.Query().Get("state") != "",
	}
	for _, t := range found {
		v.Tenants = append(v.Tenants, view.TenantRow{Name: t.Name, Slug: t.Slug,
			Href:  urls.With(here+"/"+url.PathEscape(t.Slug), "back", page.RowBack(r.Here())),
			State: t.State, CreatedAt: t.CreatedAt})
	}
	return v
}

// pager returns the links to the other pages of a list with the same filters.
func pager(r *page.Request, path, next string) view.Pager {
	return r.Pager(urls.With(path, "q", r.Query().Get("q"), "state", r.Query().Get("state")), next)
}

func stateOptions(selected string) []view.Option {
	options := []view.Option{{Text: "in any state", Selected: selected == ""}}
	for _, s := range tenancy.States() {
		options = append(options, view.Option{Value: string(s), Text: string(s),
			Selected: selected == string(s)})
	}
	return options
}

// newTenant returns the page with the form that creates a tenant, with what was typed.
func newTenant(r *page.Request) view.FormPage {
	list := r.Site.Root.To("tenants")
	fields := []view.Field{
		{Name: "name", Label: "Name", Required: true, Value: r.Form.Line("name"),
			Hint: "How people see the tenant. It can be changed."},
		{Name: "slug", Label: "Slug", Required: true, Value: r.Form.Line("slug"),
			Hint: "The tenant's name in addresses: 2 to 63 of a-z, 0-9 and hyphens, without a hyphen" +
				" at an end. It can never be changed, and no other tenant ever gets it."},
	}
	f := r.NewForm(list, "Create the tenant", append(fields, r.QuotaFields(page.Quotas{})...)...)
	f.Hidden, f.Cancel = []view.Hidden{r.BackField(list)}, r.Back(list)
	v := view.FormPage{Frame: r.Frame("Create a tenant"), Form: f}
	v.Frame.Trail = []view.Link{{Text: "Tenants", Href: r.Back(list)}}
	return v
}

// createTenant creates a tenant and shows it.
func createTenant(r *page.Request) (page.Reply, error) {
	v := newTenant(r)
	quotas, ok := r.ReadQuotas(&v.Form)
	if !ok {
		return page.Refused(http.StatusUnprocessableEntity, v)
	}
	body := map[string]any{"slug": r.Form.Line("slug"), "name": r.Form.Line("name"),
		"quotas": quotas}
	var made page.Tenant
	err := r.API.Do(r.Context(), apicall.Call{Method: http.MethodPost, Path: "/tenants",
		Body: body, Into: &made})
	if err != nil {
		names := page.QuotaPointers(r.Site.Kinds)
		names["/slug"], names["slug_taken"], names["/name"] = "slug", "slug", "name"
		return refused(err, &v, &v.Form, names)
	}
	to := urls.With(r.Site.Root.To("tenants", made.Slug), "back", r.Back(""))
	return page.Go(page.Done(to, "created"))
}

// refused answers a form that the API refused: it shows v, whose form is f, again.
func refused(err error, v view.Model, f *view.Form, names map[string]string) (page.Reply, error) {
	status, ok := page.Explain(f, err, names)
	if !ok {
		return page.Reply{}, err
	}
	return page.Refused(status, v)
}
