package httpapitest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newWithTenancyOff is a registry with tenancy off, whose store knows acme and
// beta from another time, and a key of the default tenant: "default-admin".
func newWithTenancyOff(t *testing.T) *Registry {
	t.Helper()
	w := New(t, func(o *httpapi.Options) { o.MultiTenant = false })
	w.Tokens["default-admin"] = w.AddKey(t, tenancy.DefaultID, tenancy.Admin)
	return w
}

func TestWithTenancyOffEverythingIsTheDefaultTenant(t *testing.T) {
	t.Parallel()
	w := newWithTenancyOff(t)
	for _, a := range []Request{
		{Path: "/api/v1/prompts/plain"}, {Path: "/api/v1/prompts/header", Tenant: "acme"},
		{Path: "/api/v1/prompts/host", Host: "acme.registry.test"},
		{Path: "/api/v1/prompts/both", Host: "acme.registry.test", Tenant: "beta"},
	} {
		a.As, a.Method, a.Body = "root", "PUT", PromptBody
		w.Do(t, a).Want(t, 201)
	}
	assert.Len(t, w.Do(t, Request{As: "default-admin", Path: "/api/v1/prompts"}).Want(t, 200).Names(t), 4)
	for _, name := range []string{"default", tenancy.DefaultID.String()} {
		bundle := w.Do(t, Request{As: "root", Path: "/api/v1/tenants/" + name + "/export",
			Tenant: "acme"}).Want(t, 200)
		assert.Equal(t, 5, Decode[exportedBundle](t, bundle).Count)
		w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants/" + name + "/import",
			Body: string(bundle.Body)}).Want(t, 200)
		w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants/" + name + "/keys",
			Body: `{"name":"n","role":"viewer"}`}).Want(t, 201)
		w.Do(t, Request{As: "root", Path: "/api/v1/tenants/" + name}).Want(t, 200)
	}
	assert.Contains(t, string(w.Do(t, Request{As: "root", Path: "/api/v1/discovery"}).Want(t, 200).Body),
		`"slug":"default"`)
}

func TestWithTenancyOffThereIsNoOtherTenant(t *testing.T) {
	t.Parallel()
	w := newWithTenancyOff(t)
	for _, path := range []string{"", "/export", "/keys"} {
		for _, name := range []string{"acme", "unknown", w.Tenants["acme"].ID.String()} {
			w.Do(t, Request{As: "root", Path: "/api/v1/tenants/" + name + path}).
				WantProblem(t, 404, tenancy.CodeTenantNotFound)
		}
	}
	w.Do(t, Request{As: "acme-admin", Path: "/api/v1/prompts"}).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants",
		Body: `{"slug":"new","name":"n"}`}).WantProblem(t, 409, tenancy.CodeInvalidState)
	assert.Equal(t, []string{"default"},
		w.Pages(t, Request{As: "root", Path: "/api/v1/tenants?limit=1"}, "slug"))
	assert.NotContains(t, string(w.Do(t, Request{As: "acme-admin", Path: "/api/v1/me"}).Want(t, 200).
		Body), "acme\"")
}

func TestWithTenancyOffCredentialsAreStillNeeded(t *testing.T) {
	t.Parallel()
	w := newWithTenancyOff(t)
	w.Do(t, Request{Path: "/api/v1/prompts"}).WantProblem(t, 401, tenancy.CodeUnauthenticated)
	w.Do(t, Request{Path: "/api/v1/tenants/acme"}).WantProblem(t, 401, tenancy.CodeUnauthenticated)
}
