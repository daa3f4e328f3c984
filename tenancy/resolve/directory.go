package resolve

import (
	"context"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// directory caches tenants. One cache maps slugs to ids, the other maps ids to
// tenants: the state of a tenant is cached once, and one invalidation is enough.
type directory struct {
	store Tenants
	slugs *cacheinval.Cache[tenancy.Slug, owner]
	ids   *cacheinval.Cache[tenancy.ID, record]
}

// owner is the tenant that has a slug. The zero id means that no tenant has it.
type owner struct {
	id     tenancy.ID
	active bool // at the time of the load
}

// record is the tenant of an id. found is false for an unknown id and for a
// deleted tenant.
type record struct {
	id     tenancy.ID
	tenant tenancy.Tenant
	found  bool
}

func (r record) active() bool { return r.tenant.IsActive() }

// newDirectory makes the caches. Suspended, deleted and unknown tenants are all
// cached for the same, shorter time, and until any tenant changes. So the number
// of loads doesn't reveal whether a suspended or deleted tenant exists.
func newDirectory(
	store Tenants, invalidations *cacheinval.Invalidations, counts *cacheinval.Counts, o Options,
) *directory {
	d := &directory{store: store}
	ttl := func(active bool) time.Duration {
		if active {
			return o.TTL
		}
		return o.UnknownTTL
	}
	valid := func(s cacheinval.Snapshot, active bool, id tenancy.ID) bool {
		switch {
		case o.ChangeNotifier == nil:
			return true // only the TTL limits it
		case active:
			return invalidations.Valid(s, id)
		}
		return invalidations.ValidForAllTenants(s)
	}
	d.slugs = cacheinval.NewCache(invalidations, cacheinval.CacheOptions[tenancy.Slug, owner]{
		Size: o.CacheSize, Load: d.loadOwner, Counts: counts,
		TTL:   func(o owner) time.Duration { return ttl(o.active) },
		Valid: func(s cacheinval.Snapshot, o owner) bool { return valid(s, o.active, o.id) },
	})
	d.ids = cacheinval.NewCache(invalidations, cacheinval.CacheOptions[tenancy.ID, record]{
		Size: o.CacheSize, Load: d.loadTenant, Counts: counts,
		TTL:   func(r record) time.Duration { return ttl(r.active()) },
		Valid: func(s cacheinval.Snapshot, r record) bool { return valid(s, r.active(), r.id) },
	})
	return d
}

// lookUp returns the records of a slug and of an id. It always looks up both, so
// that the work doesn't depend on the result of the first.
func (d *directory) lookUp(ctx context.Context, n tenantRef) (bySlug, byID record, err error) {
	if n.slug != "" {
		o, err := d.ownerOf(ctx, n.slug)
		if err != nil {
			return record{}, record{}, err
		}
		if bySlug, err = d.get(ctx, o.id); err != nil {
			return record{}, record{}, err
		}
	}
	byID, err = d.get(ctx, n.id)
	return bySlug, byID, err
}

// lookUpActive is lookUp for an unauthenticated caller, who gets active tenants
// only. It loads the tenant of a slug only if the tenant is active. So a slug
// without an active tenant always costs one load, and an id costs one load, in
// whatever order they are looked up.
func (d *directory) lookUpActive(
	ctx context.Context, n tenantRef,
) (bySlug, byID record, err error) {
	if n.slug != "" {
		o, err := d.ownerOf(ctx, n.slug)
		if err != nil {
			return record{}, record{}, err
		}
		if o.active {
			if bySlug, err = d.get(ctx, o.id); err != nil {
				return record{}, record{}, err
			}
		}
	}
	byID, err = d.get(ctx, n.id)
	return bySlug.activeOnly(), byID.activeOnly(), err
}

// activeOnly returns the part of r that an unauthenticated caller may know.
func (r record) activeOnly() record {
	if !r.active() {
		return record{}
	}
	return r
}

const tookTooLong = "finding the tenant took too long: try again"

// get returns the record of an id; the zero record for the zero id.
func (d *directory) get(ctx context.Context, id tenancy.ID) (record, error) {
	if id.IsZero() {
		return record{}, nil
	}
	r, err := d.ids.Get(ctx, id)
	if err != nil {
		return record{}, cacheinval.Unavailable(err, tookTooLong)
	}
	return r, nil
}

// ownerOf returns the owner of a slug. The key that it caches is a copy: slug is
// a part of a host or a path, and caching it would keep all of that in memory.
func (d *directory) ownerOf(ctx context.Context, slug tenancy.Slug) (owner, error) {
	if o, ok := d.slugs.Peek(slug); ok {
		return o, nil
	}
	o, err := d.slugs.Get(ctx, tenancy.Slug(strings.Clone(string(slug))))
	if err != nil {
		return owner{}, cacheinval.Unavailable(err, tookTooLong)
	}
	return o, nil
}

func (d *directory) loadOwner(ctx context.Context, slug tenancy.Slug) (owner, error) {
	t, err := d.store.BySlug(ctx, slug)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return owner{}, nil
	case err != nil:
		return owner{}, err
	case t.Slug != slug:
		return owner{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store returned a tenant with another slug")
	}
	return owner{id: t.ID, active: t.IsActive()}, nil
}

func (d *directory) loadTenant(ctx context.Context, id tenancy.ID) (record, error) {
	t, err := d.store.Get(ctx, id)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return record{id: id}, nil
	case err != nil:
		return record{}, err
	case t.ID != id:
		return record{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store returned a tenant with another id")
	case !t.IsActive() && !t.IsSuspended():
		return record{id: id}, nil
	}
	return record{id: id, tenant: t, found: true}, nil
}

func (d *directory) forget(id tenancy.ID, slug tenancy.Slug) {
	if slug != "" {
		d.slugs.Forget(slug)
	}
	if !id.IsZero() {
		d.ids.Forget(id)
	}
}
