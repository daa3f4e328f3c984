package resolve

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// directory remembers tenants. A slug leads to an id, and only the id to the
// tenant: so there is one place where its state stands, and forgetting that is
// enough.
type directory struct {
	store Tenants
	slugs *cacheinval.Cache[tenancy.Slug, owner]
	ids   *cacheinval.Cache[tenancy.ID, record]
}

// owner is whose a slug is. The zero id: no tenant's.
type owner struct {
	id     tenancy.ID
	active bool // when the store was asked
}

// record is what is known of an id: its tenant, or that nobody may be told of
// one.
type record struct {
	id     tenancy.ID
	tenant tenancy.Tenant
	found  bool
}

func (r record) active() bool { return r.tenant.State == tenancy.Active }

// newDirectory makes caches that remember whatever isn't an active tenant for
// the same, shorter time, and until any tenant changes: what is still remembered
// and what is asked for anew must not tell a suspended or deleted tenant from
// none.
func newDirectory(
	store Tenants, log *cacheinval.Invalidations, counts *cacheinval.Counts, o Options,
) *directory {
	d := &directory{store: store}
	life := func(active bool) time.Duration {
		if active {
			return o.TTL
		}
		return o.UnknownTTL
	}
	holds := func(m cacheinval.Snapshot, active bool, id tenancy.ID) bool {
		if o.ChangeNotifier == nil {
			return true // for as long as the options say
		}
		return active && log.Valid(m, id) || !active && log.ValidForAllTenants(m)
	}
	d.slugs = cacheinval.NewCache(log, cacheinval.CacheOptions[tenancy.Slug, owner]{
		Size: o.CacheSize, Load: d.askOwner, Counts: counts,
		TTL:   func(o owner) time.Duration { return life(o.active) },
		Valid: func(m cacheinval.Snapshot, o owner) bool { return holds(m, o.active, o.id) },
	})
	d.ids = cacheinval.NewCache(log, cacheinval.CacheOptions[tenancy.ID, record]{
		Size: o.CacheSize, Load: d.askTenant, Counts: counts,
		TTL:   func(r record) time.Duration { return life(r.active()) },
		Valid: func(m cacheinval.Snapshot, r record) bool { return holds(m, r.active(), r.id) },
	})
	return d
}

// lookUp answers what a slug and an id lead to. Both are always looked up, so
// that the work doesn't depend on what the first one brought.
func (d *directory) lookUp(ctx context.Context, n named) (bySlug, byID record, err error) {
	if n.slug != "" {
		o, err := d.ownerOf(ctx, n.slug)
		if err != nil {
			return record{}, record{}, waiting(err)
		}
		if bySlug, err = d.get(ctx, o.id); err != nil {
			return record{}, record{}, err
		}
	}
	byID, err = d.get(ctx, n.id)
	return bySlug, byID, err
}

// lookUpActive is lookUp for nobody, who is answered active tenants only. What
// else stands behind a slug isn't looked up: one question is all that any slug
// costs that doesn't lead to an active tenant, and all that an id costs, in
// whatever order they are asked.
func (d *directory) lookUpActive(ctx context.Context, n named) (bySlug, byID record, err error) {
	if n.slug != "" {
		o, err := d.ownerOf(ctx, n.slug)
		if err != nil {
			return record{}, record{}, waiting(err)
		}
		if o.active {
			if bySlug, err = d.get(ctx, o.id); err != nil {
				return record{}, record{}, err
			}
		}
	}
	byID, err = d.get(ctx, n.id)
	return bySlug.ifActive(), byID.ifActive(), err
}

// ifActive is what nobody may know of r.
func (r record) ifActive() record {
	if !r.active() {
		return record{}
	}
	return r
}

// get answers what is known of an id, nothing of the zero one.
func (d *directory) get(ctx context.Context, id tenancy.ID) (record, error) {
	if id.IsZero() {
		return record{}, nil
	}
	r, err := d.ids.Get(ctx, id)
	if err != nil {
		return record{}, waiting(err)
	}
	return r, nil
}

// ownerOf keeps a copy of the slug when it has to be remembered: as it stands,
// it is a piece of a host or a path, all of which it would keep in memory.
func (d *directory) ownerOf(ctx context.Context, slug tenancy.Slug) (owner, error) {
	if o, ok := d.slugs.Peek(slug); ok {
		return o, nil
	}
	return d.slugs.Get(ctx, tenancy.Slug(strings.Clone(string(slug))))
}

func (d *directory) askOwner(ctx context.Context, slug tenancy.Slug) (owner, error) {
	t, err := d.store.BySlug(ctx, slug)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return owner{}, nil
	case err != nil:
		return owner{}, err
	case t.Slug != slug:
		return owner{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store answered another tenant's slug")
	}
	return owner{id: t.ID, active: t.State == tenancy.Active}, nil
}

func (d *directory) askTenant(ctx context.Context, id tenancy.ID) (record, error) {
	t, err := d.store.Get(ctx, id)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return record{id: id}, nil
	case err != nil:
		return record{}, err
	case t.ID != id:
		return record{}, tenancy.Errorf(tenancy.CodeInternal,
			"the store answered another tenant's id")
	case t.State != tenancy.Active && t.State != tenancy.Suspended:
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

// waiting gives a code to the error of a context that ended while its caller
// waited; an error of the store has one.
func waiting(err error) error {
	if tenancy.CodeOf(err) != tenancy.CodeInternal {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"finding the tenant took too long: try again").Because(err)
	}
	return err
}
