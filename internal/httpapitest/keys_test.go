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
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type ApiKey struct {
	ID, Name, Role, Secret string
	LastUsedAt             string `json:"last_used_at"`
	ExpiresAt              string `json:"expires_at"`
}

func TestAPIKeyIsShownOnceWorksAndIsRevoked(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	const path = "/api/v1/tenants/acme/keys"
	created := reg.Do(t, apitest.Post("acme-admin", path, `{"name":"ci","role":"editor"}`)).
		Want(t, 201)
	assert.Equal(t, "no-store", created.Header.Get("Cache-Control"))
	key := apitest.Decode[ApiKey](t, created)
	require.True(t, strings.HasPrefix(key.Secret, tenancy.KeyPrefix))
	assert.Equal(t, "/api/v1/tenants/"+reg.Tenants["acme"].ID.String()+"/keys/"+key.ID,
		created.Header.Get("Location"))

	reg.Tokens["ci"] = key.Secret
	reg.Do(t, apitest.Put("ci", "/api/v1/prompts/x", apitest.PromptBody)).Want(t, 201)

	listed := reg.Do(t, apitest.Get("acme-admin", path)).Want(t, 200)
	assert.NotContains(t, string(listed.Body), key.Secret)
	assert.NotContains(t, string(listed.Body), "secret")
	var mine ApiKey
	for _, k := range apitest.Decode[struct{ Items []ApiKey }](t, listed).Items {
		if k.ID == key.ID {
			mine = k
		}
	}
	assert.Equal(t, "ci", mine.Name)
	assert.NotEmpty(t, mine.LastUsedAt)

	reg.Do(t, apitest.Delete("beta-admin", "/api/v1/tenants/beta/keys/"+key.ID)).
		WantProblem(t, 404, tenancy.CodeNotFound)
	reg.Do(t, apitest.Delete("acme-editor", path+"/"+key.ID)).
		WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Delete("acme-admin", path+"/"+key.ID)).Want(t, 204)
	reg.Do(t, apitest.Get("ci", "/api/v1/prompts")).WantProblem(t, 401, tenancy.CodeUnauthenticated)
	reg.Do(t, apitest.Delete("acme-admin", path+"/"+key.ID)).
		WantProblem(t, 404, tenancy.CodeNotFound)
	reg.Do(t, apitest.Delete("acme-admin", path+"/nonsense")).
		WantProblem(t, 404, tenancy.CodeNotFound)
}

func TestExpiredKeyIsRefused(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	reg := apitest.New(t, func(o *httpapi.Options) {
		o.Clock = func() time.Time { return start.Add(time.Duration(passed.Load())) }
	})
	body := `{"name":"short","role":"viewer","expires_at":"2030-01-01T01:00:00+00:30"}`
	key := apitest.Decode[ApiKey](t,
		reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys", body)).Want(t, 201))
	assert.Equal(t, "2030-01-01T00:30:00.000000Z", key.ExpiresAt)
	reg.Tokens["short"] = key.Secret
	reg.Do(t, apitest.Get("short", "/api/v1/me")).Want(t, 200)
	passed.Store(int64(30 * time.Minute))
	reg.Do(t, apitest.Get("short", "/api/v1/me")).WantProblem(t, 401, tenancy.CodeUnauthenticated)
}

func TestInvalidKeyIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
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
			p := reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys", body)).
				WantProblem(t, 422, tenancy.CodeInvalid)
			require.NotEmpty(t, p.Errors)
			assert.Equal(t, at, p.Errors[0].Path)
		})
	}
	reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
		`{"name":"n","role":"viewer","tenant":"beta"}`)).
		WantProblem(t, 422, tenancy.CodeUnknownField)
	assert.Len(t, reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/keys"), "id"), 4,
		"no key was created")
}

func TestKeysAreListedPageByPage(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for i := range 5 {
		reg.Do(t, apitest.Post("acme-admin", "/api/v1/tenants/acme/keys",
			fmt.Sprintf(`{"name":"k%d","role":"viewer"}`, i))).Want(t, 201)
	}
	names := reg.Pages(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/keys?limit=3"), "name")
	assert.Equal(t, []string{"viewer", "editor", "admin", "replicator", "k0", "k1", "k2", "k3",
		"k4"}, names)
}

func TestMeDescribesTheCaller(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	type me struct {
		ID, Name    string
		SuperAdmin  bool `json:"super_admin"`
		Memberships []struct {
			Tenant struct{ ID, Slug, Name string }
			Role   string
		}
	}
	root := apitest.Decode[me](t, reg.Do(t, apitest.Get("root", "/api/v1/me")).Want(t, 200))
	assert.True(t, root.SuperAdmin)
	assert.Equal(t, "platform", root.ID)
	assert.Empty(t, root.Memberships)

	key := apitest.Decode[me](t, reg.Do(t, apitest.Get("acme-editor", "/api/v1/me")).Want(t, 200))
	assert.False(t, key.SuperAdmin)
	require.Len(t, key.Memberships, 1)
	assert.Equal(t, "acme", key.Memberships[0].Tenant.Slug)
	assert.Equal(t, reg.Tenants["acme"].ID.String(), key.Memberships[0].Tenant.ID)
	assert.Equal(t, "editor", key.Memberships[0].Role)
}

func TestMeLeavesOutDeletedTenants(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	reg.DeleteTenant(t, "beta")
	res := reg.Do(t, apitest.Get("user:admin@beta,viewer@acme", "/api/v1/me")).Want(t, 200)
	assert.Contains(t, string(res.Body), `"acme"`)
	assert.NotContains(t, string(res.Body), `"beta"`)
}
