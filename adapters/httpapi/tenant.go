package httpapi

import (
	"log/slog"
	"net/http"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// Tenant authenticates no caller and checks no permission: any caller who names a tenant
// reaches the handler. Use [API.Protect] for every route that isn't public. Tenant returns a
// middleware that only finds the request's tenant and puts it into the context, for
// [tenancy.FromContext], [tenancy.TenantFrom] and every scoped statement: for public
// routes, and inside a host's own authentication. A request without a tenant, or with an unknown, deleted
// or suspended one, doesn't reach the handler: its response is a [Problem], in the library's
// format.
//
// A host that authenticates in a middleware around this one puts the caller into the
// context ([tenancy.WithPrincipal]). Then the caller must be a member of the tenant,
// and the tenant of an API key counts as a source. Only members learn that a tenant is
// suspended.
//
// Responses have a header Vary with everything that names the tenant or the caller. A
// host sets Cache-Control itself if no shared cache may store its responses.
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
			if err == nil && !tenant.IsActive() {
				err = tenancy.ErrTenantSuspended
			}
			if err != nil {
				w.Header().Set("Cache-Control", cacheControl)
				problemWriter{log: withLogHandler(slog.Default())}.write(w, r, err)
				return
			}
			next.ServeHTTP(w, r.WithContext(tenancy.WithTenant(r.Context(), tenant)))
		})
	}
}

// mayWorkIn returns nil if p may call op in t. It checks membership before the tenant's
// state, and the state before the role: only members learn the state, and only members
// of an active tenant learn that their role is too low. Super-admins may manage and read
// a suspended tenant.
func (a *api) mayWorkIn(p tenancy.Principal, t tenancy.Tenant, op operation) error {
	if !p.MemberOf(t.ID) {
		return tenancy.ErrTenantNotFound
	}
	if a.multiTenant && !t.IsActive() && !(p.SuperAdmin && a.worksInAnyState(op)) {
		return tenancy.ErrTenantSuspended
	}
	return p.AuthorizeGrant(t.ID, a.grantFor(op))
}

// mayManage returns nil if p may call an operation that belongs to no tenant.
func mayManage(p tenancy.Principal, needed tenancy.Permission) error {
	if needed == "" || p.SuperAdmin {
		return nil
	}
	return tenancy.ErrForbidden
}
