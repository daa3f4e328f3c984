package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/entitytag"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
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
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	if err := checkSettings(in.Settings); err != nil {
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
	state := tenancy.State(c.query.Text("state"))
	if c.query.Has("state") && !state.Valid() {
		return querystring.Invalid("state", "must be "+tenancy.Alternatives(tenancy.States()))
	}
	search, err := c.query.Search()
	if err != nil {
		return err
	}
	found, err := a.tenantsOf(c, admin.TenantList{State: state, Search: search,
		After: tenancy.Slug(l.after), Limit: l.fetchLimit()})
	if err != nil {
		return err
	}
	slug := func(t tenancy.Tenant) string { return string(t.Slug) }
	return writeJSON(w, http.StatusOK, pageOf(l, found, slug, showTenant))
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
	if err := requestbody.ReadJSON(w, c.Request, a.resourceLimit, &in); err != nil {
		return err
	}
	if err := checkSettings(in.Settings); err != nil {
		return err
	}
	change := admin.TenantChange{Name: in.Name, Settings: in.Settings, Quotas: in.Quotas.quotas()}
	if in.State != nil {
		if *in.State == "" {
			return requestbody.AtPath(tenancy.CodeInvalid, "/state",
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
