package apitest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// fixedRequestID is a header that makes two responses comparable byte for byte.
var fixedRequestID = []string{"X-Request-ID", "same"}

func TestEveryTenantSourceMustNameTheSameTenant(t *testing.T) {
	t.Parallel()
	s := serve(t)
	staging, production := s.TenantNamed(t, "staging"), s.TenantNamed(t, "production")
	staging.Put(t, "agent", "bot", map[string]any{})
	viewer := staging.Key(t, tenancy.Viewer)
	root := s.Platform()
	const list = "/api/v1/agents"
	for name, c := range map[string]harness.Caller{
		"header":              {Token: harness.Platform, Tenant: "staging"},
		"subdomain":           {Token: harness.Platform, Host: "staging.localhost"},
		"subdomain with port": {Token: harness.Platform, Host: "staging.localhost:8080"},
		"uppercase subdomain": {Token: harness.Platform, Host: "STAGING.LocalHost"},
		"subdomain and header": {Token: harness.Platform, Host: "staging.localhost",
			Tenant: "staging"},
		"key":               {Token: viewer.Token},
		"key and header":    {Token: viewer.Token, Tenant: "staging"},
		"key and subdomain": {Token: viewer.Token, Host: "staging.localhost"},
	} {
		c.Server = s
		require.Equal(t, []string{"bot"}, c.Names(t, list, url.Values{}), name)
	}
	root.Get(t, list).IsProblem(t, http.StatusBadRequest, "tenant_required")
	for name, c := range map[string]harness.Caller{
		"subdomain against header": {Token: harness.Platform, Host: "staging.localhost",
			Tenant: "production"},
		"header against subdomain": {Token: harness.Platform, Host: "production.localhost",
			Tenant: "staging"},
		"unknown against known": {Token: harness.Platform, Host: "staging.localhost",
			Tenant: "nowhere"},
		"key against header":    {Token: viewer.Token, Tenant: "production"},
		"key against subdomain": {Token: viewer.Token, Host: "production.localhost"},
	} {
		c.Server = s
		before := production.Export(t)
		c.Get(t, list).IsProblem(t, http.StatusBadRequest, "tenant_mismatch")
		c.Send(t, http.MethodPut, harness.Resource("agent", "intruder"), `{"spec":{}}`).
			IsProblem(t, http.StatusBadRequest, "tenant_mismatch")
		require.Equal(t, string(before), string(production.Export(t)), name)
	}
	staging.Get(t, "/api/v1/tenants/production/export").
		IsProblem(t, http.StatusBadRequest, "tenant_mismatch")
	viewer.Get(t, "/api/v1/tenants/production/export").
		IsProblem(t, http.StatusBadRequest, "tenant_mismatch")
	viewer.Get(t, "/api/v1/tenants/staging/export").HasStatus(t, http.StatusOK)
}

func TestUnauthenticatedCallerLearnsNothingAboutTenants(t *testing.T) {
	t.Parallel()
	s := serve(t)
	active, deleted, suspended := s.Tenant(t), s.Tenant(t), s.Tenant(t)
	deleted.DeleteTenant(t)
	suspended.SuspendTenant(t)
	for _, token := range []string{"", "bwk_nonsense", tenancy.NewKeySecret(),
		harness.Platform + "x", harness.Platform[:len(harness.Platform)-1]} {
		for _, request := range [][2]string{
			{http.MethodGet, "/api/v1/agents"}, {http.MethodPut, "/api/v1/agents/x"},
			{http.MethodGet, "/api/v1/tenants"},
			{http.MethodGet, "/api/v1/discovery"}, {http.MethodGet, "/api/v1/me"},
			{http.MethodPost, "/api/v1/tenants"},
		} {
			want := harness.Caller{Server: s, Token: token}.Send(t, request[0], request[1], nil,
				fixedRequestID...)
			want.IsProblem(t, http.StatusUnauthorized, "unauthenticated")
			for _, tenant := range []string{active.Tenant, deleted.Tenant, suspended.Tenant,
				"nowhere",
				"NO SLUG"} {
				got := harness.Caller{Server: s, Token: token, Tenant: tenant}.Send(t, request[0],
					request[1],
					nil, fixedRequestID...)
				require.Equal(t, string(want.Body), string(got.Body))
			}
		}
		for _, tenant := range []string{active.Tenant, deleted.Tenant, suspended.Tenant, "nowhere",
			"NO%20SLUG"} {
			got := harness.Caller{Server: s, Token: token}.Send(t, http.MethodGet,
				"/api/v1/tenants/"+tenant+"/export", nil, fixedRequestID...)
			got.IsProblem(t, http.StatusUnauthorized, "unauthenticated")
		}
	}
}

