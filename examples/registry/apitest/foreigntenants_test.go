package apitest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// TestKeyGetsEqualResponsesForForeignAndUnknownTenants compares whole responses except
// their date, for every way of naming a tenant.
func TestKeyGetsEqualResponsesForForeignAndUnknownTenants(t *testing.T) {
	t.Parallel()
	s := serve(t)
	own, active, deleted, suspended := s.Tenant(t), s.Tenant(t), s.Tenant(t), s.Tenant(t)
	key := own.Key(t, tenancy.Admin)
	ids := map[string]string{"nowhere": uuid.NewString()}
	for _, c := range []harness.Caller{active, deleted, suspended} {
		ids[c.Tenant] = harness.Decode[struct{ ID string }](t,
			c.Get(t, c.TenantPath()).HasStatus(t, http.StatusOK)).ID
	}
	deleted.DeleteTenant(t)
	suspended.SuspendTenant(t)

	for _, token := range []string{"", key.Token} {
		type request = func(slug, id string) (c harness.Caller, path string)
		for source, request := range map[string]request{
			"host": func(slug, _ string) (harness.Caller, string) {
				return harness.Caller{Host: slug + ".localhost"}, "/api/v1/agents"
			},
			"header with slug": func(slug, _ string) (harness.Caller, string) {
				return harness.Caller{Tenant: slug}, "/api/v1/agents"
			},
			"header with id": func(_, id string) (harness.Caller, string) {
				return harness.Caller{Tenant: id}, "/api/v1/discovery"
			},
			"host and header with id": func(slug, id string) (harness.Caller, string) {
				return harness.Caller{Host: slug + ".localhost", Tenant: id}, "/api/v1/agents/x"
			},
			"path with slug": func(slug, _ string) (harness.Caller, string) {
				return harness.Caller{}, "/api/v1/tenants/" + slug
			},
			"path with id": func(_, id string) (harness.Caller, string) {
				return harness.Caller{}, "/api/v1/tenants/" + id + "/export"
			},
			"path with slug and header with id": func(slug, id string) (harness.Caller, string) {
				return harness.Caller{Tenant: id}, "/api/v1/tenants/" + slug + "/keys"
			},
			"own path and header with id": func(_, id string) (harness.Caller, string) {
				return harness.Caller{Tenant: id}, own.TenantPath() + "/keys"
			},
		} {
			send := func(slug string) harness.Response {
				c, path := request(slug, ids[slug])
				c.Server, c.Token = s, token
				got := c.Send(t, http.MethodGet, path, nil, fixedRequestID...)
				got.Header.Del("Date")
				return got
			}
			for range 2 { // the second round checks the responses from the caches
				want := send("nowhere")
				require.Contains(t, []int{http.StatusBadRequest, http.StatusUnauthorized},
					want.Status, "%s: %s", source, want.Body)
				require.Equal(t, "no-store", want.Header.Get("Cache-Control"))
				for _, slug := range []string{active.Tenant, deleted.Tenant, suspended.Tenant} {
					require.Equal(t, want, send(slug), "tenant from %s", source)
				}
			}
		}
	}
}

// TestInvalidHostIsNotServed sends Host headers that client libraries don't send, as the
// super-admin, some with a second tenant.
func TestInvalidHostIsNotServed(t *testing.T) {
	t.Parallel()
	s := serve(t)
	s.TenantNamed(t, "staging")
	s.TenantNamed(t, "production")
	address, err := url.Parse(s.URL)
	require.NoError(t, err)
	const ok, badRequest, notFound = http.StatusOK, http.StatusBadRequest, http.StatusNotFound
	for lines, status := range map[string]int{
		"Host: staging.localhost\r\n":     ok,
		"Host: STAGING.localhost.:80\r\n": ok,
		// The client isn't a trusted proxy, so X-Forwarded-Host is ignored.
		"Host: staging.localhost\r\nX-Forwarded-Host: production.localhost\r\n": ok,
		"Host: staging.localhost\r\nHost: production.localhost\r\n":             badRequest,
		"Host: staging.localhost,production.localhost\r\n":                      notFound,
		"Host: staging%2elocalhost\r\n":                                         notFound,
		"Host: a.staging.localhost\r\n":                                         notFound,
		"Host: xn--staging.localhost\r\n":                                       notFound,
		"Host: staging.localhost:http\r\n":                                      notFound,
		"Host: [::1]:80\r\n":                                                    badRequest,
		"Host: staging.localhost\r\nX-Tenant-ID: production\r\n":                badRequest,
		"Host: staging%2elocalhost\r\nX-Tenant-ID: production\r\n":              badRequest,
		"Host: a.staging.localhost\r\nX-Tenant-ID: production\r\n":              badRequest,
		"Host: localhost\r\nX-Tenant-ID: staging, production\r\n":               notFound,
		"Host: localhost\r\nX-Tenant-ID: a\r\nX-Tenant-ID: staging\r\n":         badRequest,
	} {
		conn, err := net.Dial("tcp", address.Host)
		require.NoError(t, err)
		_, err = io.WriteString(conn, "GET /api/v1/discovery HTTP/1.1\r\n"+lines+
			"Authorization: Bearer "+harness.Platform+"\r\nConnection: close\r\n\r\n")
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		require.Equal(t, status, res.StatusCode, "%q: %s", lines, body)
		require.False(t, strings.Contains(string(body), `"slug":"production"`),
			"%q was served production: %s", lines, body)
	}
}
