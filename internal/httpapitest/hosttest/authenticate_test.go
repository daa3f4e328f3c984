package hosttest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newWithEmployees has a host whose callers are employees: "Employee acme editor". Their
// roles come from the host.
func newWithEmployees(t *testing.T) *apitest.Registry {
	t.Helper()
	var reg *apitest.Registry
	reg = newWithPermissions(t, nil, func(o *httpapi.Options) {
		o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
			switch r.Header.Get("Authorization") {
			case "Employee editor":
				return tenancy.Principal{Kind: "employee", ID: "17", Name: "Ada",
					Roles: map[tenancy.ID]tenancy.Role{reg.Tenants["acme"].ID: tenancy.Editor}}, nil
			case "Employee without a kind":
				return tenancy.Principal{ID: "17", SuperAdmin: true}, nil
			case "Employee expired":
				return tenancy.Principal{},
					tenancy.Errorf(tenancy.CodeUnauthenticated, "the session has expired")
			}
			return tenancy.Principal{}, nil
		}
	})
	return reg
}

func TestHostsCallerHasTheRolesThatTheHostSays(t *testing.T) {
	t.Parallel()
	reg := newWithEmployees(t)
	req := apitest.Request{As: "Employee editor", Path: "/host/notes.publish", Tenant: "acme"}
	res := reg.Do(t, req).Want(t, http.StatusOK)
	assert.Empty(t, string(res.Body), "the write is allowed at commit too")
	e := newestEntry(t, reg, "acme")
	assert.Equal(t, tenancy.Actor{Kind: "employee", ID: "17", Name: "Ada"}, e.Actor)
	me := apitest.Decode[map[string]any](t, reg.Do(t, apitest.Get("Employee editor", "/api/v1/me")))
	assert.Equal(t, "17", me["id"])

	req.Tenant = "beta"
	reg.Do(t, req).WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
	req.Tenant, req.Path = "acme", "/api/v1/tenants/acme/keys"
	reg.Do(t, req).WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
}

func TestCallerWhomTheHostDoesntKnowMayHaveAKey(t *testing.T) {
	t.Parallel()
	reg := newWithEmployees(t)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Want(t, http.StatusOK)
	reg.Do(t, apitest.Get("root", "/api/v1/users")).Want(t, http.StatusOK)
	for _, as := range []string{"", "Bearer bwk_nonsense", "Employee expired",
		"Employee without a kind", "Basic cm9vdDpyb290"} {
		reg.Do(t, apitest.Request{As: as, Path: "/api/v1/prompts", Tenant: "acme"}).
			WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
	}
}
