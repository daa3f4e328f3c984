package resolve

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// Tenants is what a [Resolver] asks. ports.Tenants satisfies it. Both methods
// answer a tenant in any state, and [tenancy.CodeTenantNotFound] if there is
// none.
type Tenants interface {
	Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error)
	BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error)
}

// Resolver finds the tenant of a request. It is made by [New], is safe for
// concurrent use, and needs no closing.
type Resolver struct {
	host      hostRule
	proxies   proxies
	directory *directory // asked for those who may know of what they ask
	// asked for nobody; apart, or it would tell by its haste what insiders have asked for
	public *directory
	counts *cacheinval.Counts
}

// New makes a resolver that asks tenants. It panics when tenants is nil or
// [Options.Check] has something to say: both are faults of the program, not of
// a request.
func New(tenants Tenants, o Options) *Resolver {
	if tenants == nil {
		panic("resolve.New: tenants is nil")
	}
	if err := o.Check(); err != nil {
		panic("resolve.New: " + err.Error())
	}
	o = o.withDefaults()
	log, counts := cacheinval.New(o.ChangeNotifier, o.Clock), cacheinval.NewCounts()
	return &Resolver{
		host:      newHostRule(o.BaseDomain),
		proxies:   proxies(o.TrustedProxies),
		directory: newDirectory(tenants, log, counts, o),
		public:    newDirectory(tenants, log, counts, o),
		counts:    counts,
	}
}

var errMismatch error = tenancy.Errorf(tenancy.CodeTenantMismatch,
	"subdomain, X-Tenant-ID, path and API key don't name the same tenant: make them agree, or"+
		" send one of them")

// Resolve answers the one tenant that all of s names, active or suspended, to
// a program that may know of every tenant. For an answer that a caller gets to
// see, there is [Resolver.ResolveFor].
//
// Without any source it is [tenancy.ErrNoTenant]. Two slugs, two ids, or a
// malformed name beside another are [tenancy.CodeTenantMismatch], whether there
// are such tenants or not; so are a slug and an id if one of them is a
// tenant's and the other isn't the same one's. All else is
// [tenancy.ErrTenantNotFound], the same value for malformed and unknown names
// and for those of a deleted tenant. An error of the store is answered as it
// is; a context that ended while waiting for the store is
// [tenancy.CodeUnavailable].
//
// The answer is shared with other requests: its Settings must not be changed.
func (r *Resolver) Resolve(ctx context.Context, s Sources) (tenancy.Tenant, error) {
	n, err := r.read(s)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	bySlug, byID, err := r.directory.lookUp(ctx, n)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return n.agreed(bySlug, byID)
}

// Agree answers an error if s doesn't name t and nothing but t:
// [tenancy.CodeTenantMismatch], or what [Resolver.Resolve] says of names that
// are none. It is for administration, which has found t by itself, in a state
// in which nothing is resolved to it any more.
func (r *Resolver) Agree(s Sources, t tenancy.Tenant) error {
	n, err := r.read(s)
	if err != nil {
		return err
	}
	if n.slug != "" && n.slug != t.Slug || !n.id.IsZero() && n.id != t.ID {
		return errMismatch
	}
	return nil
}

// Invalidate forgets what is cached of a tenant. Whoever creates, suspends,
// deletes or restores one calls it after the write, so that this process sees
// it at once; other processes see it as [Options.ChangeNotifier] and [Options.TTL]
// say. A zero id or an empty slug is passed over.
func (r *Resolver) Invalidate(id tenancy.ID, slug tenancy.Slug) {
	r.directory.forget(id, slug)
	r.public.forget(id, slug)
}
