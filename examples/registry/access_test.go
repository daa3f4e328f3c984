package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// fixedRequestID is a header that makes two responses comparable byte for byte.
var fixedRequestID = []string{"X-Request-ID", "same"}

func TestEveryTenantSourceMustNameTheSameTenant(t *testing.T) {
	t.Parallel()
	s := serve(t)
	staging, production := s.tenantNamed(t, "staging"), s.tenantNamed(t, "production")
	staging.put(t, "agent", "bot", map[string]any{})
	viewer := staging.key(t, tenancy.Viewer)
	root := s.platform()
	const list = "/api/v1/agents"
	for name, c := range map[string]caller{
		"header":               {token: platform, tenant: "staging"},
		"subdomain":            {token: platform, host: "staging.localhost"},
		"subdomain with port":  {token: platform, host: "staging.localhost:8080"},
		"uppercase subdomain":  {token: platform, host: "STAGING.LocalHost"},
		"subdomain and header": {token: platform, host: "staging.localhost", tenant: "staging"},
		"key":                  {token: viewer.token},
		"key and header":       {token: viewer.token, tenant: "staging"},
		"key and subdomain":    {token: viewer.token, host: "staging.localhost"},
	} {
		c.server = s
		require.Equal(t, []string{"bot"}, c.names(t, list, url.Values{}), name)
	}
	root.get(t, list).isProblem(t, http.StatusBadRequest, "tenant_required")
	for name, c := range map[string]caller{
		"subdomain against header": {token: platform, host: "staging.localhost",
			tenant: "production"},
		"header against subdomain": {token: platform, host: "production.localhost",
			tenant: "staging"},
		"unknown against known": {token: platform, host: "staging.localhost", tenant: "nowhere"},
		"key against header":    {token: viewer.token, tenant: "production"},
		"key against subdomain": {token: viewer.token, host: "production.localhost"},
	} {
		c.server = s
		before := production.export(t)
		c.get(t, list).isProblem(t, http.StatusBadRequest, "tenant_mismatch")
		c.send(t, http.MethodPut, resource("agent", "intruder"), `{"spec":{}}`).
			isProblem(t, http.StatusBadRequest, "tenant_mismatch")
		require.Equal(t, string(before), string(production.export(t)), name)
	}
	staging.get(t, "/api/v1/tenants/production/export").
		isProblem(t, http.StatusBadRequest, "tenant_mismatch")
	viewer.get(t, "/api/v1/tenants/production/export").
		isProblem(t, http.StatusBadRequest, "tenant_mismatch")
	viewer.get(t, "/api/v1/tenants/staging/export").hasStatus(t, http.StatusOK)
}

func TestUnauthenticatedCallerLearnsNothingAboutTenants(t *testing.T) {
	t.Parallel()
	s := serve(t)
	active, deleted, suspended := s.tenant(t), s.tenant(t), s.tenant(t)
	deleted.deleteTenant(t)
	suspended.suspendTenant(t)
	for _, token := range []string{"", "bwk_nonsense", tenancy.NewKeySecret(), platform + "x",
		platform[:len(platform)-1]} {
		for _, request := range [][2]string{
			{http.MethodGet, "/api/v1/agents"}, {http.MethodPut, "/api/v1/agents/x"},
			{http.MethodGet, "/api/v1/tenants"},
			{http.MethodGet, "/api/v1/discovery"}, {http.MethodGet, "/api/v1/me"},
			{http.MethodPost, "/api/v1/tenants"},
		} {
			want := caller{server: s, token: token}.send(t, request[0], request[1], nil,
				fixedRequestID...)
			want.isProblem(t, http.StatusUnauthorized, "unauthenticated")
			for _, tenant := range []string{active.tenant, deleted.tenant, suspended.tenant,
				"nowhere",
				"NO SLUG"} {
				got := caller{server: s, token: token, tenant: tenant}.send(t, request[0],
					request[1],
					nil, fixedRequestID...)
				require.Equal(t, string(want.body), string(got.body))
			}
		}
		for _, tenant := range []string{active.tenant, deleted.tenant, suspended.tenant, "nowhere",
			"NO%20SLUG"} {
			got := caller{server: s, token: token}.send(t, http.MethodGet,
				"/api/v1/tenants/"+tenant+"/export", nil, fixedRequestID...)
			got.isProblem(t, http.StatusUnauthorized, "unauthenticated")
		}
	}
}

