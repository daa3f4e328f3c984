package resolve

import (
	"context"
	"slices"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// Tenants is the store that a [Resolver] reads. ports.Tenants implements it. Both
// methods return a tenant in any state, and [tenancy.CodeTenantNotFound] if there
// is none.
type Tenants interface {
	Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error)
	BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error)
}

// Resolver finds the tenant of a request. It is made by [New], is safe for
// concurrent use, and needs no closing.
type Resolver struct {
	host      hostRule
	proxies   proxies
	sources   []Source
	directory *directory // for callers who may know the tenant that they name
	// for unauthenticated callers; with a shared cache, fast answers would reveal to
	// them which tenants members have looked up
	public *directory
	counts *cacheinval.Counts
}

// New makes a resolver that reads tenants. It panics if tenants is nil or
// [Options.Check] returns an error: both are faults of the program, not of a
// request.
func New(tenants Tenants, o Options) *Resolver {
	if tenants == nil {
		panic("resolve.New: tenants is nil")
	}
	if err := o.Check(); err != nil {
		panic("resolve.New: " + err.Error())
	}
	o = o.withDefaults()
	invalidations := cacheinval.New(o.ChangeNotifier, o.Clock)
	counts := cacheinval.NewCounts()
	return &Resolver{
		host:      newHostRule(o.BaseDomain),
		proxies:   proxies(o.TrustedProxies),
		sources:   slices.Clone(o.Sources),
		directory: newDirectory(tenants, invalidations, counts, o),
		public:    newDirectory(tenants, invalidations, counts, o),
		counts:    counts,
	}
}

var errMismatch error = tenancy.Errorf(tenancy.CodeTenantMismatch,
	"subdomain, X-Tenant-ID, path and API key don't name the same tenant: make them agree, or"+
		" send one of them")

// Resolve returns the tenant that all sources in s name, active or suspended. It
// is for a program that may know every tenant. If a caller sees the result, use
// [Resolver.ResolveFor].
//
// The errors are:
//   - [tenancy.ErrNoTenant] without any source;
//   - [tenancy.CodeTenantMismatch] for two different slugs, two different ids, or a
//     malformed name together with another name, whether such tenants exist or
//     not; also for a slug and an id of which one belongs to a tenant and the other
//     doesn't belong to the same tenant;
//   - [tenancy.ErrTenantNotFound] otherwise, the same value for malformed names,
//     unknown names and names of a deleted tenant;
//   - an error of the store, unchanged;
//   - [tenancy.CodeUnavailable] if ctx ends while Resolve waits for the store.
//
// The tenant is shared with other requests: its Settings must not be modified.
func (r *Resolver) Resolve(ctx context.Context, s Sources) (tenancy.Tenant, error) {
	n, err := r.parse(s)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	bySlug, byID, err := r.directory.lookUp(ctx, n)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return n.match(bySlug, byID)
}

// Agree returns nil if all sources in s name t. If they name another tenant, it
// returns an error with [tenancy.CodeTenantMismatch]; without sources or with
// malformed names, it returns the error of [Resolver.Resolve]. It is for
// administration, which finds tenants by itself, also in states in which Resolve
// doesn't return them.
func (r *Resolver) Agree(s Sources, t tenancy.Tenant) error {
	n, err := r.parse(s)
	if err != nil {
		return err
	}
	if n.slug != "" && n.slug != t.Slug || !n.id.IsZero() && n.id != t.ID {
		return errMismatch
	}
	return nil
}

// Invalidate removes a tenant from the caches. Code that creates, suspends,
// deletes or restores a tenant calls it after the write, so that this process sees
// the change at once. [Options.ChangeNotifier] and [Options.TTL] determine when
// other processes see it. Invalidate ignores a zero id or an empty slug.
func (r *Resolver) Invalidate(id tenancy.ID, slug tenancy.Slug) {
	r.directory.forget(id, slug)
	r.public.forget(id, slug)
}
