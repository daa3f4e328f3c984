package httpapitest_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type keySeen struct {
	ID, Name, Role, Secret string
	LastUsedAt             string `json:"last_used_at"`
	ExpiresAt              string `json:"expires_at"`
}

func TestAnAPIKeyIsShownOnceWorksAndIsRevoked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const path = "/api/v1/tenants/acme/keys"
	created := w.do(t, ask{as: "acme-admin", method: "POST", path: path,
		body: `{"name":"ci","role":"editor"}`}).ok(t, 201)
	assert.Equal(t, "no-store", created.header.Get("Cache-Control"))
	key := read[keySeen](t, created)
	require.True(t, strings.HasPrefix(key.Secret, tenancy.KeyPrefix))
	assert.Equal(t, "/api/v1/tenants/"+w.tenants["acme"].ID.String()+"/keys/"+key.ID,
		created.header.Get("Location"))

	w.tokens["ci"] = key.Secret
	w.do(t, ask{as: "ci", method: "PUT", path: "/api/v1/prompts/x", body: aPrompt}).ok(t, 201)

	listed := w.do(t, ask{as: "acme-admin", path: path}).ok(t, 200)
	assert.NotContains(t, string(listed.body), key.Secret)
	assert.NotContains(t, string(listed.body), "secret")
	var mine keySeen
	for _, k := range read[struct{ Items []keySeen }](t, listed).Items {
		if k.ID == key.ID {
			mine = k
		}
	}
	assert.Equal(t, "ci", mine.Name)
	assert.NotEmpty(t, mine.LastUsedAt)

	w.do(t, ask{as: "beta-admin", method: "DELETE", path: "/api/v1/tenants/beta/keys/" + key.ID}).
		refused(t, 404, tenancy.CodeNotFound)
	w.do(t, ask{as: "acme-editor", method: "DELETE", path: path + "/" + key.ID}).
		refused(t, 403, tenancy.CodeForbidden)
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: path + "/" + key.ID}).ok(t, 204)
	w.do(t, ask{as: "ci", path: "/api/v1/prompts"}).refused(t, 401, tenancy.CodeUnauthenticated)
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: path + "/" + key.ID}).
		refused(t, 404, tenancy.CodeNotFound)
	w.do(t, ask{as: "acme-admin", method: "DELETE", path: path + "/nonsense"}).
		refused(t, 404, tenancy.CodeNotFound)
}

func TestAnExpiredKeyIsRefused(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	w := newWorld(t, func(o *httpapi.Options) {
		o.Clock = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	})
	body := `{"name":"short","role":"viewer","expires_at":"2030-01-01T01:00:00+00:30"}`
	key := read[keySeen](t, w.do(t,
		ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys", body: body}).
		ok(t, 201))
	assert.Equal(t, "2030-01-01T00:30:00.000000Z", key.ExpiresAt)
	w.tokens["short"] = key.Secret
	w.do(t, ask{as: "short", path: "/api/v1/me"}).ok(t, 200)
	passed.Store(int64(30 * time.Minute))
	w.do(t, ask{as: "short", path: "/api/v1/me"}).refused(t, 401, tenancy.CodeUnauthenticated)
}

func TestWhatAKeyCantBe(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for body, at := range map[string]string{
		`{"name":"","role":"viewer"}`:       "/name",
		`{"role":"viewer"}`:                 "/name",
		`{"name":"n"}`:                      "/role",
		`{"name":"n","role":"super_admin"}`: "/role",
		`{"name":"n","role":"owner"}`:       "/role",
		`{"name":"n","role":"viewer","expires_at":"2001-01-01T00:00:00Z"}`:      "/expires_at",
		`{"name":"n","role":"viewer","expires_at":"0001-01-01T00:00:00Z"}`:      "/expires_at",
		`{"name":"n","role":"viewer","expires_at":"tomorrow"}`:                  "/expires_at",
		`{"name":"n","role":"viewer","expires_at":"2090-13-01T00:00:00Z"}`:      "/expires_at",
		`{"name":"n","role":"viewer","expires_at":99999999999}`:                 "/expires_at",
		`{"name":"n","role":"viewer","expires_at":"2090-01-01T00:00:00+25:00"}`: "/expires_at",
	} {
		t.Run(body, func(t *testing.T) {
			p := w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys",
				body: body}).refused(t, 422, tenancy.CodeInvalid)
			require.NotEmpty(t, p.Errors)
			assert.Equal(t, at, p.Errors[0].Path)
		})
	}
	w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys",
		body: `{"name":"n","role":"viewer","tenant":"beta"}`}).
		refused(t, 422, tenancy.CodeUnknownField)
	assert.Len(t, w.pages(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/keys"}, "id"), 4,
		"only the world's own keys are there")
}

func TestKeysAreListedPageByPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 5 {
		w.do(t, ask{as: "acme-admin", method: "POST", path: "/api/v1/tenants/acme/keys",
			body: fmt.Sprintf(`{"name":"k%d","role":"viewer"}`, i)}).ok(t, 201)
	}
	names := w.pages(t, ask{as: "acme-admin", path: "/api/v1/tenants/acme/keys?limit=3"}, "name")
	assert.Equal(t, []string{"viewer", "editor", "admin", "replicator", "k0", "k1", "k2", "k3",
		"k4"}, names)
}

func TestMeIsWhoCalls(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	type me struct {
		ID, Name    string
		SuperAdmin  bool `json:"super_admin"`
		Memberships []struct {
			Tenant struct{ ID, Slug, Name string }
			Role   string
		}
	}
	root := read[me](t, w.do(t, ask{as: "root", path: "/api/v1/me"}).ok(t, 200))
	assert.True(t, root.SuperAdmin)
	assert.Equal(t, "platform", root.ID)
	assert.Empty(t, root.Memberships)

	key := read[me](t, w.do(t, ask{as: "acme-editor", path: "/api/v1/me"}).ok(t, 200))
	assert.False(t, key.SuperAdmin)
	require.Len(t, key.Memberships, 1)
	assert.Equal(t, "acme", key.Memberships[0].Tenant.Slug)
	assert.Equal(t, w.tenants["acme"].ID.String(), key.Memberships[0].Tenant.ID)
	assert.Equal(t, "editor", key.Memberships[0].Role)
}

func TestMeLeavesDeletedTenantsOut(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	w.deleteTenant(t, "beta")
	g := w.do(t, ask{as: "user:admin@beta,viewer@acme", path: "/api/v1/me"}).ok(t, 200)
	assert.Contains(t, string(g.body), `"acme"`)
	assert.NotContains(t, string(g.body), `"beta"`)
}
