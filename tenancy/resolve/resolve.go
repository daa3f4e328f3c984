package resolve

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
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
	directory *directory
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
	return &Resolver{
		host:      newHostRule(o.BaseDomain),
		proxies:   proxies(o.TrustedProxies),
		directory: newDirectory(tenants, o),
	}
}

var errMismatch error = tenancy.Errorf(tenancy.CodeTenantMismatch,
	"subdomain, X-Tenant-ID, path and API key don't name the same tenant: make them agree, or send one of them")

// Resolve answers the one tenant that all of s names, active or suspended.
//
// Without any source it is [tenancy.ErrNoTenant]. One name that is malformed,
// unknown or that of a deleted tenant is [tenancy.ErrTenantNotFound], the same
// value for all three. Names that don't agree are
// [tenancy.CodeTenantMismatch]; so is a name of no tenant beside a different
// name, so that a caller can't use a name it knows to find others. An error of
// the store is answered as it is; a context that ended while waiting for the
// store is [tenancy.CodeUnavailable].
//
// The answer is shared with other requests: its Settings must not be changed.
func (r *Resolver) Resolve(ctx context.Context, s Sources) (tenancy.Tenant, error) {
	var room [maxNames]name
	names, consistent := r.names(room[:0], s)
	if !consistent {
		return tenancy.Tenant{}, errMismatch
	}
	if len(names) == 0 {
		return tenancy.Tenant{}, tenancy.ErrNoTenant
	}
	var agreed tenancy.Tenant
	for _, n := range names {
		t, found, err := r.directory.find(ctx, n)
		switch {
		case err != nil:
			return tenancy.Tenant{}, err
		case !found && len(names) == 1:
			return tenancy.Tenant{}, tenancy.ErrTenantNotFound
		case !found, !agreed.ID.IsZero() && agreed.ID != t.ID:
			return tenancy.Tenant{}, errMismatch
		}
		agreed = t
	}
	return agreed, nil
}

// Invalidate forgets what is cached of a tenant. Whoever creates, suspends,
// deletes or restores one calls it after the write, so that this process sees
// it at once; other processes see it after [Options.TTL]. A zero id or an empty
// slug is passed over.
func (r *Resolver) Invalidate(id tenancy.ID, slug tenancy.Slug) {
	r.directory.forget(id, slug)
}
