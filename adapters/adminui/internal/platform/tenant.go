package platform

import (
	"context"
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/apicall"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/page"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/urls"
	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// managed is a tenant as its page shows it.
type managed struct {
	page.Tenant
	path   string // of its page
	reason bool   // it asks super-admins for a reason
}

// readTenant reads the tenant in the path. Its own pages are elsewhere: here its data isn't
// read, and a super-admin isn't a visitor.
func readTenant(r *page.Request) (managed, error) {
	var me page.Caller
	if err := r.API.Get(r.Context(), apiPath(r)+"/me", nil, &me); err != nil {
		return managed{}, err
	}
	return managed{Tenant: me.Tenant, path: r.Site.Root.To("tenants", me.Tenant.Slug),
		reason: me.ReasonRequired}, nil
}

// apiPath returns the path of the tenant in the API.
func apiPath(r *page.Request) string { return page.TenantPath(r.PathValue("slug")) }

// frame returns the frame of a page below the tenant's.
func (t managed) frame(r *page.Request, title string) view.Frame {
	f := r.Frame(title)
	f.Trail = []view.Link{{Text: "Tenants", Href: r.Site.Root.To("tenants")},
		{Text: t.Name, Href: t.path}}
	return f
}

// reasonFields returns the field for the reason of a change, if the tenant asks for one.
func (t managed) reasonFields(r *page.Request) []view.Field {
	if !t.reason {
		return nil
	}
	return []view.Field{{Name: "reason", Label: "Reason", Required: true,
		Value: r.Form.Line("reason"),
		Hint:  "This tenant asks super-admins for a reason. Its audit log shows it."}}
}

// call changes something of the tenant, with the reason that was typed.
func call(ctx context.Context, r *page.Request, c apicall.Call) error {
	return r.API.For("", r.Form.Line("reason")).Do(ctx, c)
}

// showTenant shows the facts of a tenant and what can be done with it.
func showTenant(r *page.Request) (page.Reply, error) {
	t, err := readTenant(r)
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show(tenantPage(r, t))
}

func tenantPage(r *page.Request, t managed) view.TenantPage {
	list := r.Site.Root.To("tenants")
	v := view.TenantPage{
		Frame: r.Frame(t.Name), ID: t.ID, Slug: t.Slug, State: stateInWords[t.State],
		CreatedAt: t.CreatedAt, UpdatedAt: t.UpdatedAt, DeletedAt: t.DeletedAt,
		Protected: t.Slug == string(tenancy.DefaultSlug), Actions: actionsOf(r, t),
	}
	v.Frame.Trail = []view.Link{{Text: "Tenants", Href: r.Back(list)}}
	if t.deleted() {
		return v
	}
	v.Visit = r.Site.Root.Tenant(t.Slug).To()
	name := view.Field{Name: "name", Label: "Name", Value: t.Name, Required: true}
	if r.Method == http.MethodPost {
		name.Value = r.Form.Line("name")
	}
	f := r.NewForm(t.path, "Save the name", append([]view.Field{name}, t.reasonFields(r)...)...)
	f.Hidden = []view.Hidden{r.BackField(list)}
	v.Rename = &f
	return v
}

// renameTenant gives a tenant another name.
func renameTenant(r *page.Request) (page.Reply, error) {
	t, err := readTenant(r)
	if err != nil {
		return page.Reply{}, err
	}
	err = call(r.Context(), r, apicall.Call{Method: http.MethodPut, Path: apiPath(r),
		Body: map[string]string{"name": r.Form.Line("name")}})
	if err == nil {
		return page.Go(page.Done(urls.With(t.path, "back", r.Back("")), "saved"))
	}
	v := tenantPage(r, t)
	if v.Rename == nil {
		return page.Reply{}, err
	}
	return refused(err, &v, v.Rename, map[string]string{"/name": "name", "reason_required": "reason"})
}
