package httpapitest_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// hostRegistry is a registry whose host has own routes next to the API's.
type hostRegistry struct{ *apitest.Registry }

// newWithHostRoutes mounts the API and one protected route for each permission, such as
// "/host/resource.read". Each answers with the tenant and the caller in its context.
func newWithHostRoutes(t *testing.T, options ...apitest.Option) hostRegistry {
	t.Helper()
	reg := apitest.NewUnserved(t, options...)
	api := reg.Handler.(*httpapi.API)
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	for _, g := range tenancy.Grants() {
		shown := api.Protect(g.Permission, http.HandlerFunc(writeTenantAndCaller))
		mux.Handle("/host/"+string(g.Permission), shown)
		mux.Handle("POST /host/{tenant}/"+string(g.Permission), shown)
	}
	mux.Handle("GET /host/panic", api.Protect(tenancy.ResourceRead,
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a host's fault") })))
	mux.Handle("GET /host/stream", api.Protect(tenancy.ResourceRead,
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, "first")
			w.(http.Flusher).Flush()
		})))
	mux.Handle("GET /host/tenant", api.Protect(tenancy.ResourceRead,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tenant, err := tenancy.TenantFrom(r.Context())
			fmt.Fprintf(w, "%s %s %v", tenant.Slug, tenant.Settings, err)
		})))
	mux.Handle("POST /host/body", api.Protect(tenancy.ResourceWrite,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, r.Body)
			fmt.Fprint(w, err)
		})))
	reg.Server = httptest.NewServer(mux)
	t.Cleanup(reg.Server.Close)
	reg.Client = reg.Server.Client()
	return hostRegistry{reg}
}

func writeTenantAndCaller(w http.ResponseWriter, r *http.Request) {
	tenant, _ := tenancy.FromContext(r.Context())
	fmt.Fprint(w, tenant, " ", tenancy.PrincipalFrom(r.Context()).Kind)
}

// wantSame requires that the host's route answers as the API's own: status, headers and
// body.
func (h hostRegistry) wantSame(t *testing.T, req apitest.Request, hostPath string) {
	t.Helper()
	header := map[string]string{"X-Request-ID": "same"}
	for name, value := range req.Header {
		header[name] = value
	}
	req.Header = header
	want := h.Do(t, req)
	req.Path = hostPath
	got := h.Do(t, req)
	require.GreaterOrEqual(t, want.Status, 400, "%s", want.Body)
	assert.Equal(t, want.Status, got.Status)
	assert.Equal(t, string(want.Body), string(got.Body), "%+v", req)
	assert.Equal(t, plainHeaders(want.Header), plainHeaders(got.Header))
}

func TestProtectedHandlerHasTheWholeTenant(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t)
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme",
		`{"name":"Acme","settings":{"theme":"dark"}}`)).Want(t, http.StatusOK)
	res := reg.Do(t, apitest.Get("acme-viewer", "/host/tenant")).Want(t, http.StatusOK)
	assert.Equal(t, `acme {"theme":"dark"} <nil>`, string(res.Body))

	off := newWithHostRoutes(t, func(o *httpapi.Options) { o.MultiTenant = false })
	res = off.Do(t, apitest.Get("root", "/host/tenant")).Want(t, http.StatusOK)
	assert.Equal(t, "default {} <nil>", string(res.Body))
}

func TestProtectedRouteRefusesAsTheAPIDoes(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t)
	reg.AddTenant(t, "asleep")
	reg.Suspend(t, "asleep")
	reg.AddTenant(t, "gone")
	reg.DeleteTenant(t, "gone")
	const own, hosts = "/api/v1/prompts", "/host/resource.read"
	tenants := []string{"", "acme", "beta", "asleep", "gone", "unknown", "NOT A SLUG", "default",
		reg.Tenants["beta"].ID.String(), "00000000-0000-0000-0000-000000000000"}
	for _, tenant := range tenants {
		for _, as := range []string{"", "Bearer ", "Bearer bwk_nonsense", "Basic cm9vdDpyb290",
			apitest.PlatformToken, "Bearer " + apitest.PlatformToken + "x", "acme-replicator"} {
			reg.wantSame(t, apitest.Request{As: as, Path: own, Tenant: tenant}, hosts)
		}
		if tenant != "" && tenant != "acme" {
			reg.wantSame(t, apitest.Request{As: "acme-admin", Path: own, Tenant: tenant}, hosts)
		}
	}
	for _, req := range []apitest.Request{
		{As: "asleep-viewer", Path: own},
		{As: "gone-viewer", Path: own},
		{As: "root", Path: own},
		{As: "root", Path: own, Tenant: "unknown"},
		{As: "root", Path: own, Tenant: "acme", Host: "beta.registry.test"},
		{As: "acme-viewer", Path: own, Host: "beta.registry.test"},
		{As: "root", Path: own, Tenant: "acme", Header: map[string]string{"X-Reason": "a\tb"}},
	} {
		reg.wantSame(t, req, hosts)
	}
	for _, as := range []string{"acme-viewer", "acme-replicator"} {
		reg.wantSame(t, apitest.Put(as, "/api/v1/prompts/x", apitest.PromptBody),
			"/host/resource.write")
	}
}

