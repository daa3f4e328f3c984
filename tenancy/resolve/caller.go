package resolve

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ResolveFor answers as [Resolver.Resolve] does, but what by may know:
//
//   - A caller with places in tenants is answered those, active or suspended,
//     and every other tenant as if there were none. The tenant of their API
//     key is one more source; it replaces [Sources.Key].
//   - A super-admin is answered all.
//   - Nobody, the zero principal, is answered active tenants, as on the public
//     pages of a service; all others as if there were none.
//
// For callers with places the work grows with their number and depends on
// nothing else: the name of a foreign tenant costs what the name of none does.
// To nobody, the name of a tenant that isn't active does.
func (r *Resolver) ResolveFor(
	ctx context.Context, by tenancy.Principal, s Sources,
) (tenancy.Tenant, error) {
	s.Key = by.KeyTenant
	n, err := r.read(s)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	bySlug, byID, err := r.seenBy(ctx, by, n)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return n.agreed(bySlug, byID)
}

func (r *Resolver) seenBy(
	ctx context.Context, by tenancy.Principal, n named,
) (bySlug, byID record, err error) {
	switch {
	case isNobody(by):
		return r.public.lookUpActive(ctx, n)
	case by.SuperAdmin && !by.Anonymous():
		return r.directory.lookUp(ctx, n)
	}
	if bySlug, err = r.directory.amongOwn(ctx, by, n.slug); err != nil {
		return record{}, record{}, err
	}
	if _, member := by.Roles[n.id]; member {
		byID, err = r.directory.get(ctx, n.id)
	}
	return bySlug, byID, err
}

// isNobody reports whether by is the zero principal. One without a kind that
// claims anything is somebody whom the host hasn't made out: they are answered
// the places they claim, and not what is everybody's, as if nobody had asked.
func isNobody(by tenancy.Principal) bool {
	claims := by.ID != "" || by.Name != "" || by.SuperAdmin || by.Roles != nil ||
		!by.KeyTenant.IsZero()
	return by.Anonymous() && !claims
}

// amongOwn looks for a slug among the tenants of by. Asking whose it is instead
// would be shorter, and would take another time for a slug that others use.
func (d *directory) amongOwn(
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
