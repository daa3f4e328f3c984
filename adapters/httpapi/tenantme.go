package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// tenantMeBody describes the caller in one tenant.
type tenantMeBody struct {
	Kind           tenancy.PrincipalKind `json:"kind" doc:"user, key or platform"`
	ID             string                `json:"id" doc:"as in /api/v1/me"`
	Name           string                `json:"name"`
	Email          string                `json:"email,omitempty" doc:"only for a user"`
	SuperAdmin     bool                  `json:"super_admin"`
	Tenant         tenantBody            `json:"tenant"`
	Role           tenancy.Role          `json:"role,omitempty" doc:"absent if the caller isn't a member"`
	Permissions    []tenancy.Permission  `json:"permissions" nullable:"false" doc:"what the caller may do here now"`
	ReasonRequired bool                  `json:"reason_required" doc:"whether other calls need X-Reason"`
}

// tenantMeRoute describes [api.tenantMe].
func (a *api) tenantMeRoute() operation {
	return operation{
		id: "getTenantMe", method: http.MethodGet, path: tenantRoot + "/me", tag: "callers",
		summary: "Get the caller with their role and permissions in a tenant, and the tenant",
		access:  managesTenant, needs: tenancy.TenantRead,
		response: response{status: http.StatusOK, doc: "The caller.", schema: goType[tenantMeBody]()},
		handle:   a.tenantMe,
	}
}

// tenantMe describes the caller in the tenant of the path.
func (a *api) tenantMe(w http.ResponseWriter, c *call) error {
	t, err := a.admin.GetTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue))
	if err != nil {
		return err
	}
	id, email, err := a.idAndEmail(c)
	if err != nil {
		return err
	}
	p := c.principal
	role, member := p.Roles[t.ID]
	return writeJSON(w, http.StatusOK, tenantMeBody{
		Kind: p.Kind, ID: id, Name: p.Name, Email: email, SuperAdmin: p.SuperAdmin,
		Tenant: showTenant(t), Role: role, Permissions: a.permissionsIn(p, t),
		ReasonRequired: a.multiTenant && p.SuperAdmin && !member && requiresReason(t.Settings),
	})
}

// permissionsIn returns the permissions of the library's and of the host's with which p may
// work in t, in the order of their tables. In a tenant that isn't active only super-admins
// have some: those whose routes they may call in its state.
func (a *api) permissionsIn(p tenancy.Principal, t tenancy.Tenant) []tenancy.Permission {
	permissions := []tenancy.Permission{}
	for _, g := range append(tenancy.Grants(), a.permissions...) {
		usable := !a.multiTenant || t.IsActive() ||
			p.SuperAdmin && (a.inAnyState[g.Permission] || g.Reads && !t.IsDeleted())
		if usable && p.AuthorizeGrant(t.ID, g) == nil {
			permissions = append(permissions, g.Permission)
		}
	}
	return permissions
}

// permissionsInAnyState returns the permissions that some of the operations need which
// super-admins may call in any state of a tenant.
func permissionsInAnyState(ops []operation) map[tenancy.Permission]bool {
	found := map[tenancy.Permission]bool{}
	for _, op := range ops {
		if op.access == managesTenant || op.access == signedIn {
			found[op.needs] = true
		}
	}
	return found
}
