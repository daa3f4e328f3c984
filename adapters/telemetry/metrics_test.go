package telemetry_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestRequestsAreCountedByPattern(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telemetry.Options{})
	_, key := w.tenant(t, "acme", tenancy.Editor)
	for _, name := range []string{"a", "b", "c%2Fd"} {
		require.Equal(t, 201, w.send("PUT", "/api/v1/notes/"+name, key).Code)
	}
	require.Equal(t, 404, w.send("GET", "/api/v1/notes/none", key).Code)
	require.Equal(t, 401, w.send("GET", "/api/v1/notes", "").Code)
	require.Equal(t, 404, w.send("GET", "/nowhere", "").Code)
	require.Equal(t, 405, w.send("BREW", "/api/v1/notes", key).Code)

	m := w.scrape(t, "")
	assert.Equal(t, metrics{
		`bailiwick_http_requests_total{method="PUT",route="/api/v1/notes/{name}",status="201"}`: 3,
		`bailiwick_http_requests_total{method="GET",route="/api/v1/notes/{name}",status="404"}`: 1,
		`bailiwick_http_requests_total{method="GET",route="/api/v1/notes",status="401"}`:        1,
		`bailiwick_http_requests_total{method="GET",route="none",status="404"}`:                 1,
		`bailiwick_http_requests_total{method="other",route="none",status="405"}`:               1,
	}, m.named("bailiwick_http_requests_total"))
	assert.Equal(t, metrics{
		`bailiwick_http_refusals_total{code="not_found"}`:          2,
		`bailiwick_http_refusals_total{code="unauthenticated"}`:    1,
		`bailiwick_http_refusals_total{code="method_not_allowed"}`: 1,
	}, m.named("bailiwick_http_refusals_total"))
	assert.Equal(t, 3.0, m["bailiwick_http_request_duration_seconds_count"+
		`{method="PUT",route="/api/v1/notes/{name}"}`])
	assert.Equal(t, 1.0, m["bailiwick_http_requests_in_flight"], "the scrape itself")
}

func TestResolverMetricsAreExposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telemetry.Options{})
	_, key := w.tenant(t, "acme", tenancy.Viewer)
	for range 3 {
		require.Equal(t, 200, w.send("GET", "/api/v1/notes", key).Code)
	}
	assert.Equal(t, metrics{
		`bailiwick_resolution_lookups_total{result="hit"}`:  2,
		`bailiwick_resolution_lookups_total{result="miss"}`: 1,
		`bailiwick_resolution_failures_total`:               0,
		`bailiwick_resolution_evictions_total`:              0,
	}, w.scrape(t, "").named("bailiwick_resolution"))
}

func TestTenantMetricsAreOnlyForSuperAdmin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telemetry.Options{})
	acme, key := w.tenant(t, "acme", tenancy.Admin)
	require.Equal(t, 200, w.send("GET", "/api/v1/notes", key).Code)
	require.Equal(t, 404, w.send("GET", "/api/v1/notes/none", key).Code)
	require.Equal(t, 200, w.send("GET", "/api/v1/tenants/acme", platformToken).Code)
	_, foreign := w.tenant(t, "beta", tenancy.Admin)

	for name, token := range map[string]string{"anonymous": "", "the tenant's admin": key,
		"another tenant's admin": foreign} {
		visible := w.scrape(t, token)
		assert.NotContains(t, visible.text(), "tenant=", name)
		assert.NotContains(t, visible.text(), acme.String(), name)
		assert.NotContains(t, visible.text(), "acme", name)
		assert.Empty(t, visible.named("go_"), name)
		assert.NotEmpty(t, visible.named("bailiwick_http_requests_total"), name)
	}
	for name, forged := range map[string][]string{
		"a wrong token":  {"Authorization", "Bearer " + platformToken + "x"},
		"no token":       {"Authorization", "Bearer "},
		"another scheme": {"Authorization", "Basic " + platformToken},
		"two tokens":     {"Authorization", "Bearer x", "Authorization", "Bearer " + platformToken},
	} {
		rec := w.send("GET", "/metrics", "", forged...)
		assert.Equal(t, 401, rec.Code, name)
		assert.NotContains(t, rec.Body.String(), "bailiwick_", name)
	}
	for _, r := range []*httptest.ResponseRecorder{
		w.send("GET", "/metrics", "", "Accept",
			"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;"+
				"encoding=delimited"),
		w.send("GET", "/metrics", "", "X-Tenant-ID", "acme", "Cookie",
			"Authorization="+platformToken),
	} {
		assert.NotContains(t, r.Body.String(), acme.String())
		assert.True(t, strings.HasPrefix(r.Header().Get("Content-Type"), "text/plain"))
		assert.Equal(t, "no-store", r.Header().Get("Cache-Control"))
	}

	all := w.scrape(t, platformToken)
	assert.Equal(t, metrics{
		`bailiwick_tenant_requests_total{outcome="ok",tenant="` + acme.String() + `"}`:      2,
		`bailiwick_tenant_requests_total{outcome="refused",tenant="` + acme.String() + `"}`: 1,
	}, all.named("bailiwick_tenant_requests_total"))
	assert.Len(t, all.named("bailiwick_tenant_request_seconds_total"), 1)
	assert.NotEmpty(t, all.named("go_goroutines"))
	assert.NotEmpty(t, all.named("bailiwick_http_requests_total"))
}

func TestInputOfCallerCreatesNoSeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telemetry.Options{})
	acme, key := w.tenant(t, "acme", tenancy.Viewer)
	beta, _ := w.tenant(t, "beta", tenancy.Viewer)
	attack := func() {
		for i := range 50 {
			id := tenancy.NewID().String()
			w.send("GET", "/api/v1/notes", "", "X-Tenant-ID", id)
			w.send("GET", "/api/v1/notes", key, "X-Tenant-ID", id)
			w.send("GET", "/api/v1/notes", key, "X-Tenant-ID", "beta")
			w.send("GET", "/api/v1/tenants/"+beta.String(), key)
			w.send("GET", "/api/v1/tenants/"+id, platformToken)
			w.send("DELETE", "/api/v1/tenants/acme", key) // a viewer may not delete
			w.send(fmt.Sprintf("BREW%d", i), "/api/v1/notes", key)
			w.send("GET", fmt.Sprintf("/%d/api", i), key)
			w.send("GET", fmt.Sprintf("/api/v1/notes/%d?q=%d", i, i), "bwk_"+id)
		}
	}
	attack()
	before := w.scrape(t, platformToken)
	attack()
	after := w.scrape(t, platformToken)
	assert.Len(t, after.named("bailiwick_http"), len(before.named("bailiwick_http"))+1+16+2,
		"the scrape adds its status, histogram, sum and count")
	assert.Empty(t, after.named("bailiwick_tenant"))
	assert.NotContains(t, after.text(), acme.String())
	assert.NotContains(t, after.text(), "BREW")
}

func TestTenantsBeyondTheLimitAreCountedAsOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telemetry.Options{MaxTenants: 2})
	var ids []tenancy.ID
	var keys []string
	for i := range 5 {
		id, key := w.tenant(t, tenancy.Slug(fmt.Sprintf("tenant-%d", i)), tenancy.Viewer)
		ids, keys = append(ids, id), append(keys, key)
	}
	for range 3 {
		for _, key := range keys {
			require.Equal(t, 200, w.send("GET", "/api/v1/notes", key).Code)
		}
	}
	assert.Equal(t, metrics{
		`bailiwick_tenant_requests_total{outcome="ok",tenant="` + ids[0].String() + `"}`: 3,
		`bailiwick_tenant_requests_total{outcome="ok",tenant="` + ids[1].String() + `"}`: 3,
		`bailiwick_tenant_requests_total{outcome="ok",tenant="other"}`:                   9,
	}, w.scrape(t, platformToken).named("bailiwick_tenant_requests_total"))
}

