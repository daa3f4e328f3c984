package httpapitest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type tenant struct {
	ID, Slug, Name, State string
	IsActive              bool `json:"is_active"`
	Settings              json.RawMessage
	Version               int64
	DeletedAt             string `json:"deleted_at"`
}

func TestTenantIsCreatedRenamedDeletedAndRestored(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	created := reg.Do(t, apitest.Post("root", "/api/v1/tenants",
		`{"slug":"gamma","name":"Gamma","settings":{"b":1,"a":[true]}}`)).Want(t, 201)
	seen := apitest.Decode[tenant](t, created)
	assert.Equal(t, "gamma", seen.Slug)
	assert.True(t, seen.IsActive)
	assert.JSONEq(t, `{"a":[true],"b":1}`, string(seen.Settings))
	assert.Equal(t, "/api/v1/tenants/"+seen.ID, created.Header.Get("Location"))

	bySlug := reg.Do(t, apitest.Get("root", "/api/v1/tenants/gamma")).Want(t, 200)
	byID := reg.Do(t, apitest.Get("root", "/api/v1/tenants/"+seen.ID)).Want(t, 200)
	assert.JSONEq(t, string(created.Body), string(bySlug.Body))
	assert.JSONEq(t, string(created.Body), string(byID.Body))
	assert.Equal(t, created.Header.Get("ETag"), byID.Header.Get("ETag"))

	renamed := reg.Do(t, apitest.Put("root", "/api/v1/tenants/gamma", `{"name":"Γάμμα"}`)).
		Want(t, 200)
	assert.Equal(t, "Γάμμα", apitest.Decode[tenant](t, renamed).Name)
	assert.JSONEq(t, `{"a":[true],"b":1}`, string(apitest.Decode[tenant](t, renamed).Settings),
		"what is absent stays")

	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/gamma")).Want(t, 204)
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/gamma")).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	deleted := apitest.Decode[tenant](t, reg.Do(t, apitest.Get("root", "/api/v1/tenants/gamma")).
		Want(t, 200))
	assert.Equal(t, "deleted", deleted.State)
	assert.False(t, deleted.IsActive)
	assert.NotEmpty(t, deleted.DeletedAt)
	reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/agents", Tenant: "gamma"}).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants", `{"slug":"gamma","name":"Again"}`)).
		WantProblem(t, 409, tenancy.CodeSlugTaken)
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/gamma", `{"name":"n"}`)).
		WantProblem(t, 409, tenancy.CodeInvalidState)

	reg.Do(t, apitest.Post("root", "/api/v1/tenants/gamma/restore", "")).Want(t, 200)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants/gamma/restore", "")).
		WantProblem(t, 409, tenancy.CodeInvalidState)
	reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/agents", Tenant: "gamma"}).Want(t, 200)
}

func TestKeysStopWithDeletedTenantAndWorkAfterRestore(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents")).Want(t, 200)
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/acme")).Want(t, 204)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents")).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	reg.Do(t, apitest.Post("root", "/api/v1/tenants/acme/restore", "")).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents")).Want(t, 200)
}

// Only super-admins find a deleted tenant, and their sources must agree as for any other
// tenant.
func TestSourcesOfDeletedTenantMustAgree(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	acme, beta := reg.Tenants["acme"].ID.String(), reg.Tenants["beta"].ID.String()
	reg.DeleteTenant(t, "acme")
	reg.DeleteTenant(t, "beta")
	restore := func(path string, other apitest.Request) apitest.Response {
		other.As, other.Method, other.Path = "root", "POST", "/api/v1/tenants/"+path+"/restore"
		return reg.Do(t, other)
	}
	for path, others := range map[string][]apitest.Request{
		"acme": {{Tenant: "beta"}, {Tenant: beta}, {Tenant: apitest.NonexistentID},
			{Tenant: "No Slug"},
			{Host: "beta.registry.test"}, {Tenant: acme, Host: "beta.registry.test"}},
		acme: {{Tenant: "beta"}, {Tenant: beta}, {Tenant: "stray"}, {Host: "beta.registry.test"},
			{Host: "stray.registry.test"}, {Host: "a.acme.registry.test"}},
	} {
		for _, other := range others {
			restore(path, other).WantProblem(t, 400, tenancy.CodeTenantMismatch)
		}
	}
	restore("stray", apitest.Request{Tenant: beta}).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	restore("stray", apitest.Request{Tenant: apitest.NonexistentID}).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	restore("acme", apitest.Request{Tenant: acme, Host: "ACME.registry.test"}).Want(t, 200)
	reg.Do(t, apitest.Request{As: "root", Path: "/api/v1/tenants/beta", Tenant: beta}).Want(t, 200)
}

func TestSuspensionTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents")).Want(t, 200)
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme", `{"state":"suspended"}`)).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents")).
		WantProblem(t, 403, tenancy.CodeTenantSuspended)
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme", `{"name":"n"}`)).
		WantProblem(t, 403, tenancy.CodeTenantSuspended)
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme", `{"state":"active"}`)).Want(t, 200)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/agents")).Want(t, 200)
}

func TestInvalidTenantIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	cases := []struct {
		method, path, body string
		status             int
		code               tenancy.Code
		at                 string
	}{
		{"POST", "", `{"slug":"x","name":"n"}`, 422, tenancy.CodeInvalidSlug, "/slug"},
		{"POST", "", `{"slug":"Upper","name":"n"}`, 422, tenancy.CodeInvalidSlug, "/slug"},
		{"POST", "", `{"slug":"ab--c","name":"n"}`, 201, "", ""},
		{"POST", "", `{"slug":"xn--p1ai","name":"n"}`, 422, tenancy.CodeInvalidSlug, "/slug"},
		{"POST", "", `{"name":"n"}`, 422, tenancy.CodeInvalidSlug, "/slug"},
		{"POST", "", `{"slug":"admin","name":"n"}`, 422, tenancy.CodeSlugReserved, "/slug"},
		{"POST", "", `{"slug":"default","name":"n"}`, 422, tenancy.CodeSlugReserved, "/slug"},
		{"POST", "", `{"slug":"acme","name":"n"}`, 409, tenancy.CodeSlugTaken, ""},
		{"POST", "", `{"slug":"delta","name":""}`, 422, tenancy.CodeInvalid, "/name"},
		{"POST", "", `{"slug":"delta"}`, 422, tenancy.CodeInvalid, "/name"},
		{"POST", "", `{"slug":"delta","name":"n","state":"active"}`, 422, tenancy.CodeUnknownField,
			"/state"},
		{"POST", "", `{"slug":"delta","name":"n","settings":[]}`, 422, tenancy.CodeInvalid,
			"/settings"},
		{"POST", "", `{"slug":7,"name":"n"}`, 422, tenancy.CodeInvalid, "/slug"},
		{"POST", "", `{"slug":"delta","name":"n","settings":{"n":1e400}}`, 422,
			tenancy.CodeInexactNumber, "/settings/n"},
		{"PUT", "/acme", `{"slug":"other"}`, 422, tenancy.CodeUnknownField, "/slug"},
		{"PUT", "/acme", `{"state":"deleted"}`, 422, tenancy.CodeInvalid, "/state"},
		{"PUT", "/acme", `{"state":""}`, 422, tenancy.CodeInvalid, "/state"},
		{"PUT", "/acme", `{"name":" n"}`, 422, tenancy.CodeInvalid, "/name"},
		{"DELETE", "/default", ``, 409, tenancy.CodeInvalidState, ""},
	}
	for _, c := range cases {
		t.Run(c.method+c.path+" "+c.body, func(t *testing.T) {
			res := reg.Do(t, apitest.Request{As: "root", Method: c.method,
				Path: "/api/v1/tenants" + c.path,
				Body: c.body})
			if c.code == "" {
				return
			}
			p := res.WantProblem(t, c.status, c.code)
			if c.at != "" {
				require.NotEmpty(t, p.Errors)
				assert.Equal(t, c.at, p.Errors[0].Path)
			}
		})
	}
	reg.Do(t, apitest.Get("root", "/api/v1/tenants/delta")).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
}