func TestKeyLearnsNothingAboutOtherTenants(t *testing.T) {
	t.Parallel()
	s := serve(t)
	own, foreign, deleted, suspended := s.Tenant(t), s.Tenant(t), s.Tenant(t), s.Tenant(t)
	key := own.Key(t, tenancy.Admin)
	deleted.DeleteTenant(t)
	suspended.SuspendTenant(t)
	for _, request := range [][2]string{
		{http.MethodGet, ""}, {http.MethodPut, ""}, {http.MethodDelete, ""},
		{http.MethodGet, "/export"}, {http.MethodPost, "/import"}, {http.MethodGet, "/keys"},
	} {
		want := key.Send(t, request[0], "/api/v1/tenants/nowhere"+request[1], "{}",
			fixedRequestID...)
		want.IsProblem(t, http.StatusBadRequest, "tenant_mismatch")
		for _, tenant := range []string{foreign.Tenant, deleted.Tenant, suspended.Tenant,
			uuid.NewString(), "default", "Not-A-Slug"} {
			got := key.Send(t, request[0], "/api/v1/tenants/"+tenant+request[1], "{}",
				fixedRequestID...)
			require.Equal(t, string(want.Body), string(got.Body), "%s %s", request, tenant)
		}
	}
	// For the super-admin too, a deleted tenant is like an unknown one.
	want := s.Platform().Send(t, http.MethodGet, "/api/v1/tenants/nowhere/export", nil,
		fixedRequestID...)
	want.IsProblem(t, http.StatusNotFound, "tenant_not_found")
	for _, tenant := range []string{deleted.Tenant, uuid.NewString(), "Not-A-Slug"} {
		require.Equal(t, string(want.Body),
			string(s.Platform().Send(t, http.MethodGet, "/api/v1/tenants/"+tenant+"/export", nil,
				fixedRequestID...).Body))
	}
	require.Equal(t, []string{"Tenant " + own.Tenant},
		key.Names(t, "/api/v1/tenants", url.Values{}))
}

func TestKeyRoleLimitsItsRequests(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.Tenant(t)
	c.Put(t, "prompt", "p", map[string]any{})
	bundle := c.Export(t)
	requests := []struct {
		method, path string
		body         any
		needs        tenancy.Permission
		status       int
	}{
		{http.MethodGet, "/api/v1/prompts", nil, tenancy.ResourceRead, http.StatusOK},
		{http.MethodGet, harness.Resource("prompt", "p"), nil, tenancy.ResourceRead,
			http.StatusOK},
		{http.MethodGet, "/api/v1/discovery", nil, tenancy.ResourceRead, http.StatusOK},
		{http.MethodGet, c.TenantPath() + "/export", nil, tenancy.BundleExport, http.StatusOK},
		{http.MethodPut, harness.Resource("prompt", "p"), `{"spec":{}}`, tenancy.ResourceWrite,
			http.StatusOK},
		{http.MethodDelete, harness.Resource("prompt", "none"), nil, tenancy.ResourceWrite,
			http.StatusNotFound},
		{http.MethodPost, c.TenantPath() + "/import", bundle, tenancy.BundleImport, http.StatusOK},
		{http.MethodPost, c.TenantPath() + "/import?dry_run=true", bundle, tenancy.BundleImport,
			http.StatusOK},
		{http.MethodPut, c.TenantPath() + "/secrets/s", `{"value":"x"}`, tenancy.SecretWrite,
			http.StatusNoContent},
		{http.MethodGet, c.TenantPath() + "/secrets", nil, tenancy.SecretRead, http.StatusOK},
		{http.MethodDelete, c.TenantPath() + "/secrets/none", nil, tenancy.SecretWrite,
			http.StatusNotFound},
		{http.MethodGet, c.TenantPath() + "/keys", nil, tenancy.KeyRead, http.StatusOK},
		{http.MethodPost, c.TenantPath() + "/keys", `{"name":"k","role":"admin"}`,
			tenancy.KeyWrite,
			http.StatusCreated},
		{http.MethodPost, "/api/v1/tenants", `{"slug":"new-one","name":"N"}`, tenancy.TenantManage,
			0},
		{http.MethodDelete, c.TenantPath(), nil, tenancy.TenantManage, 0},
	}
	for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin,
		tenancy.Replicator} {
		key := c.Key(t, role)
		for _, r := range requests {
			got := key.Send(t, r.method, r.path, r.body)
			if role.May(r.needs) {
				got.HasStatus(t, r.status)
				continue
			}
			got.IsProblem(t, http.StatusForbidden, "forbidden")
		}
	}
}

