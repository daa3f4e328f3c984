package httpapi

import (
	"net/http"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/requestbody"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Protect returns a host's own handler as a route of the API: only a caller who may use
// the permission in the request's tenant reaches it. Everything before it is the same
// code as for the API's routes: request id, credentials, cross-origin protection,
// resolution of the tenant, its state and request quota, the caller's role, the reason
// of a super-admin, the audit of refusals, problems and the access log. The handler
// finds the caller ([tenancy.PrincipalFrom]) and the tenant ([tenancy.TenantFrom]) in
// the context. A path may name the tenant with the wildcard {tenant}.
//
// A permission that no role has, such as [tenancy.UserManage], needs a super-admin and
// no tenant. A super-admin's call in a tenant of which they aren't a member is recorded
// in its audit log before the handler runs, whatever the method. The body may have at
// most [Options.ResourceLimit] bytes and take [Options.BodyTimeout]; a handler that needs
// more time calls SetReadDeadline of [http.ResponseController]. Browsers send the cookie of a session only to
// paths below [Options.Prefix], and the cross-origin protection doesn't cover GET and
// HEAD, which must not change anything.
//
// The permission is the library's or one of [Options.Permissions]. A host with a policy of
// another kind wraps h: what it refuses after Protect is its own response.
//
// An unknown permission and a nil handler are faults of the program: Protect panics.
func (a *API) Protect(needs tenancy.Permission, h http.Handler) http.Handler {
	grant, ok := a.api.grantOf(needs)
	switch {
	case !ok:
		panic("httpapi: Protect: unknown permission " + string(needs))
	case h == nil:
		panic("httpapi: Protect: the handler is nil")
	}
	op := operation{access: worksInTenant, needs: needs, allowUnknownParams: true,
		// Nothing else records a write of the host's.
		mayBeReadOnly: true,
		handle: func(w http.ResponseWriter, c *call) error {
			if err := requestbody.Limit(w, c.Request, a.api.resourceLimit); err != nil {
				return err
			}
			h.ServeHTTP(w, c.Request)
			return nil
		}}
	if len(grant.Roles) == 0 {
		op.access = signedIn
	}
	return a.api.middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		named := op
		named.method, named.path = hostRoute(r)
		a.api.serve(named).ServeHTTP(w, r)
	}))
}

// hostRoute returns the method and the path of the host's pattern for the audit log. A
// router that sets no pattern has only the path of the request.
func hostRoute(r *http.Request) (method, path string) {
	method = r.Method[:min(len(r.Method), maxLoggedMethod)]
	if r.Pattern == "" {
		return method, auditedPath(r)
	}
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return method, path
	}
	return method, r.Pattern
}
