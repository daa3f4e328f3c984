package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi/internal/querystring"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// call is one request of an operation.
type call struct {
	*http.Request
	principal tenancy.Principal
	session   identity.Session // the principal's session; zero if they call with a token
	stored    bool             // the store has the principal's session or API key
	tenant    tenancy.Tenant   // the resolved one, if access is worksInTenant or managesTenant
	query     querystring.Values
}

// setCaller makes p the caller, also in the context.
func (c *call) setCaller(p tenancy.Principal) {
	c.principal = p
	c.Request = c.WithContext(tenancy.WithPrincipal(c.Context(), p))
}

// serve returns the handler of an operation.
func (a *api) serve(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r}
		err := a.authorize(w, c, op)
		// After a refusal too: the access log shows the caller as far as it is known.
		recordRequest(c.Request, op.access <= optionalAuth)
		if err == nil {
			c.query, err = op.readQuery(r.URL.RawQuery)
		}
		if err == nil {
			err = op.handle(a.responseWriter(w, c, op), c)
		}
		if err == nil {
			return
		}
		a.auditDenial(c, op, err)
		// The rest of a too large or too slow body is never read, so the connection can't
		// be reused.
		tooLarge := tenancy.CodeOf(err) == tenancy.CodeTooLarge
		if tooLarge || tenancy.CodeOf(err) == CodeRequestTimeout {
			w.Header().Set("Connection", "close")
		}
		a.problems.write(w, r, err)
		if tooLarge {
			linger(w, r) // r's body has no limit: requestbody.Limit has set it on c's
		}
	})
}

// authorize does everything between the router and the handler: it authenticates the
// caller, resolves the tenant and checks the permission. The order of these steps
// hides a tenant's existence from callers who aren't its members: nothing that the
// request names is read from the store before the caller is known.
func (a *api) authorize(w http.ResponseWriter, c *call, op operation) error {
	if op.access == anyone {
		return nil
	}
	principal, err := a.authenticated(w, c)
	// Wrong credentials in Authorization are refused, so that a caller notices a mistake.
	if op.access == optionalAuth && tenancy.CodeOf(err) == tenancy.CodeUnauthenticated &&
		c.Header.Get("Authorization") == "" {
		return nil
	}
	if err != nil {
		return err
	}
	c.setCaller(principal)
	if op.access != optionalAuth {
		if err := a.authorizeCaller(c, op); err != nil {
			return err
		}
	}
	a.withRight(c, op)
	return nil
}

// authorizeCaller reads the reason of the call, resolves the tenant if the operation has one,
// and checks the caller's permission.
func (a *api) authorizeCaller(c *call, op operation) (err error) {
	if c.Request, err = withReason(c.Request); err != nil {
		return err
	}
	if op.access == signedIn {
		return mayManage(c.principal, op.needs)
	}
	tenant, err := a.resolve(c)
	// Resolution finds no deleted tenant. Only a super-admin may still manage one.
	if op.access == managesTenant && c.principal.SuperAdmin &&
		tenancy.CodeOf(err) == tenancy.CodeTenantNotFound && a.multiTenant {
		tenant, err = a.deletedTenant(c)
	}
	if err != nil {
		return err
	}
	c.tenant = tenant
	// Before the permission: a refused request costs the tenant's quota too.
	if err := a.limitRate(c.principal, tenant); err != nil {
		return err
	}
	if err := a.mayWorkIn(c.principal, tenant, op); err != nil {
		return err
	}
	c.Request = c.WithContext(tenancy.WithTenant(c.Context(), tenant))
	return a.auditSuperAdmin(c, op)
}

// resolve returns the tenant that the request's sources name, if the caller may know
// it. With tenancy off it returns the default tenant; a path that names another one
// is [tenancy.ErrTenantNotFound].
func (a *api) resolve(c *call) (tenancy.Tenant, error) {
	if a.multiTenant {
		return a.tenants.ResolveFor(c.Context(), c.principal, a.tenants.FromRequest(c.Request))
	}
	if !namesDefault(c.PathValue(resolve.PathValue)) {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return a.tenants.Resolve(c.Context(), resolve.Sources{Key: tenancy.DefaultID})
}

// deletedTenant returns the tenant of the path for a super-admin if resolution finds
// none: a deleted tenant can still be managed. The request's other sources must name
// the same tenant; otherwise one tenant would be restored under the name of another.
func (a *api) deletedTenant(c *call) (tenancy.Tenant, error) {
	tenant, err := a.admin.GetTenant(c.Context(), c.principal, c.PathValue(resolve.PathValue))
	if err == nil {
		err = a.tenants.Agree(a.tenants.FromRequest(c.Request), tenant)
	}
	if err != nil {
		return tenancy.Tenant{}, err
	}
	return tenant, nil
}

// namesDefault reports whether name, the tenant in a path, is empty or the default
// tenant.
func namesDefault(name string) bool {
	if name == "" || name == string(tenancy.DefaultSlug) {
		return true
	}
	id, err := tenancy.ParseID(name)
	return err == nil && id == tenancy.DefaultID
}