func TestProtectedRouteHasTheTenantAndTheCaller(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t)
	for slug, req := range map[string]apitest.Request{
		"acme": {As: "acme-viewer"}, "beta": {As: "root", Tenant: "beta"},
	} {
		req.Path = "/host/resource.read"
		res := reg.Do(t, req).Want(t, http.StatusOK)
		assert.Contains(t, string(res.Body), reg.Tenants[slug].ID.String())
		assert.NotEmpty(t, res.Header.Get("X-Request-ID"))
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	}
	path := "/host/acme/resource.write"
	reg.Do(t, apitest.Post("acme-editor", path, "")).Want(t, http.StatusOK)
	reg.Do(t, apitest.Post("beta-editor", path, "")).
		WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
}

func TestProtectedRouteAllowsExactlyTheRolesOfItsPermission(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t)
	for _, g := range tenancy.Grants() {
		path := "/host/" + string(g.Permission)
		for _, role := range tenancy.Roles() {
			res := reg.Do(t, apitest.Get("acme-"+string(role), path))
			if role.May(g.Permission) {
				res.Want(t, http.StatusOK)
				continue
			}
			res.WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
		}
		req := apitest.Get("root", path)
		if len(g.Roles) > 0 {
			req.Tenant = "acme"
		}
		reg.Do(t, req).Want(t, http.StatusOK)
	}
}

func TestProtectedRouteIsAudited(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t)
	reg.Do(t, apitest.Get("acme-viewer", "/host/resource.write")).Want(t, http.StatusForbidden)
	e := newestEntry(t, reg.Registry, "acme")
	assert.Equal(t, tenancy.Denied, e.Outcome)
	assert.Equal(t, "GET /host/resource.write", e.Target.Name)
	reg.Do(t, apitest.Request{As: "root", Method: "POST", Path: "/host/acme/resource.write",
		Header: map[string]string{"X-Reason": "a repair"}}).Want(t, http.StatusOK)
	e = newestEntry(t, reg.Registry, "acme")
	assert.Equal(t, "POST /host/{tenant}/resource.write", e.Target.Name)
	assert.Contains(t, string(e.Details), "a repair")
	reg.Do(t, apitest.Get("", "/host/resource.read")).Want(t, http.StatusUnauthorized)
	assert.Equal(t, "GET /host/resource.read", platformEntries(t, reg.Registry)[0].Target.Name)
}

func TestProtectedRouteAcceptsSessionsOfItsOwnOriginOnly(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t, withCheapHashing)
	addUserWithPassword(t, reg.Registry, "ada", tenancy.Editor)
	cookie := signIn(t, reg.Registry, "ada")
	write := apitest.Post("", "/host/acme/resource.write", "")
	reg.Do(t, write.WithCookie(cookie)).Want(t, http.StatusOK)
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"}} {
		reg.Do(t, write.WithCookie(cookie, header...)).
			WantProblem(t, http.StatusForbidden, httpapi.CodeCrossOrigin)
	}
	reg.Do(t, apitest.Post("", "/host/beta/resource.write", "").WithCookie(cookie)).
		WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
}

func TestProtectedRouteCountsAgainstTheRequestQuota(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t)
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/acme",
		`{"quotas":{"requests_per_second":0.001}}`)).Want(t, http.StatusOK)
	reg.Do(t, apitest.Get("acme-viewer", "/host/resource.read")).Want(t, http.StatusOK)
	reg.wantSame(t, apitest.Get("acme-viewer", "/api/v1/prompts"), "/host/resource.read")
}

func TestProtectedRouteLimitsTheBodyAndCatchesPanics(t *testing.T) {
	t.Parallel()
	reg := newWithHostRoutes(t, func(o *httpapi.Options) { o.ResourceLimit = 100 })
	long := strings.Repeat("x", 101)
	reg.Do(t, apitest.Post("acme-editor", "/host/body", long)).
		WantProblem(t, http.StatusRequestEntityTooLarge, tenancy.CodeTooLarge)
	req := reg.NewRequest(t.Context(), t, apitest.Post("acme-editor", "/host/body", long))
	req.ContentLength = -1 // sends chunks
	res, err := reg.Client.Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	seen, _ := io.ReadAll(res.Body)
	assert.Contains(t, string(seen), "too large")
	reg.Do(t, apitest.Get("acme-viewer", "/host/panic")).
		WantProblem(t, http.StatusInternalServerError, tenancy.CodeInternal)
	reg.Do(t, apitest.Get("acme-viewer", "/host/stream?a=1&a=2")).Want(t, http.StatusOK)
}

func TestProtectRefusesUnknownPermissions(t *testing.T) {
	t.Parallel()
	api := apitest.NewUnserved(t).Handler.(*httpapi.API)
	for _, p := range []tenancy.Permission{"", "resource.raed", "*"} {
		assert.Panics(t, func() { api.Protect(p, http.NotFoundHandler()) })
	}
	assert.Panics(t, func() { api.Protect(tenancy.ResourceRead, nil) })
}