func TestRoutesOfHostAreCounted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, telemetry.Options{})
	tenant := tenancy.NewID()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /notes/{id}", func(_ http.ResponseWriter, r *http.Request) {
		ctx := tenancy.NewContext(tenancy.WithPrincipal(r.Context(),
			tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "7"}), tenant)
		w.telemetry.Observe(ctx, "")
	})
	mux.HandleFunc("GET /public", func(_ http.ResponseWriter, r *http.Request) {
		// Anonymous: any caller may send this tenant.
		w.telemetry.Observe(tenancy.NewContext(r.Context(), tenancy.NewID()), "")
	})
	mux.HandleFunc("GET /panic",
		func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	mux.HandleFunc("GET /late/panic", func(rw http.ResponseWriter, _ *http.Request) {
		rw.WriteHeader(http.StatusEarlyHints)
		rw.WriteHeader(http.StatusAccepted)
		panic(http.ErrAbortHandler)
	})
	mux.Handle("GET /slow", http.TimeoutHandler(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			<-r.Context().Done()
			w.telemetry.Observe(r.Context(), "late")
		}), time.Millisecond, ""))
	handler := w.telemetry.Middleware(mux)
	for _, path := range []string{"/notes/1", "/notes/2", "/public", "/panic", "/late/panic",
		"/slow", "/none"} {
		func() {
			defer func() { _ = recover() }()
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil))
		}()
	}
	m := w.scrape(t, platformToken)
	assert.Equal(t, metrics{
		`bailiwick_http_requests_total{method="GET",route="/notes/{id}",status="200"}`: 2,
		`bailiwick_http_requests_total{method="GET",route="/public",status="200"}`:     1,
		`bailiwick_http_requests_total{method="GET",route="/panic",status="500"}`:      1,
		`bailiwick_http_requests_total{method="GET",route="/late/panic",status="202"}`: 1,
		`bailiwick_http_requests_total{method="GET",route="/slow",status="503"}`:       1,
		`bailiwick_http_requests_total{method="GET",route="none",status="404"}`:        1,
	}, m.named("bailiwick_http_requests_total"))
	assert.Equal(t, metrics{`bailiwick_tenant_requests_total{outcome="ok",tenant="` +
		tenant.String() + `"}`: 2}, m.named("bailiwick_tenant_requests_total"))
}

func TestResponseCanBeFlushedThroughMiddleware(t *testing.T) {
	t.Parallel()
	observed := telemetry.New(telemetry.Options{})
	release := make(chan struct{})
	server := httptest.NewServer(
		observed.Middleware(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "first")
			w.(http.Flusher).Flush()
			<-release
		})))
	defer server.Close()
	defer server.Client().CloseIdleConnections()
	res, err := server.Client().Get(server.URL)
	require.NoError(t, err)
	defer res.Body.Close()
	line, err := bufio.NewReader(res.Body).ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "first\n", line)
	rec := httptest.NewRecorder()
	observed.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	assert.Equal(t, 1.0, parse(t, rec.Body)["bailiwick_http_requests_in_flight"])
	close(release)
}

func TestRoutesAndCodesAreLimited(t *testing.T) {
	t.Parallel()
	observed := telemetry.New(telemetry.Options{})
	handler := observed.Middleware(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		r.Pattern = r.URL.Path // like a router without patterns
		observed.Observe(r.Context(), tenancy.Code(r.URL.Path))
	}))
	for i := range 2000 {
		handler.ServeHTTP(httptest.NewRecorder(),
			httptest.NewRequest("GET", fmt.Sprintf("/%d", i), nil))
	}
	rec := httptest.NewRecorder()
	observed.Handler().ServeHTTP(rec, httptest.NewRequest("GET", "/metrics", nil))
	m := parse(t, rec.Body)
	assert.Equal(t, 1500.0,
		m[`bailiwick_http_requests_total{method="GET",route="other",status="200"}`])
	assert.Equal(t, 1900.0, m[`bailiwick_http_refusals_total{code="other"}`])
	assert.Len(t, m.named("bailiwick_http_refusals_total"), 101)
}

func TestNewPanicsOnNegativeLimit(t *testing.T) {
	t.Parallel()
	assert.Panics(t, func() { telemetry.New(telemetry.Options{MaxTenants: -1}) })
}
