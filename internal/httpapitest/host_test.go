package httpapitest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestHostHandlerRunsOnlyForAResolvedTenant(t *testing.T) {
	t.Parallel()
	reg := apitest.NewUnserved(t)
	reg.AddTenant(t, "asleep")
	reg.Suspend(t, "asleep")
	tenants := resolve.New(reg.Services.Tenants, resolve.Options{BaseDomain: "notes.example.com"})
	member := tenancy.Principal{Kind: tenancy.UserPrincipal, Roles: map[tenancy.ID]tenancy.Role{
		reg.Tenants["acme"].ID: tenancy.Viewer, reg.Tenants["asleep"].ID: tenancy.Viewer,
	}}
	key := tenancy.Principal{Kind: tenancy.KeyPrincipal, KeyTenant: reg.Tenants["acme"].ID,
		Roles: member.Roles}
	cases := []struct {
		name, host, header string
		caller             tenancy.Principal
		code               tenancy.Code
	}{
		{"by host", "acme.notes.example.com", "", tenancy.Principal{}, ""},
		{"by header", "notes.example.com", "acme", tenancy.Principal{}, ""},
		{"by key", "notes.example.com", "", key, ""},
		{"a member", "acme.notes.example.com", "", member, ""},
		{"nothing", "notes.example.com", "", tenancy.Principal{}, tenancy.CodeNoTenant},
		{"unknown", "unknown.notes.example.com", "", tenancy.Principal{},
			tenancy.CodeTenantNotFound},
		{"a mismatch", "acme.notes.example.com", "beta", tenancy.Principal{},
			tenancy.CodeTenantMismatch},
		{"a key elsewhere", "beta.notes.example.com", "", key, tenancy.CodeTenantMismatch},
		{"no member", "beta.notes.example.com", "", member, tenancy.CodeTenantNotFound},
		{"suspended, member", "asleep.notes.example.com", "", member,
			tenancy.CodeTenantSuspended},
		{"suspended, anonymous caller", "asleep.notes.example.com", "", tenancy.Principal{},
			tenancy.CodeTenantNotFound},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequestWithContext(tenancy.WithPrincipal(t.Context(), c.caller),
				"GET", "http://"+c.host+"/notes", nil)
			if c.header != "" {
				req.Header.Set("X-Tenant-ID", c.header)
			}
			rec := httptest.NewRecorder()
			httpapi.Tenant(tenants)(http.HandlerFunc(apitest.WriteTenant)).ServeHTTP(rec, req)
			res := apitest.Response{Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes()}
			if c.code != "" {
				assert.Equal(t, c.code, res.WantProblem(t, res.Status, c.code).Code)
				return
			}
			assert.Equal(t, reg.Tenants["acme"].ID.String()+" <nil> true", rec.Body.String())
		})
	}
}

func TestHandlerWorksUnderAnyPrefix(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/registry", "/a/b-c"} {
		t.Run("at "+prefix, func(t *testing.T) {
			t.Parallel()
			reg := apitest.NewUnserved(t, func(o *httpapi.Options) { o.Prefix = prefix })
			mux := http.NewServeMux()
			mux.Handle(prefix+"/api/v1/", reg.Handler)
			mux.HandleFunc("GET /notes", apitest.WriteTenant)
			send := func(method, path, body string) *httptest.ResponseRecorder {
				req := httptest.NewRequestWithContext(t.Context(), method, path,
					strings.NewReader(body))
				req.Header.Set("Authorization", "Bearer "+reg.Tokens["acme-editor"])
				rec := httptest.NewRecorder()
				mux.ServeHTTP(rec, req)
				return rec
			}
			for _, name := range []string{"plain", "io.github.acme%2Fweather", "%2e%2e", "%2F",
				"a%2F..%2Fb"} {
				created := send("PUT", prefix+"/api/v1/prompts/"+name, apitest.PromptBody)
				require.Equal(t, 201, created.Code, "%s: %s", name, created.Body)
				location := created.Header().Get("Location")
				assert.True(t, strings.HasPrefix(location, prefix+"/api/v1/prompts/"))
				assert.Equal(t, 200, send("GET", location, "").Code, location)
			}
			assert.Equal(t, 404, send("GET", prefix+"/api/v1/nothing", "").Code)
			assert.Equal(t, 405, send("PATCH", prefix+"/api/v1/prompts", "").Code)
			assert.Contains(t, send("GET", prefix+"/api/v1/openapi.json", "").Body.String(),
				`"url":"`+prefix+`/"`)
		})
	}
}

func TestZeroOptionsServeTheDefaultTenantToKeys(t *testing.T) {
	t.Parallel()
	reg := apitest.NewUnserved(t)
	handler := httpapi.New(reg.Services, httpapi.Options{})
	token := reg.AddKey(t, tenancy.DefaultID, tenancy.Editor)
	for path, status := range map[string]int{"/api/v1/prompts": 200, "/api/v1/tenants/default": 200,
		"/api/v1/tenants/acme": 404, "/readyz": 200, "/api/v1/discovery": 200} {
		req := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		req.Header.Set("Authorization", "Bearer "+token)
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, req)
		assert.Equal(t, status, rec.Code, "%s: %s", path, rec.Body)
	}
	req := httptest.NewRequestWithContext(t.Context(), "GET", "/api/v1/prompts", nil)
	req.Header.Set("Authorization", "Bearer "+apitest.PlatformToken)
	rec := httptest.NewRecorder()
	handler.ServeHTTP(rec, req)
	assert.Equal(t, 401, rec.Code, "without a hash no token is the platform token")
}