func TestKeyLearnsNothingAboutOtherTenants(t *testing.T) {
	t.Parallel()
	s := serve(t)
	own, foreign, deleted, suspended := s.tenant(t), s.tenant(t), s.tenant(t), s.tenant(t)
	key := own.key(t, tenancy.Admin)
	deleted.deleteTenant(t)
	suspended.suspendTenant(t)
	for _, request := range [][2]string{
		{http.MethodGet, ""}, {http.MethodPut, ""}, {http.MethodDelete, ""},
		{http.MethodGet, "/export"}, {http.MethodPost, "/import"}, {http.MethodGet, "/keys"},
	} {
		want := key.send(t, request[0], "/api/v1/tenants/nowhere"+request[1], "{}",
			fixedRequestID...)
		want.isProblem(t, http.StatusBadRequest, "tenant_mismatch")
		for _, tenant := range []string{foreign.tenant, deleted.tenant, suspended.tenant,
			uuid.NewString(), "default", "Not-A-Slug"} {
			got := key.send(t, request[0], "/api/v1/tenants/"+tenant+request[1], "{}",
				fixedRequestID...)
			require.Equal(t, string(want.body), string(got.body), "%s %s", request, tenant)
		}
	}
	// For the super-admin too, a deleted tenant is like an unknown one.
	want := s.platform().send(t, http.MethodGet, "/api/v1/tenants/nowhere/export", nil,
		fixedRequestID...)
	want.isProblem(t, http.StatusNotFound, "tenant_not_found")
	for _, tenant := range []string{deleted.tenant, uuid.NewString(), "Not-A-Slug"} {
		require.Equal(t, string(want.body),
			string(s.platform().send(t, http.MethodGet, "/api/v1/tenants/"+tenant+"/export", nil,
				fixedRequestID...).body))
	}
	require.Equal(t, []string{"Tenant " + own.tenant},
		key.names(t, "/api/v1/tenants", url.Values{}))
}

func TestKeyRoleLimitsItsRequests(t *testing.T) {
	t.Parallel()
	s := serve(t)
	c := s.tenant(t)
	c.put(t, "prompt", "p", map[string]any{})
	bundle := c.export(t)
	requests := []struct {
		method, path string
		body         any
		needs        tenancy.Permission
		status       int
	}{
		{http.MethodGet, "/api/v1/prompts", nil, tenancy.ReadResources, http.StatusOK},
		{http.MethodGet, resource("prompt", "p"), nil, tenancy.ReadResources, http.StatusOK},
		{http.MethodGet, "/api/v1/discovery", nil, tenancy.ReadResources, http.StatusOK},
		{http.MethodGet, c.tenantPath() + "/export", nil, tenancy.Export, http.StatusOK},
		{http.MethodPut, resource("prompt", "p"), `{"spec":{}}`, tenancy.WriteResources,
			http.StatusOK},
		{http.MethodDelete, resource("prompt", "none"), nil, tenancy.WriteResources,
			http.StatusNotFound},
		{http.MethodPost, c.tenantPath() + "/import", bundle, tenancy.Import, http.StatusOK},
		{http.MethodPost, c.tenantPath() + "/import?dry_run=true", bundle, tenancy.Import,
			http.StatusOK},
		{http.MethodPut, c.tenantPath() + "/secrets/s", `{"value":"x"}`, tenancy.WriteSecrets,
			http.StatusNoContent},
		{http.MethodGet, c.tenantPath() + "/keys", nil, tenancy.ReadKeys, http.StatusOK},
		{http.MethodPost, c.tenantPath() + "/keys", `{"name":"k","role":"admin"}`,
			tenancy.WriteKeys,
			http.StatusCreated},
		{http.MethodPost, "/api/v1/tenants", `{"slug":"new-one","name":"N"}`, tenancy.ManageTenants,
			0},
		{http.MethodDelete, c.tenantPath(), nil, tenancy.ManageTenants, 0},
	}
	for _, role := range []tenancy.Role{tenancy.Viewer, tenancy.Editor, tenancy.Admin,
		tenancy.Replicator} {
		key := c.key(t, role)
		for _, r := range requests {
			got := key.send(t, r.method, r.path, r.body)
			if role.May(r.needs) {
				got.hasStatus(t, r.status)
				continue
			}
			got.isProblem(t, http.StatusForbidden, "forbidden")
		}
	}
}

