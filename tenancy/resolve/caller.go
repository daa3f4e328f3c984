package resolve

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ResolveFor is like [Resolver.Resolve], limited to the tenants that by may know:
//
//   - A member of tenants gets these, active or suspended. All other tenants look
//     as if they didn't exist. The tenant of an API key is another source; it
//     replaces [Sources.Key].
//   - A super-admin gets every tenant.
//   - The zero principal, an unauthenticated caller, gets active tenants, for the
//     public pages of a service. All other tenants look as if they didn't exist.
//
// For a member, the work depends on the number of their tenants only: the name of
// another tenant takes as long as an unknown name. For an unauthenticated caller,
// the name of a tenant that isn't active takes as long as an unknown name.
func (r *Resolver) ResolveFor(
	ctx context.Context, by tenancy.Principal, s Sources,
) (tenancy.Tenant, error) {
	s.Key = by.KeyTenant
	n, err := r.parse(s)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	bySlug, byID, err := r.lookUpFor(ctx, by, n)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return n.match(bySlug, byID)
}

func (r *Resolver) lookUpFor(
	ctx context.Context, by tenancy.Principal, n tenantRef,
) (bySlug, byID record, err error) {
	switch {
	case isZeroPrincipal(by):
		return r.public.lookUpActive(ctx, n)
	case by.SuperAdmin && !by.Anonymous():
		return r.directory.lookUp(ctx, n)
	}
	if bySlug, err = r.directory.findAmongMemberships(ctx, by, n.slug); err != nil {
		return record{}, record{}, err
	}
	if _, member := by.Roles[n.id]; member {
		byID, err = r.directory.get(ctx, n.id)
	}
	return bySlug, byID, err
}

// isZeroPrincipal reports whether by is the zero principal. A principal that has
// no kind but has other fields comes from a host that forgot the kind. It gets the
// tenants in its Roles, and not the active tenants that an unauthenticated caller
// gets.
func isZeroPrincipal(by tenancy.Principal) bool {
	claims := by.ID != "" || by.Name != "" || by.SuperAdmin || by.Roles != nil ||
		!by.KeyTenant.IsZero()
	return by.Anonymous() && !claims
}

// findAmongMemberships searches the tenants of by for a slug. A lookup by slug
// would be shorter, but it would take another time for the slug of a foreign
// tenant than for an unknown slug.
func (d *directory) findAmongMemberships(
	ctx context.Context, by tenancy.Principal, slug tenancy.Slug,
) (record, error) {
	if slug == "" {
		return record{}, nil
	}
	for id := range by.Roles {
		r, err := d.get(ctx, id)
		if err != nil {
			return record{}, err
		}
		if r.found && r.tenant.Slug == slug {
			return r, nil
		}
	}
	return record{}, nil
}
