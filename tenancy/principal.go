package tenancy

// PrincipalKind says what kind of thing acts.
type PrincipalKind string

// Who may act.
const (
	PlatformToken PrincipalKind = "platform" // the operator's token
	KeyPrincipal  PrincipalKind = "key"      // a program with an API key of one tenant
	UserPrincipal PrincipalKind = "user"     // a person
)

// Principal is an authenticated caller. The zero Principal is nobody and may do
// nothing.
type Principal struct {
	Kind       PrincipalKind
	ID         string
	Name       string
	SuperAdmin bool        // manages tenants and users; acts in a tenant only by naming it
	Roles      map[ID]Role // by tenant; an API key has exactly one
	KeyTenant  ID          // the one tenant of an API key, itself a source of the request's tenant
}

// Anonymous reports whether p is nobody.
func (p Principal) Anonymous() bool { return p.Kind == "" }

// MemberOf reports whether p has a place in tenant.
func (p Principal) MemberOf(tenant ID) bool {
	_, ok := p.Roles[tenant]
	return ok || p.SuperAdmin
}

// Authorize answers nil when p may do in tenant what needs the permission.
// Whoever has no place there gets [CodeTenantNotFound], the same as for a
// tenant that doesn't exist; a member whose role doesn't allow it gets
// [CodeForbidden], and so does everybody for a permission that isn't in the
// table of roles.
func (p Principal) Authorize(tenant ID, needed Permission) error {
	if tenant.IsZero() {
		return ErrNoTenant
	}
	role, member := p.Roles[tenant]
	if !member && !p.SuperAdmin {
		return ErrTenantNotFound
	}
	if _, known := GrantOf(needed); known && p.SuperAdmin || role.May(needed) {
		return nil
	}
	return ErrForbidden
}
