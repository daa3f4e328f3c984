package httpapitest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

type tenant struct {
	ID, Slug, Name, State string
	IsActive              bool `json:"is_active"`
	Settings              json.RawMessage
	Version               int64
	DeletedAt             string `json:"deleted_at"`
}

func TestATenantLivesFromCreationToRestoring(t *testing.T) {
	t.Parallel()
	w := New(t)
	created := w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants",
		Body: `{"slug":"gamma","name":"Gamma","settings":{"b":1,"a":[true]}}`}).Want(t, 201)
	seen := Decode[tenant](t, created)
	assert.Equal(t, "gamma", seen.Slug)
	assert.True(t, seen.IsActive)
	assert.JSONEq(t, `{"a":[true],"b":1}`, string(seen.Settings))
	assert.Equal(t, "/api/v1/tenants/"+seen.ID, created.Header.Get("Location"))
	assert.Equal(t, `"1"`, created.Header.Get("ETag"))

	bySlug := w.Do(t, Request{As: "root", Path: "/api/v1/tenants/gamma"}).Want(t, 200)
	byID := w.Do(t, Request{As: "root", Path: "/api/v1/tenants/" + seen.ID}).Want(t, 200)
	assert.JSONEq(t, string(created.Body), string(bySlug.Body))
	assert.JSONEq(t, string(created.Body), string(byID.Body))

	renamed := w.Do(t, Request{As: "root", Method: "PUT", Path: "/api/v1/tenants/gamma",
		Body: `{"name":"Γάμμα"}`}).Want(t, 200)
	assert.Equal(t, "Γάμμα", Decode[tenant](t, renamed).Name)
	assert.JSONEq(t, `{"a":[true],"b":1}`, string(Decode[tenant](t, renamed).Settings),
		"what is absent stays")

	w.Do(t, Request{As: "root", Method: "DELETE", Path: "/api/v1/tenants/gamma"}).Want(t, 204)
	w.Do(t, Request{As: "root", Method: "DELETE", Path: "/api/v1/tenants/gamma"}).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	deleted := Decode[tenant](t, w.Do(t, Request{As: "root", Path: "/api/v1/tenants/gamma"}).
		Want(t, 200))
	assert.Equal(t, "deleted", deleted.State)
	assert.False(t, deleted.IsActive)
	assert.NotEmpty(t, deleted.DeletedAt)
	w.Do(t, Request{As: "root", Path: "/api/v1/agents", Tenant: "gamma"}).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants",
		Body: `{"slug":"gamma","name":"Again"}`}).WantProblem(t, 409, tenancy.CodeSlugTaken)
	w.Do(t, Request{As: "root", Method: "PUT", Path: "/api/v1/tenants/gamma", Body: `{"name":"n"}`}).
		WantProblem(t, 409, tenancy.CodeInvalidState)

	w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants/gamma/restore"}).Want(t, 200)
	w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants/gamma/restore"}).
		WantProblem(t, 409, tenancy.CodeInvalidState)
	w.Do(t, Request{As: "root", Path: "/api/v1/agents", Tenant: "gamma"}).Want(t, 200)
}

func TestDeletingATenantStopsItsKeysAndRestoringRevivesThem(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/agents"}).Want(t, 200)
	w.Do(t, Request{As: "root", Method: "DELETE", Path: "/api/v1/tenants/acme"}).Want(t, 204)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/agents"}).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants/acme/restore"}).Want(t, 200)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/agents"}).Want(t, 200)
}

// TestADeletedTenantIsNamedByEverySource: a super-admin's word counts no less
// for a tenant that nobody else finds.
func TestADeletedTenantIsNamedByEverySource(t *testing.T) {
	t.Parallel()
	w := New(t)
	acme, beta := w.Tenants["acme"].ID.String(), w.Tenants["beta"].ID.String()
	w.DeleteTenant(t, "acme")
	w.DeleteTenant(t, "beta")
	restore := func(path string, other Request) Response {
		other.As, other.Method, other.Path = "root", "POST", "/api/v1/tenants/"+path+"/restore"
		return w.Do(t, other)
	}
	for path, others := range map[string][]Request{
		"acme": {{Tenant: "beta"}, {Tenant: beta}, {Tenant: NonexistentID}, {Tenant: "No Slug"},
			{Host: "beta.registry.test"}, {Tenant: acme, Host: "beta.registry.test"}},
		acme: {{Tenant: "beta"}, {Tenant: beta}, {Tenant: "stray"}, {Host: "beta.registry.test"},
			{Host: "stray.registry.test"}, {Host: "a.acme.registry.test"}},
	} {
		for _, other := range others {
			restore(path, other).WantProblem(t, 400, tenancy.CodeTenantMismatch)
		}
	}
	restore("stray", Request{Tenant: beta}).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	restore("stray", Request{Tenant: NonexistentID}).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	restore("acme", Request{Tenant: acme, Host: "ACME.registry.test"}).Want(t, 200)
	w.Do(t, Request{As: "root", Path: "/api/v1/tenants/beta", Tenant: beta}).Want(t, 200)
}

