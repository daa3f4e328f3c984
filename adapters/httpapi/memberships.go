package httpapi

import (
	"net/http"
	"slices"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// ownTenantBody is a tenant of the caller with their role in it.
type ownTenantBody struct {
	Tenant tenantStateRef `json:"tenant"`
	Role   tenancy.Role   `json:"role"`
}

// tenantStateRef identifies a tenant and tells its state.
type tenantStateRef struct {
	ID    string        `json:"id" format:"uuid"`
	Slug  tenancy.Slug  `json:"slug"`
	Name  string        `json:"name"`
	State tenancy.State `json:"state"`
}

func showOwnTenant(m ports.TenantRole) ownTenantBody {
	return ownTenantBody{Role: m.Role, Tenant: tenantStateRef{ID: m.Tenant.ID.String(),
		Slug: m.Tenant.Slug, Name: m.Tenant.Name, State: m.Tenant.State}}
}

// membershipsRoute describes [api.listMemberships].
func (a *api) membershipsRoute() operation {
	return operation{
		id: "listMemberships", method: http.MethodGet, path: apiRoot + "me/memberships",
		tag: "callers", summary: "List the tenants in which the caller has a role, not the deleted ones",
		access: signedIn, params: slices.Concat([]parameter{tenantSearchParam}, pageParams),
		response: response{status: http.StatusOK, doc: "One page, sorted by slug.",
			schema: goType[page[ownTenantBody]]()},
		handle: a.listMemberships,
	}
}

// listMemberships writes one page of the caller's tenants. The sort key is the slug.
func (a *api) listMemberships(w http.ResponseWriter, c *call) error {
	l, err := c.listing("list memberships")
	if err != nil {
		return err
	}
	search, err := c.query.Search()
	if err != nil {
		return err
	}
	found, err := a.ownTenants(c, ports.MembershipQuery{Search: search,
		After: tenancy.Slug(l.after), Limit: l.fetchLimit()})
	if err != nil {
		return err
	}
	slug := func(m ports.TenantRole) string { return string(m.Tenant.Slug) }
	return writeJSON(w, http.StatusOK, pageOf(l, found, slug, showOwnTenant))
}

// ownTenants lists the tenants in which the caller has a role, except deleted ones. The store
// knows those of a user with a session, however many they are; those of other callers, who may
// be a host's, are known from the principal.
func (a *api) ownTenants(c *call, q ports.MembershipQuery) ([]ports.TenantRole, error) {
	if a.multiTenant && c.session.ID != "" {
		return a.services.Memberships.Search(c.Context(), c.principal.ID, q)
	}
	member := c.principal
	member.SuperAdmin = false
	found, err := a.listTenantsOf(c, member, admin.TenantList{State: q.State, Search: q.Search,
		After: q.After, Limit: q.Limit})
	roles := make([]ports.TenantRole, 0, len(found))
	for _, t := range found {
		roles = append(roles, ports.TenantRole{Tenant: t, Role: member.Roles[t.ID]})
	}
	return roles, err
}

// listTenantsOf lists the tenants that p may see; with tenancy off at most the default tenant.
func (a *api) listTenantsOf(
	c *call, p tenancy.Principal, q admin.TenantList,
) ([]tenancy.Tenant, error) {
	if a.multiTenant {
		return a.admin.ListTenants(c.Context(), p, q)
	}
	if !p.MemberOf(tenancy.DefaultID) {
		return nil, nil
	}
	return a.services.Tenants.List(c.Context(), ports.TenantQuery{State: q.State,
		Search: q.Search, IDs: []tenancy.ID{tenancy.DefaultID}, After: q.After, Limit: q.Limit})
}

// tenantsOf lists the tenants that the caller may see: a super-admin all, others their own.
func (a *api) tenantsOf(c *call, q admin.TenantList) ([]tenancy.Tenant, error) {
	if c.principal.SuperAdmin {
		return a.listTenantsOf(c, c.principal, q)
	}
	found, err := a.ownTenants(c, ports.MembershipQuery{State: q.State, Search: q.Search,
		After: q.After, Limit: q.Limit})
	own := make([]tenancy.Tenant, 0, len(found))
	for _, m := range found {
		own = append(own, m.Tenant)
	}
	return own, err
}
