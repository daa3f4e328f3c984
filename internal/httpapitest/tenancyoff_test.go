package httpapitest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newWithTenancyOff starts a registry with tenancy off and a key of the default tenant,
// "default-admin". Its store still has acme and beta.
func newWithTenancyOff(t *testing.T) *apitest.Registry {
	t.Helper()
	reg := apitest.New(t, func(o *httpapi.Options) { o.MultiTenant = false })
	reg.Tokens["default-admin"] = reg.AddKey(t, tenancy.DefaultID, tenancy.Admin)
	return reg
}

func TestTenancyOffServesOnlyTheDefaultTenant(t *testing.T) {
	t.Parallel()
	reg := newWithTenancyOff(t)
	for _, req := range []apitest.Request{
		{Path: "/api/v1/prompts/plain"}, {Path: "/api/v1/prompts/header", Tenant: "acme"},
		{Path: "/api/v1/prompts/host", Host: "acme.registry.test"},
		{Path: "/api/v1/prompts/both", Host: "acme.registry.test", Tenant: "beta"},
	} {
		req.As, req.Method, req.Body = "root", "PUT", apitest.PromptBody
		reg.Do(t, req).Want(t, 201)
	}
	assert.Len(t, reg.Do(t, apitest.Get("default-admin", "/api/v1/prompts")).Want(t, 200).Names(t),
		4)
	for _, name := range []string{"default", tenancy.DefaultID.String()} {
		bundle := reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/tenants/" + name + "/export",
			Tenant: "acme"}).Want(t, 200)
		assert.Equal(t, 5, apitest.Decode[exportedBundle](t, bundle).Count)
		reg.Do(t, apitest.Post("root", "/api/v1/tenants/"+name+"/import", string(bundle.Body))).
			Want(t, 200)
		reg.Do(t, apitest.Post("root", "/api/v1/tenants/"+name+"/keys",
			`{"name":"n","role":"viewer"}`)).Want(t, 201)
		reg.Do(t, apitest.Get("root", "/api/v1/tenants/"+name)).Want(t, 200)
	}
	assert.Contains(t, string(reg.Do(t, apitest.Get("root", "/api/v1/discovery")).Want(t, 200).
		Body), `"slug":"default"`)
}

func TestTenancyOffHidesOtherTenants(t *testing.T) {
	t.Parallel()
	reg := newWithTenancyOff(t)
	for _, path := range []string{"", "/export", "/keys"} {
		for _, name := range []string{"acme", "unknown", reg.Tenants["acme"].ID.String()} {
			reg.Do(t, apitest.Get("root", "/api/v1/tenants/"+name+path)).
				WantProblem(t, 404, tenancy.CodeTenantNotFound)
		}
	}
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/prompts")).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants", `{"slug":"new","name":"n"}`)).
		WantProblem(t, 409, tenancy.CodeInvalidState)
	assert.Equal(t, []string{"default"},
		reg.Pages(t, apitest.Get("root", "/api/v1/tenants?limit=1"), "slug"))
	assert.NotContains(t, string(reg.Do(t, apitest.Get("acme-admin", "/api/v1/me")).Want(t, 200).
		Body), "acme\"")
}

func TestTenancyOffStillNeedsCredentials(t *testing.T) {
	t.Parallel()
	reg := newWithTenancyOff(t)
	reg.Do(t, apitest.Get("", "/api/v1/prompts")).WantProblem(t, 401, tenancy.CodeUnauthenticated)
	reg.Do(t, apitest.Get("", "/api/v1/tenants/acme")).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
}