func TestSuspendingATenantShowsAtOnce(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/agents"}).Want(t, 200)
	w.Do(t, Request{As: "root", Method: "PUT", Path: "/api/v1/tenants/acme",
		Body: `{"state":"suspended"}`}).Want(t, 200)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/agents"}).
		WantProblem(t, 403, tenancy.CodeTenantSuspended)
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: "/api/v1/tenants/acme",
		Body: `{"name":"n"}`}).WantProblem(t, 403, tenancy.CodeTenantSuspended)
	w.Do(t, Request{As: "root", Method: "PUT", Path: "/api/v1/tenants/acme",
		Body: `{"state":"active"}`}).Want(t, 200)
	w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/agents"}).Want(t, 200)
}

func TestWhatATenantCantBe(t *testing.T) {
	t.Parallel()
	w := New(t)
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
			g := w.Do(t, Request{As: "root", Method: c.method, Path: "/api/v1/tenants" + c.path,
				Body: c.body})
			if c.code == "" {
				return
			}
			p := g.WantProblem(t, c.status, c.code)
			if c.at != "" {
				require.NotEmpty(t, p.Errors)
				assert.Equal(t, c.at, p.Errors[0].Path)
			}
		})
	}
	w.Do(t, Request{As: "root", Path: "/api/v1/tenants/delta"}).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
}

func TestATenantAdminChangesNameAndSettingsButNotTheState(t *testing.T) {
	t.Parallel()
	w := New(t)
	path := "/api/v1/tenants/acme"
	g := w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: path,
		Body: `{"name":"New","settings":{"x":1}}`}).Want(t, 200)
	assert.Equal(t, "New", Decode[tenant](t, g).Name)
	w.Do(t, Request{As: "acme-admin", Method: "PUT", Path: path, Body: `{"state":"suspended"}`}).
		WantProblem(t, 403, tenancy.CodeForbidden)
	w.Do(t, Request{As: "acme-editor", Method: "PUT", Path: path, Body: `{"name":"n"}`}).
		WantProblem(t, 403, tenancy.CodeForbidden)
	w.Do(t, Request{As: "acme-admin", Method: "DELETE", Path: path}).
		WantProblem(t, 403, tenancy.CodeForbidden)
	w.Do(t, Request{As: "acme-admin", Method: "POST", Path: "/api/v1/tenants",
		Body: `{"slug":"mine","name":"n"}`}).WantProblem(t, 403, tenancy.CodeForbidden)
}

func TestTenantsAreListedToWhomTheyConcern(t *testing.T) {
	t.Parallel()
	w := New(t)
	for i := range 5 {
		w.Do(t, Request{As: "root", Method: "POST", Path: "/api/v1/tenants",
			Body: fmt.Sprintf(`{"slug":"t%d","name":"n"}`, i)}).Want(t, 201)
	}
	w.DeleteTenant(t, "beta")
	slugs := func(g Response) string {
		list := Decode[struct{ Items []tenant }](t, g.Want(t, 200))
		var all []string
		for _, item := range list.Items {
			all = append(all, item.Slug)
		}
		return strings.Join(all, " ")
	}
	list := func(as, query string) string {
		return slugs(w.Do(t, Request{As: as, Path: "/api/v1/tenants" + query}))
	}
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4", list("root", ""))
	assert.Equal(t, "beta", list("root", "?state=deleted"))
	assert.Equal(t, "acme default t0 t1 t2 t3 t4", list("root", "?state=active"))
	assert.Equal(t, "acme", list("acme-viewer", ""))
	assert.Equal(t, "acme", list("acme-viewer", "?limit=1"))
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4",
		strings.Join(w.Pages(t, Request{As: "root", Path: "/api/v1/tenants?limit=3"}, "slug"), " "))
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4", list("root", "?limit=1000"))
	w.Do(t, Request{As: "root", Path: "/api/v1/tenants?state=asleep"}).
		WantProblem(t, 422, tenancy.CodeInvalid)
}

func TestATenantHasAVersionToHoldOnTo(t *testing.T) {
	t.Parallel()
	w := New(t)
	path := "/api/v1/tenants/acme"
	put := func(match string) Response {
		return w.Do(t, Request{As: "root", Method: "PUT", Path: path, Body: `{"name":"n"}`,
			Header: map[string]string{"If-Match": match}})
	}
	tag := w.Do(t, Request{As: "root", Path: path}).Header.Get("ETag")
	w.Do(t, Request{As: "root", Path: path, Header: map[string]string{"If-None-Match": tag}}).Want(t, 304)
	put(`"99"`).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	put("W/"+tag).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	put(`nonsense`).WantProblem(t, 422, tenancy.CodeInvalid)
	put(`"99", `+tag).Want(t, 200)
	put(tag).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	put(`*`).Want(t, 200)
	w.Do(t, Request{As: "root", Method: "DELETE", Path: path,
		Header: map[string]string{"If-Match": tag}}).WantProblem(t, 412, tenancy.CodeVersionMismatch)
	w.Do(t, Request{As: "root", Method: "DELETE", Path: path,
		Header: map[string]string{"If-Match": `"3"`}}).Want(t, http.StatusNoContent)
}
