package resolve

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/maypok86/otter/v2"

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
	slugs *otter.Cache[tenancy.Slug, tenancy.ID] // the zero ID: no tenant has the slug
	ids   *otter.Cache[tenancy.ID, record]

	// Made once: a method value would allocate with every lookup.
	loadID     otter.Loader[tenancy.Slug, tenancy.ID]
	loadTenant otter.Loader[tenancy.ID, record]
}

// record is what is known of an id: its tenant, or that nobody may be told of
// one.
type record struct {
	tenant tenancy.Tenant
	found  bool
}

func newDirectory(store Tenants, o Options) *directory {
	d := &directory{store: store}
	d.slugs = newCache(o, func(_ tenancy.Slug, id tenancy.ID) bool { return !id.IsZero() })
	d.ids = newCache(o, func(_ tenancy.ID, r record) bool { return r.found })
	d.loadID = otter.LoaderFunc[tenancy.Slug, tenancy.ID](d.askID)
	d.loadTenant = otter.LoaderFunc[tenancy.ID, record](d.askTenant)
	return d
}

func newCache[K comparable, V any](o Options, found func(K, V) bool) *otter.Cache[K, V] {
	return otter.Must(&otter.Options[K, V]{
		MaximumSize: o.CacheSize,
		Clock:       clock(o.Clock),
		ExpiryCalculator: otter.ExpiryWritingFunc(func(e otter.Entry[K, V]) time.Duration {
			if found(e.Key, e.Value) {
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

// find answers the tenant that n names, and whether there is one that is not
// deleted.
func (d *directory) find(ctx context.Context, n name) (tenancy.Tenant, bool, error) {
	id := n.id
	if n.slug != "" {
		var err error
		if id, err = d.idOf(ctx, n.slug); err != nil {
			return tenancy.Tenant{}, false, waiting(err)
		}
	}
	if id.IsZero() {
		return tenancy.Tenant{}, false, nil
	}
	r, err := d.ids.Get(ctx, id, d.loadTenant)
	if err != nil {
		return tenancy.Tenant{}, false, waiting(err)
	}
	return r.tenant, r.found, nil
}

// idOf keeps a copy of the slug when it has to be remembered: as it stands, it
// is a piece of a host or a path, all of which it would keep in memory.
func (d *directory) idOf(ctx context.Context, slug tenancy.Slug) (tenancy.ID, error) {
	if id, ok := d.slugs.GetIfPresent(slug); ok {
		return id, nil
	}
	return d.slugs.Get(ctx, tenancy.Slug(strings.Clone(string(slug))), d.loadID)
}

func (d *directory) askID(ctx context.Context, slug tenancy.Slug) (tenancy.ID, error) {
	t, err := d.store.BySlug(ctx, slug)
	switch {
	case tenancy.CodeOf(err) == tenancy.CodeTenantNotFound:
		return tenancy.ID{}, nil
	case err != nil:
		return tenancy.ID{}, err
	case t.Slug != slug:
		return tenancy.ID{}, tenancy.Errorf(tenancy.CodeInternal, "the store answered another tenant's slug")
	}
	return t.ID, nil
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