func TestKeyIsRefusedWhenRevokedExpiredOrItsTenantIsInactive(t *testing.T) {
	t.Parallel()
	c := serve(t).tenant(t)
	const list = "/api/v1/agents"
	expires := time.Now().Add(2 * time.Second)
	short := decode[struct{ Secret string }](t,
		c.send(t, http.MethodPost, c.tenantPath()+"/keys", map[string]any{
			"name": "short", "role": "viewer", "expires_at": expires}).
			hasStatus(t, http.StatusCreated))
	created := decode[struct{ ID, Secret string }](t,
		c.send(t, http.MethodPost, c.tenantPath()+"/keys",
			`{"name":"ci","role":"viewer"}`).hasStatus(t, http.StatusCreated))
	other := c.key(t, tenancy.Viewer)
	revoked := caller{server: c.server, token: created.Secret}
	revoked.get(t, list).hasStatus(t, http.StatusOK)
	listed := c.get(t, c.tenantPath()+"/keys").hasStatus(t, http.StatusOK)
	require.Contains(t, string(listed.body), "last_used_at")
	require.NotContains(t, string(listed.body), created.Secret)
	require.NotContains(t, string(listed.body), "secret")
	c.send(t, http.MethodDelete, c.tenantPath()+"/keys/"+created.ID, nil).
		hasStatus(t, http.StatusNoContent)
	revoked.get(t, list).isProblem(t, http.StatusUnauthorized, "unauthenticated")

	other.get(t, list).hasStatus(t, http.StatusOK)
	c.send(t, http.MethodPut, c.tenantPath(), `{"state":"suspended"}`).hasStatus(t, http.StatusOK)
	other.get(t, list).isProblem(t, http.StatusForbidden, "tenant_suspended")
	c.send(t, http.MethodPut, c.tenantPath(), `{"state":"active"}`).hasStatus(t, http.StatusOK)
	other.get(t, list).hasStatus(t, http.StatusOK)
	c.send(t, http.MethodDelete, c.tenantPath(), nil).hasStatus(t, http.StatusNoContent)
	other.get(t, list).isProblem(t, http.StatusUnauthorized, "unauthenticated")
	c.send(t, http.MethodPost, c.tenantPath()+"/restore", nil).hasStatus(t, http.StatusOK)
	other.get(t, list).hasStatus(t, http.StatusOK)

	time.Sleep(time.Until(expires))
	caller{server: c.server, token: short.Secret}.get(t, list).
		isProblem(t, http.StatusUnauthorized, "unauthenticated")
}

func TestSlugOfDeletedTenantStaysTaken(t *testing.T) {
	t.Parallel()
	s := serve(t)
	root := s.platform()
	s.tenantNamed(t, "deleted").deleteTenant(t)
	create := func(slug string) response {
		return root.send(t, http.MethodPost, "/api/v1/tenants",
			map[string]any{"slug": slug, "name": "N"})
	}
	create("deleted").isProblem(t, http.StatusConflict, "slug_taken")
	create(strings.Repeat("a", 63)).hasStatus(t, http.StatusCreated)
	for _, slug := range []string{"default", "www", "api", "admin"} {
		create(slug).isProblem(t, http.StatusUnprocessableEntity, "slug_reserved")
	}
	for _, slug := range []string{"", "a", "A-B", "ab--c", "-a", "a-", "a.b", "a_b", "münchen",
		uuid.NewString(), strings.Repeat("a", 64)} {
		create(slug).isProblem(t, http.StatusUnprocessableEntity, "invalid_slug")
	}
	root.send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"ok","name":"N","slag":"x"}`).
		isProblem(t, http.StatusUnprocessableEntity, "unknown_field")
	root.send(t, http.MethodPost, "/api/v1/tenants", `{"slug":"ok","slug":"ko","name":"N"}`).
		isProblem(t, http.StatusBadRequest, "invalid_json")
	root.send(t, http.MethodDelete, "/api/v1/tenants/default", nil).
		isProblem(t, http.StatusConflict, "invalid_state")
	root.get(t, "/api/v1/tenants/ok").isProblem(t, http.StatusNotFound, "tenant_not_found")
}
