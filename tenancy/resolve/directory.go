package resolve

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"
	"github.com/maypok86/otter/v2/stats"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// directory remembers tenants. A slug leads to an id, and only the id to the
// tenant: so there is one place where its state stands, and forgetting that is
// enough.
//
// The caches collapse concurrent lookups of one key into one question to the
// store. If the caller that asks gives up, one of those who wait asks again.
type directory struct {
	store Tenants
	slugs *otter.Cache[tenancy.Slug, owner]
	ids   *otter.Cache[tenancy.ID, record]

	// Made once: a method value would allocate with every lookup.
	loadOwner  otter.Loader[tenancy.Slug, owner]
	loadTenant otter.Loader[tenancy.ID, record]
}

// owner is whose a slug is. The zero id: no tenant's.
type owner struct {
	id     tenancy.ID
	active bool // when the store was asked
}

// record is what is known of an id: its tenant, or that nobody may be told of
// one.
type record struct {
	tenant tenancy.Tenant
	found  bool
}

// newDirectory makes caches that remember whatever isn't an active tenant for
// the same, shorter time: what is still remembered and what is asked for anew
// must not tell a suspended or deleted tenant from none.
func newDirectory(store Tenants, o Options, counter *stats.Counter) *directory {
	d := &directory{store: store}
	d.slugs = newCache[tenancy.Slug](o, counter, func(o owner) bool { return o.active })
	d.ids = newCache[tenancy.ID](o, counter, func(r record) bool { return r.tenant.State == tenancy.Active })
	d.loadOwner = otter.LoaderFunc[tenancy.Slug, owner](d.askOwner)
	d.loadTenant = otter.LoaderFunc[tenancy.ID, record](d.askTenant)
	return d
}

func newCache[K comparable, V any](o Options, counter *stats.Counter, active func(V) bool) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{
		MaximumSize:   o.CacheSize,
		Clock:         clock(o.Clock),
		StatsRecorder: counter,
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[K, V]) time.Duration {
			if active(e.Value) {
				return o.TTL
			}
			return o.UnknownTTL
		}),
	})
}

// clock makes a cache tell the time with a function. It has no ticks: expired
// entries are removed as others are written, and no goroutine has to be
// stopped.
type clock func() time.Time

func (c clock) NowNano() int64                      { return c().UnixNano() }
func (c clock) Tick(time.Duration) <-chan time.Time { return nil }

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
	if r.tenant.State != tenancy.Active {
		return record{}
	}
	return r
}

// get answers what is known of an id, nothing of the zero one.
func (d *directory) get(ctx context.Context, id tenancy.ID) (record, error) {
	if id.IsZero() {
		return record{}, nil
	}
	r, err := d.ids.Get(ctx, id, d.loadTenant)
	if err != nil {
		return record{}, waiting(err)
	}
	return r, nil
}

// ownerOf keeps a copy of the slug when it has to be remembered: as it stands,
// it is a piece of a host or a path, all of which it would keep in memory.
func (d *directory) ownerOf(ctx context.Context, slug tenancy.Slug) (owner, error) {
	if o, ok := d.slugs.GetIfPresent(slug); ok {
		return o, nil
	}
	return d.slugs.Get(ctx, tenancy.Slug(strings.Clone(string(slug))), d.loadOwner)
}

func (d *directory) askOwner(ctx context.Context, slug tenancy.Slug) (owner, error) {
	t, err := d.store.BySlug(ctx, slug)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return owner{}, nil
	case err != nil:
		return owner{}, err
	case t.Slug != slug:
		return owner{}, tenancy.Errorf(tenancy.CodeInternal, "the store answered another tenant's slug")
	}
	return owner{id: t.ID, active: t.State == tenancy.Active}, nil
}

func (d *directory) askTenant(ctx context.Context, id tenancy.ID) (record, error) {
	t, err := d.store.Get(ctx, id)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return record{}, nil
	case err != nil:
		return record{}, err
	case t.ID != id:
		return record{}, tenancy.Errorf(tenancy.CodeInternal, "the store answered another tenant's id")
	case t.State != tenancy.Active && t.State != tenancy.Suspended:
		return record{}, nil
	}
	return record{tenant: t, found: true}, nil
}

func (d *directory) forget(id tenancy.ID, slug tenancy.Slug) {
	if slug != "" {
		d.slugs.Invalidate(slug)
	}
	if !id.IsZero() {
		d.ids.Invalidate(id)
	}
}

// waiting gives a code to the error of a context that ended while its caller
// waited; an error of the store has one.
func waiting(err error) error {
	if tenancy.CodeOf(err) != tenancy.CodeInternal {
		return err
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return tenancy.Errorf(tenancy.CodeUnavailable, "finding the tenant took too long: try again").Because(err)
	}
	return err
}
