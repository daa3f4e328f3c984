package httpapitest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newSingleWorld is a registry with tenancy off, whose store knows acme and
// beta from another time, and a key of the default tenant: "default-admin".
func newSingleWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, func(o *httpapi.Options) { o.MultiTenant = false })
	w.tokens["default-admin"] = w.addKey(t, tenancy.DefaultID, tenancy.Admin)
	return w
}

func TestWithTenancyOffEverythingIsTheDefaultTenant(t *testing.T) {
	t.Parallel()
	w := newSingleWorld(t)
	for _, a := range []ask{
		{path: "/api/v1/prompts/plain"}, {path: "/api/v1/prompts/header", tenant: "acme"},
		{path: "/api/v1/prompts/host", host: "acme.registry.test"},
		{path: "/api/v1/prompts/both", host: "acme.registry.test", tenant: "beta"},
	} {
		a.as, a.method, a.body = "root", "PUT", aPrompt
		w.do(t, a).ok(t, 201)
	}
	assert.Len(t, w.do(t, ask{as: "default-admin", path: "/api/v1/prompts"}).ok(t, 200).names(t), 4)
	for _, name := range []string{"default", tenancy.DefaultID.String()} {
		bundle := w.do(t, ask{as: "root", path: "/api/v1/tenants/" + name + "/export",
			tenant: "acme"}).ok(t, 200)
		assert.Equal(t, 5, read[bundleSeen](t, bundle).Count)
		w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/" + name + "/import",
			body: string(bundle.body)}).ok(t, 200)
		w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/" + name + "/keys",
			body: `{"name":"n","role":"viewer"}`}).ok(t, 201)
		w.do(t, ask{as: "root", path: "/api/v1/tenants/" + name}).ok(t, 200)
	}
	assert.Contains(t, string(w.do(t, ask{as: "root", path: "/api/v1/discovery"}).ok(t, 200).body),
		`"slug":"default"`)
}

func TestWithTenancyOffThereIsNoOtherTenant(t *testing.T) {
	t.Parallel()
	w := newSingleWorld(t)
	for _, path := range []string{"", "/export", "/keys"} {
		for _, name := range []string{"acme", "unknown", w.tenants["acme"].ID.String()} {
			w.do(t, ask{as: "root", path: "/api/v1/tenants/" + name + path}).
				refused(t, 404, tenancy.CodeTenantNotFound)
		}
	}
	w.do(t, ask{as: "acme-admin", path: "/api/v1/prompts"}).
		refused(t, 404, tenancy.CodeTenantNotFound)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"new","name":"n"}`}).refused(t, 409, tenancy.CodeInvalidState)
	assert.Equal(t, []string{"default"},
		w.pages(t, ask{as: "root", path: "/api/v1/tenants?limit=1"}, "slug"))
	assert.NotContains(t, string(w.do(t, ask{as: "acme-admin", path: "/api/v1/me"}).ok(t, 200).
		body), "acme\"")
}

func TestWithTenancyOffCredentialsAreStillNeeded(t *testing.T) {
	t.Parallel()
	w := newSingleWorld(t)
	w.do(t, ask{path: "/api/v1/prompts"}).refused(t, 401, tenancy.CodeUnauthenticated)
	w.do(t, ask{path: "/api/v1/tenants/acme"}).refused(t, 401, tenancy.CodeUnauthenticated)
}