func TestTenantAdminChangesNameAndSettingsButNotState(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	path := "/api/v1/tenants/acme"
	res := reg.Do(t, apitest.Put("acme-admin", path, `{"name":"New","settings":{"x":1}}`)).
		Want(t, 200)
	assert.Equal(t, "New", apitest.Decode[tenant](t, res).Name)
	reg.Do(t, apitest.Put("acme-admin", path, `{"state":"suspended"}`)).
		WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Put("acme-editor", path, `{"name":"n"}`)).
		WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Delete("acme-admin", path)).WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants", `{"slug":"mine","name":"n"}`)).
		WantProblem(t, 403, tenancy.CodeForbidden)
}

func TestTenantListShowsOnlyTheCallersTenants(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range 5 {
		reg.Do(t, apitest.Post("root", "/api/v1/tenants",
			fmt.Sprintf(`{"slug":"t%d","name":"n"}`, i))).Want(t, 201)
	}
	reg.DeleteTenant(t, "beta")
	slugs := func(res apitest.Response) string {
		list := apitest.Decode[struct{ Items []tenant }](t, res.Want(t, 200))
		var all []string
		for _, item := range list.Items {
			all = append(all, item.Slug)
		}
		return strings.Join(all, " ")
	}
	list := func(as, query string) string {
		return slugs(reg.Do(t, apitest.Get(as, "/api/v1/tenants"+query)))
	}
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4", list("root", ""))
	assert.Equal(t, "beta", list("root", "?state=deleted"))
	assert.Equal(t, "acme default t0 t1 t2 t3 t4", list("root", "?state=active"))
	assert.Equal(t, "acme", list("acme-viewer", ""))
	assert.Equal(t, "acme", list("acme-viewer", "?limit=1"))
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4",
		strings.Join(reg.Pages(t, apitest.Get("root", "/api/v1/tenants?limit=3"), "slug"), " "))
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4", list("root", "?limit=1000"))
	reg.Do(t, apitest.Get("root", "/api/v1/tenants?state=asleep")).
		WantProblem(t, 422, tenancy.CodeInvalid)
}

func TestTenantWriteDependsOnIfMatch(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	path := "/api/v1/tenants/acme"
	put := func(match string) apitest.Response {
		return reg.Do(t, apitest.Request{As: "root", Method: "PUT", Path: path,
			Body:   `{"name":"n"}`,
			Header: map[string]string{"If-Match": match}})
	}
	tag := reg.Do(t, apitest.Get("root", path)).Header.Get("ETag")
	reg.Do(t, apitest.Request{As: "root", Path: path,
		Header: map[string]string{"If-None-Match": tag}}).Want(t, 304)
	for _, other := range []string{`"99"`, `"1"`,
		reg.Do(t, apitest.Get("root", "/api/v1/tenants/beta")).Header.Get("ETag")} {
		put(other).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	}
	put("W/"+tag).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	put(`nonsense`).WantProblem(t, 422, tenancy.CodeInvalid)
	put(`"99", `+tag).Want(t, 200)
	put(tag).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	last := put(`*`).Want(t, 200).Header.Get("ETag")
	reg.Do(t, apitest.Request{As: "root", Method: "DELETE", Path: path,
		Header: map[string]string{"If-Match": tag}}).
		WantProblem(t, 412, tenancy.CodeVersionMismatch)
	reg.Do(t, apitest.Request{As: "root", Method: "DELETE", Path: path,
		Header: map[string]string{"If-Match": last}}).Want(t, http.StatusNoContent)
}
