package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/entitytag"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

var errTenancyOff = tenancy.Errorf(tenancy.CodeInvalidState,
	"tenancy is off: only the default tenant exists")

// createTenant also invalidates the resolver's cache: an earlier request may have
// cached that the slug is unknown. Every other change of a tenant does the same.
func (a *api) createTenant(w http.ResponseWriter, c *call) error {
	if !a.multiTenant {
		return errTenancyOff
	}
	var in tenantInput
	if err := readJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	newTenant := admin.NewTenant{Slug: in.Slug, Name: in.Name, Settings: in.Settings}
	if quotas := in.Quotas.quotas(); quotas != nil {
		newTenant.Quotas = *quotas
	}
	t, err := a.admin.CreateTenant(c.Context(), c.principal, newTenant)
	if err != nil {
		return err
	}
	a.tenants.Invalidate(t.ID, t.Slug)
	w.Header().Set("Location", a.prefix+apiRoot+"tenants/"+t.ID.String())
	return writeTenant(w, http.StatusCreated, t)
}

// listTenants writes one page of the caller's tenants, sorted by slug, which is the
// sort key.
func (a *api) listTenants(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list tenants")
	if err != nil {
		return err
	}
	state := tenancy.State(c.query.text("state"))
	if c.query.has("state") && !state.Valid() {
		return invalidParameter("state", "must be "+tenancy.Alternatives(tenancy.States()))
	}
	list := func(after string, limit int) ([]tenancy.Tenant, error) {
		return a.tenantsOf(c, admin.TenantList{State: state, After: tenancy.Slug(after),
			Limit: limit})
	}
	slug := func(t tenancy.Tenant) string { return string(t.Slug) }
	return writeList(w, l, slug, showTenant, list)
}

// tenantsOf lists the caller's tenants; with tenancy off at most the default tenant.
func (a *api) tenantsOf(c *call, q admin.TenantList) ([]tenancy.Tenant, error) {
	if a.multiTenant {
		return a.admin.ListTenants(c.Context(), c.principal, q)
	}
	if !c.principal.MemberOf(tenancy.DefaultID) || q.After >= tenancy.DefaultSlug {
		return nil, nil
	}
	t, err := a.services.Tenants.Get(c.Context(), tenancy.DefaultID)
	if err != nil || q.State != "" && q.State != t.State {
		return nil, err
	}
	return []tenancy.Tenant{t}, nil
}

// getTenant writes a tenant, or 304 if If-None-Match contains its ETag.
func (a *api) getTenant(w http.ResponseWriter, c *call) error {
	noneMatch, err := entitytag.Read(c.Header, ifNoneMatch)
	if err != nil {
		return err
	}
	t, err := a.admin.GetTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue))
	if err != nil {
		return err
	}
	return writeEntity(w, http.StatusOK, t.ID, showTenant(t), noneMatch)
}

// updateTenant changes a tenant. The use case checks which members the caller may
// change.
func (a *api) updateTenant(w http.ResponseWriter, c *call) error {
	var in tenantChange
	if err := readJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	change := admin.TenantChange{Name: in.Name, Settings: in.Settings, Quotas: in.Quotas.quotas()}
	if in.State != nil {
		if *in.State == "" {
			return atPath(tenancy.CodeInvalid, "/state",
				"must be "+tenancy.Alternatives(tenancy.SettableStates()))
		}
		change.State = tenancy.State(*in.State)
	}
	version, err := a.tenantVersion(c)
	if err != nil {
		return err
	}
	t, err := a.admin.UpdateTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue), change,
		version)
	if err != nil {
		return err
	}
	a.tenants.Invalidate(t.ID, t.Slug)
	return writeTenant(w, http.StatusOK, t)
}

// deleteTenant marks a tenant as deleted: its keys and sessions stop working at once,
// its data stays.
func (a *api) deleteTenant(w http.ResponseWriter, c *call) error {
	if _, err := a.tenantVersion(c); err != nil {
		return err
	}
	t, err := a.admin.DeleteTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue))
	if err != nil {
		return err
	}
	a.tenants.Invalidate(t.ID, t.Slug)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// restoreTenant makes a deleted tenant active again.
func (a *api) restoreTenant(w http.ResponseWriter, c *call) error {
	t, err := a.admin.RestoreTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue))
	if err != nil {
		return err
	}
	a.tenants.Invalidate(t.ID, t.Slug)
	return writeTenant(w, http.StatusOK, t)
}

// tenantVersion returns the version of the stored tenant if its tag is in If-Match. It is
// 0 without If-Match and for *.
func (a *api) tenantVersion(c *call) (int64, error) {
	match, err := entitytag.Read(c.Header, ifMatch)
	if err != nil || !match.Present || match.Wildcard {
		return 0, err
	}
	t, err := a.admin.GetTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue))
	if err != nil {
		return 0, err
	}
	e, err := newEntity(t.ID, showTenant(t))
	if err == nil && !match.Matches(e.tag) {
		err = errVersion
	}
	return t.Version, err
}

// writeTenant writes a tenant with its ETag.
func writeTenant(w http.ResponseWriter, status int, t tenancy.Tenant) error {
	return writeEntity(w, status, t.ID, showTenant(t), entitytag.List{})
}
