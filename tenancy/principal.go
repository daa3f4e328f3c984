package tenancy

import "slices"

// PrincipalKind is the kind of a principal or an actor.
type PrincipalKind string

// The kinds of principals.
const (
	PlatformToken PrincipalKind = "platform" // the operator's token
	KeyPrincipal  PrincipalKind = "key"      // a program with an API key of one tenant
	UserPrincipal PrincipalKind = "user"     // a person
)

// Principal is an authenticated caller. The zero Principal is an anonymous
// caller, who may do nothing.
type Principal struct {
	Kind       PrincipalKind
	ID         string
	Name       string
	SuperAdmin bool        // manages tenants and users; must name the tenant to work in
	Roles      map[ID]Role // by tenant; an API key has exactly one
	KeyTenant  ID          // the tenant of an API key; it is a source of the request's tenant
}

// Anonymous reports whether p is unauthenticated.
func (p Principal) Anonymous() bool { return p.Kind == "" }

// MemberOf reports whether p has a role in tenant or is a super-admin.
func (p Principal) MemberOf(tenant ID) bool {
	_, ok := p.Roles[tenant]
	return ok || p.SuperAdmin
}

// Authorize returns nil if p has the permission in tenant. The zero tenant is
// [CodeNoTenant]. A principal that isn't a member gets [CodeTenantNotFound], as
// for a tenant that doesn't exist. A member whose role doesn't grant the
// permission gets [CodeForbidden]; so does every member and super-admin for a
// permission that isn't in the table of roles.
func (p Principal) Authorize(tenant ID, needed Permission) error {
	grant, _ := GrantOf(needed)
	return p.AuthorizeGrant(tenant, grant)
}

// AuthorizeGrant is Authorize for a permission of a host's, whose roles the table of roles
// doesn't have. No principal has the zero Grant.
func (p Principal) AuthorizeGrant(tenant ID, needed Grant) error {
	if tenant.IsZero() {
		return ErrNoTenant
	}
	role, member := p.Roles[tenant]
	switch {
	case !member && !p.SuperAdmin:
		return ErrTenantNotFound
	case needed.Permission == "":
		return ErrForbidden
	case p.SuperAdmin || member && slices.Contains(needed.Roles, role):
		return nil
	}
	return ErrForbidden
}
