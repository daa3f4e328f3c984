package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Tenant is the middleware for a host's own routes: it finds the request's
// tenant and puts it into the context, where [tenancy.FromContext] and every
// scoped statement find it. A request without a tenant, or with one that isn't
// served, doesn't reach the handler; it is answered with a [Problem].
//
// A host that authenticates in a middleware around this one puts the caller
// into the context ([tenancy.WithPrincipal]). Then the caller must have a place
// in the tenant, and an API key counts as a source of it. Nobody else is told
// that a tenant is suspended.
//
// Answers vary by what names the tenant and the caller, and say so to caches. A
// host whose answers a shared cache must not keep sets Cache-Control itself.
func Tenant(tenants *resolve.Resolver) func(http.Handler) http.Handler {
	if tenants == nil {
		panic("httpapi.Tenant: tenants is nil")
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r = withRequestID(w, r, tenants)
			w.Header().Add("Vary", varyHeaders)
			tenant, err := tenants.ResolveFor(r.Context(), tenancy.PrincipalFrom(r.Context()),
				tenants.FromRequest(r))
			if err == nil && tenant.State != tenancy.Active {
				err = errSuspended
			}
			if err != nil {
				w.Header().Set("Cache-Control", cacheControl)
				writeProblem(w, r, withLogHandler(slog.Default()), err)
				return
			}
			next.ServeHTTP(w, r.WithContext(tenancy.NewContext(r.Context(), tenant.ID)))
		})
	}
}

var errSuspended = tenancy.Errorf(tenancy.CodeTenantSuspended,
	"the tenant is suspended: ask whoever runs this service")

// mayWorkIn is whether p may call op in t. Membership comes before the tenant's
// state, and that before the role: a tenant's state is told to its members, the
// role that an operation needs to those who could have it. What is suspended is
// there for super-admins, to manage it and to read it.
func (a *api) mayWorkIn(p tenancy.Principal, t tenancy.Tenant, op operation) error {
	if !p.MemberOf(t.ID) {
		return tenancy.ErrTenantNotFound
	}
	grant, _ := tenancy.GrantOf(op.needs)
	there := p.SuperAdmin && (op.access == managesTenant || grant.Reads)
	if a.multiTenant && t.State != tenancy.Active && !there {
		return errSuspended
	}
	return p.Authorize(t.ID, op.needs)
}

// mayManage is whether p may do what is done in no tenant.
func mayManage(p tenancy.Principal, needed tenancy.Permission) error {
	if needed == "" || p.SuperAdmin {
		return nil
	}
	return tenancy.ErrForbidden
}
