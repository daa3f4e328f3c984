package httpapi

import (
	"net/http"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// call is one request on its way through an operation.
type call struct {
	*http.Request
	principal tenancy.Principal
	session   identity.Session // with which the principal calls; none where they have a token
	tenant    tenancy.Tenant   // that was resolved, of an operation inTenant or tenantOf
	query     query
}

// serve makes the handler of an operation.
func (a *api) serve(op operation) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r}
		err := a.admit(w, c, op)
		markReached(c.Request, op.access <= optionalAuth)
		if err == nil {
			c.query, err = op.readQuery(r.URL.RawQuery)
		}
		if err == nil {
			err = op.handle(a.answering(w, c, op), c)
		}
		if err == nil {
			return
		}
		a.auditDenial(c, op, err)
		tooLarge := tenancy.CodeOf(err) == tenancy.CodeTooLarge
		if tooLarge {
			w.Header().Set("Connection", "close")
		}
		writeProblem(w, r, a.log, err)
		if tooLarge {
			linger(w, r) // r has the body without its limit: the limit is on c's
		}
	})
}

// admit is everything between the router and the handler: who calls, for which
// tenant, and whether they may. The order of its steps is what keeps a tenant's
// existence from those who have no place in it: nothing that the request names
// is looked up before it is known who asks.
func (a *api) admit(w http.ResponseWriter, c *call, op operation) error {
	if op.access == anyone {
		return nil
	}
	principal, err := a.authenticated(w, c)
	if op.access == optionalAuth && tenancy.CodeOf(err) == tenancy.CodeUnauthenticated &&
		c.Header.Get("Authorization") == "" {
		return nil
	}
	if err != nil {
		return err
	}
	c.principal = principal
	c.Request = c.WithContext(tenancy.WithPrincipal(c.Context(), principal))
	if op.access == optionalAuth {
		return nil
	}
	if c.Request, err = withReason(c.Request); err != nil {
		return err
	}
	if op.access == signedIn {
		return mayManage(principal, op.needs)
	}
	tenant, err := a.resolve(c)
	if op.access == managesTenant && principal.SuperAdmin &&
		tenancy.CodeOf(err) == tenancy.CodeTenantNotFound && a.multiTenant {
		tenant, err = a.deletedTenant(c)
	}
	if err != nil {
		return err
	}
	c.tenant = tenant
	if err := a.limitRate(w, principal, tenant); err != nil {
		return err
	}
	if err := a.mayWorkIn(principal, tenant, op); err != nil {
		return err
	}
	c.Request = c.WithContext(tenancy.NewContext(c.Context(), tenant.ID))
	return a.auditSuperAdmin(c, op)
}

// resolve finds the tenant that the request's sources name, as far as the
// caller may know it. With tenancy off there is one, and a path that names
// another names none.
func (a *api) resolve(c *call) (tenancy.Tenant, error) {
	if a.multiTenant {
		return a.tenants.ResolveFor(c.Context(), c.principal, a.tenants.FromRequest(c.Request))
	}
	if !namesDefault(c.PathValue(resolve.PathValue)) {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return a.tenants.Resolve(c.Context(), resolve.Sources{Key: tenancy.DefaultID})
}

// deletedTenant finds the tenant of the path for a super-admin where resolution
// answers none: it may be deleted, and is there to be managed. The other sources
// must name it no less, or one would be restored under the name of another.
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

// namesDefault reports whether the tenant in a path, if there is one, is the
// default tenant.
func namesDefault(name string) bool {
	if name == "" || name == string(tenancy.DefaultSlug) {
		return true
	}
	id, err := tenancy.ParseID(name)
	return err == nil && id == tenancy.DefaultID
}