func TestKeyIsRefusedWhenRevokedExpiredOrItsTenantIsInactive(t *testing.T) {
	t.Parallel()
	c := serve(t).Tenant(t)
	const list = "/api/v1/agents"
	expires := time.Now().Add(2 * time.Second)
	short := harness.Decode[struct{ Secret string }](t,
		c.Send(t, http.MethodPost, c.TenantPath()+"/keys", map[string]any{
			"name": "short", "role": "viewer", "expires_at": expires}).
			HasStatus(t, http.StatusCreated))
	created := harness.Decode[struct{ ID, Secret string }](t,
		c.Send(t, http.MethodPost, c.TenantPath()+"/keys",
			`{"name":"ci","role":"viewer"}`).HasStatus(t, http.StatusCreated))
	other := c.Key(t, tenancy.Viewer)
	revoked := harness.Caller{Server: c.Server, Token: created.Secret}
	revoked.Get(t, list).HasStatus(t, http.StatusOK)
	listed := c.Get(t, c.TenantPath()+"/keys").HasStatus(t, http.StatusOK)
	require.Contains(t, string(listed.Body), "last_used_at")
	require.NotContains(t, string(listed.Body), created.Secret)
	require.NotContains(t, string(listed.Body), "secret")
	c.Send(t, http.MethodDelete, c.TenantPath()+"/keys/"+created.ID, nil).
		HasStatus(t, http.StatusNoContent)
	revoked.Get(t, list).IsProblem(t, http.StatusUnauthorized, "unauthenticated")

	other.Get(t, list).HasStatus(t, http.StatusOK)
	c.Send(t, http.MethodPut, c.TenantPath(), `{"state":"suspended"}`).HasStatus(t, http.StatusOK)
	other.Get(t, list).IsProblem(t, http.StatusForbidden, "tenant_suspended")
	c.Send(t, http.MethodPut, c.TenantPath(), `{"state":"active"}`).HasStatus(t, http.StatusOK)
	other.Get(t, list).HasStatus(t, http.StatusOK)
	c.Send(t, http.MethodDelete, c.TenantPath(), nil).HasStatus(t, http.StatusNoContent)
	other.Get(t, list).IsProblem(t, http.StatusUnauthorized, "unauthenticated")
	c.Send(t, http.MethodPost, c.TenantPath()+"/restore", nil).HasStatus(t, http.StatusOK)
	other.Get(t, list).HasStatus(t, http.StatusOK)

	time.Sleep(time.Until(expires))
	harness.Caller{Server: c.Server, Token: short.Secret}.Get(t, list).
		IsProblem(t, http.StatusUnauthorized, "unauthenticated")
}

func TestSlugOfDeletedTenantStaysTaken(t *testing.T) {
	t.Parallel()
	s := serve(t)
	root := s.Platform()
	s.TenantNamed(t, "deleted").DeleteTenant(t)
	create := func(slug string) harness.Response {
		return root.Send(t, http.MethodPost, "/api/v1/tenants",
			map[string]any{"slug": slug, "name": "N"})
	}
	create("deleted").IsProblem(t, http.StatusConflict, "slug_taken")
	create(strings.Repeat("a", 63)).HasStatus(t, http.StatusCreated)
	for _, slug := range []string{"default", "www", "api", "admin"} {
		create(slug).IsProblem(t, http.StatusUnprocessableEntity, "slug_reserved")
	}
	for _, slug := range []string{"", "a", "A-B", "ab--c", "-a", "a-", "a.b", "a_b", "münchen",
		uuid.NewString(), strings.Repeat("a", 64)} {
		create(slug).IsProblem(t, http.StatusUnprocessableEntity, "invalid_slug")
	}
	root.Send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"ok","name":"N","slag":"x"}`).
		IsProblem(t, http.StatusUnprocessableEntity, "unknown_field")
	root.Send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"ok","slug":"ko","name":"N"}`).
		IsProblem(t, http.StatusBadRequest, "invalid_json")
	root.Send(t, http.MethodDelete, "/api/v1/tenants/default", nil).
		IsProblem(t, http.StatusConflict, "invalid_state")
	root.Get(t, "/api/v1/tenants/ok").IsProblem(t, http.StatusNotFound, "tenant_not_found")
}
