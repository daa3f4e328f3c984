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

type tenantSeen struct {
	ID, Slug, Name, State string
	IsActive              bool `json:"is_active"`
	Settings              json.RawMessage
	Version               int64
	DeletedAt             string `json:"deleted_at"`
}

func TestATenantLivesFromCreationToRestoring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	created := w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"gamma","name":"Gamma","settings":{"b":1,"a":[true]}}`}).ok(t, 201)
	seen := read[tenantSeen](t, created)
	assert.Equal(t, "gamma", seen.Slug)
	assert.True(t, seen.IsActive)
	assert.JSONEq(t, `{"a":[true],"b":1}`, string(seen.Settings))
	assert.Equal(t, "/api/v1/tenants/"+seen.ID, created.header.Get("Location"))
	assert.Equal(t, `"1"`, created.header.Get("ETag"))

	bySlug := w.do(t, ask{as: "root", path: "/api/v1/tenants/gamma"}).ok(t, 200)
	byID := w.do(t, ask{as: "root", path: "/api/v1/tenants/" + seen.ID}).ok(t, 200)
	assert.JSONEq(t, string(created.body), string(bySlug.body))
	assert.JSONEq(t, string(created.body), string(byID.body))

	renamed := w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/tenants/gamma",
		body: `{"name":"Γάμμα"}`}).ok(t, 200)
	assert.Equal(t, "Γάμμα", read[tenantSeen](t, renamed).Name)
	assert.JSONEq(t, `{"a":[true],"b":1}`, string(read[tenantSeen](t, renamed).Settings),
		"what is absent stays")

	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/gamma"}).ok(t, 204)
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/gamma"}).
		refused(t, 404, tenancy.CodeTenantNotFound)
	deleted := read[tenantSeen](t, w.do(t, ask{as: "root", path: "/api/v1/tenants/gamma"}).
		ok(t, 200))
	assert.Equal(t, "deleted", deleted.State)
	assert.False(t, deleted.IsActive)
	assert.NotEmpty(t, deleted.DeletedAt)
	w.do(t, ask{as: "root", path: "/api/v1/agents", tenant: "gamma"}).
		refused(t, 404, tenancy.CodeTenantNotFound)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"gamma","name":"Again"}`}).refused(t, 409, tenancy.CodeSlugTaken)
	w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/tenants/gamma", body: `{"name":"n"}`}).
		refused(t, 409, tenancy.CodeInvalidState)

	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/gamma/restore"}).ok(t, 200)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/gamma/restore"}).
		refused(t, 409, tenancy.CodeInvalidState)
	w.do(t, ask{as: "root", path: "/api/v1/agents", tenant: "gamma"}).ok(t, 200)
}

func TestDeletingATenantStopsItsKeysAndRestoringRevivesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/agents"}).ok(t, 200)
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/tenants/acme"}).ok(t, 204)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/agents"}).
		refused(t, 401, tenancy.CodeUnauthenticated)
	w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants/acme/restore"}).ok(t, 200)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/agents"}).ok(t, 200)
}

// TestADeletedTenantIsNamedByEverySource: a super-admin's word counts no less
// for a tenant that nobody else finds.
func TestADeletedTenantIsNamedByEverySource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme, beta := w.tenants["acme"].ID.String(), w.tenants["beta"].ID.String()
	w.deleteTenant(t, "acme")
	w.deleteTenant(t, "beta")
	restore := func(path string, other ask) got {
		other.as, other.method, other.path = "root", "POST", "/api/v1/tenants/"+path+"/restore"
		return w.do(t, other)
	}
	for path, others := range map[string][]ask{
		"acme": {{tenant: "beta"}, {tenant: beta}, {tenant: strayID}, {tenant: "No Slug"},
			{host: "beta.registry.test"}, {tenant: acme, host: "beta.registry.test"}},
		acme: {{tenant: "beta"}, {tenant: beta}, {tenant: "stray"}, {host: "beta.registry.test"},
			{host: "stray.registry.test"}, {host: "a.acme.registry.test"}},
	} {
		for _, other := range others {
			restore(path, other).refused(t, 400, tenancy.CodeTenantMismatch)
		}
	}
	restore("stray", ask{tenant: beta}).refused(t, 404, tenancy.CodeTenantNotFound)
	restore("stray", ask{tenant: strayID}).refused(t, 404, tenancy.CodeTenantNotFound)
	restore("acme", ask{tenant: acme, host: "ACME.registry.test"}).ok(t, 200)
	w.do(t, ask{as: "root", path: "/api/v1/tenants/beta", tenant: beta}).ok(t, 200)
}

func TestSuspendingATenantShowsAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/agents"}).ok(t, 200)
	w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/tenants/acme",
		body: `{"state":"suspended"}`}).ok(t, 200)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/agents"}).
		refused(t, 403, tenancy.CodeTenantSuspended)
	w.do(t, ask{as: "acme-admin", method: "PUT", path: "/api/v1/tenants/acme",
		body: `{"name":"n"}`}).refused(t, 403, tenancy.CodeTenantSuspended)
	w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/tenants/acme",
		body: `{"state":"active"}`}).ok(t, 200)
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/agents"}).ok(t, 200)
}

func TestWhatATenantCantBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
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
			g := w.do(t, ask{as: "root", method: c.method, path: "/api/v1/tenants" + c.path,
				body: c.body})
			if c.code == "" {
				return
			}
			p := g.refused(t, c.status, c.code)
			if c.at != "" {
				require.NotEmpty(t, p.Errors)
				assert.Equal(t, c.at, p.Errors[0].Path)
			}
		})
	}
	w.do(t, ask{as: "root", path: "/api/v1/tenants/delta"}).
		refused(t, 404, tenancy.CodeTenantNotFound)
}

func TestATenantAdminChangesNameAndSettingsButNotTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/v1/tenants/acme"
	g := w.do(t, ask{as: "acme-admin", method: "PUT", path: path,
		body: `{"name":"New","settings":{"x":1}}`}).ok(t, 200)
	assert.Equal(t, "New", read[tenantSeen](t, g).Name)
	w.do(t, ask{as: "acme-admin", method: "PUT", path: path, body: `{"state":"suspended"}`}).
		refused(t, 403, tenancy.CodeForbidden)
	w.do(t, ask{as: "acme-editor", method: "PUT", path: path, body: `{"name":"n"}`}).
		refused(t, 403, tenancy.CodeForbidden)
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: path}).
		refused(t, 403, tenancy.CodeForbidden)
	w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants",
		body: `{"slug":"mine","name":"n"}`}).refused(t, 403, tenancy.CodeForbidden)
}

func TestTenantsAreListedToWhomTheyConcern(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.do(t, ask{as: "root", method: "POST", path: "/api/v1/tenants",
			body: fmt.Sprintf(`{"slug":"t%d","name":"n"}`, i)}).ok(t, 201)
	}
	w.deleteTenant(t, "beta")
	slugs := func(g got) string {
		list := read[struct{ Items []tenantSeen }](t, g.ok(t, 200))
		var all []string
		for _, item := range list.Items {
			all = append(all, item.Slug)
		}
		return strings.Join(all, " ")
	}
	list := func(as, query string) string {
		return slugs(w.do(t, ask{as: as, path: "/api/v1/tenants" + query}))
	}
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4", list("root", ""))
	assert.Equal(t, "beta", list("root", "?state=deleted"))
	assert.Equal(t, "acme default t0 t1 t2 t3 t4", list("root", "?state=active"))
	assert.Equal(t, "acme", list("acme-viewer", ""))
	assert.Equal(t, "acme", list("acme-viewer", "?limit=1"))
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4",
		strings.Join(w.pages(t, ask{as: "root", path: "/api/v1/tenants?limit=3"}, "slug"), " "))
	assert.Equal(t, "acme beta default t0 t1 t2 t3 t4", list("root", "?limit=1000"))
	w.do(t, ask{as: "root", path: "/api/v1/tenants?state=asleep"}).
		refused(t, 422, tenancy.CodeInvalid)
}

func TestATenantHasAVersionToHoldOnTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := "/api/v1/tenants/acme"
	put := func(match string) got {
		return w.do(t, ask{as: "root", method: "PUT", path: path, body: `{"name":"n"}`,
			header: map[string]string{"If-Match": match}})
	}
	tag := w.do(t, ask{as: "root", path: path}).header.Get("ETag")
	w.do(t, ask{as: "root", path: path, header: map[string]string{"If-None-Match": tag}}).ok(t, 304)
	put(`"99"`).refused(t, 412, tenancy.CodeVersionMismatch)
	put("W/"+tag).refused(t, 412, tenancy.CodeVersionMismatch)
	put(`nonsense`).refused(t, 422, tenancy.CodeInvalid)
	put(`"99", `+tag).ok(t, 200)
	put(tag).refused(t, 412, tenancy.CodeVersionMismatch)
	put(`*`).ok(t, 200)
	w.do(t, ask{as: "root", method: "DELETE", path: path,
		header: map[string]string{"If-Match": tag}}).refused(t, 412, tenancy.CodeVersionMismatch)
	w.do(t, ask{as: "root", method: "DELETE", path: path,
		header: map[string]string{"If-Match": `"3"`}}).ok(t, http.StatusNoContent)
}
