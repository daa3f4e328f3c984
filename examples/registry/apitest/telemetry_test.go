//go:build unix

package apitest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestMetricsShowTenantsToPlatformOnly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	acme := s.Tenant(t)
	id := harness.Decode[struct{ ID string }](t, acme.Get(t, acme.TenantPath())).ID
	member := acme.Key(t, tenancy.Editor)
	member.Put(t, "prompt", "p", map[string]any{"template": "x"})
	member.Get(t, harness.Resource("prompt", "none")).HasStatus(t, http.StatusNotFound)

	anonymous := string(harness.Caller{Server: s}.Get(t, "/metrics").
		HasStatus(t, http.StatusOK).Body)
	for _, series := range []string{
		`bailiwick_http_requests_total{method="PUT",route="/api/v1/prompts/{name}",status="201"} 1`,
		`bailiwick_http_refusals_total{code="not_found"} 1`,
		`bailiwick_pool_connections{pool="app",state="in_use"} `,
		`bailiwick_pool_max_connections{pool="system"} `,
		`bailiwick_pool_waits_total{pool="bulk"} `,
		`bailiwick_resolution_lookups_total{result="hit"} `,
		`bailiwick_resolution_lookups_total{result="miss"} `,
	} {
		require.Contains(t, anonymous, "\n"+series)
	}
	for name, c := range map[string]harness.Caller{"anonymous": {Server: s}, "member": member} {
		shown := string(c.Get(t, "/metrics").HasStatus(t, http.StatusOK).Body)
		require.NotContains(t, shown, "bailiwick_tenant_", name)
		require.NotContains(t, shown, id, name)
		require.NotContains(t, shown, acme.Tenant, name)
	}
	platform := string(s.Platform().Get(t, "/metrics").HasStatus(t, http.StatusOK).Body)
	require.Contains(t, platform, "\n"+`bailiwick_tenant_requests_total{outcome="refused",tenant="`+
		id+`"} 1`)
	harness.Caller{Server: s, Token: "bwk_nonsense"}.Get(t, "/metrics").
		IsProblem(t, http.StatusUnauthorized, "unauthenticated")
}

func TestAccessLogHasALineForEachRequest(t *testing.T) {
	t.Parallel()
	for setting, logged := range map[string]bool{"": true, "false": false} {
		s := harness.Serve(t, map[string]string{"DATABASE_URL": migratedDatabase(t),
			"MULTI_TENANT": "true",
			"ACCESS_LOG":   setting})
		s.Platform().Get(t, "/api/v1/me").HasStatus(t, http.StatusOK)
		line := `"msg":"request","method":"GET","route":"GET /api/v1/me","status":200`
		if !logged {
			require.NotContains(t, s.Log.String(), `"msg":"request"`)
			continue
		}
		require.Eventually(t, func() bool { return strings.Contains(s.Log.String(), line) },
			10*time.Second, time.Millisecond, "%s", s.Log)
		require.Contains(t, s.Log.String(), `"actor":{"kind":"platform"}`)
		require.NotContains(t, s.Log.String(), "readyz", "probes aren't logged")
	}
}

// traceCollector is a server that stores the traces it receives.
type traceCollector struct {
	mu       sync.Mutex
	received strings.Builder
}

func (c *traceCollector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body) // the test fails if something is missing
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received.WriteString(r.URL.Path + " " + r.Header.Get("X-Sign") + " ")
	c.received.Write(body)
}

func TestTracesAreExportedBeforeExit(t *testing.T) {
	t.Parallel()
	collector := &traceCollector{}
	server := httptest.NewServer(collector)
	t.Cleanup(server.Close)
	p := harness.StartServing(t, map[string]string{
		"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
		"ADMIN_TOKEN": harness.Platform, "OTEL_EXPORTER_OTLP_ENDPOINT": server.URL,
		"OTEL_EXPORTER_OTLP_HEADERS": "x-sign=here", "OTEL_BSP_SCHEDULE_DELAY": "3600000",
	})
	p.Platform().Put(t, "model_config", "m",
		map[string]any{"provider": "p", "model": "the-hidden-model",
			"api_key": "the-hidden-secret"})
	p.Stop(t)

	received := collector.received.String() // needs no lock: the process has ended
	for _, part := range []string{"/v1/traces here ", "bailiwick-registry",
		"PUT /api/v1/model-configs/{name}", "bailiwick.secrets", "COMMIT"} {
		require.Contains(t, received, part)
	}
	require.NotContains(t, received, "hidden")
	require.NotContains(t, received, harness.Platform)
	require.NotContains(t, p.Log.String(), "traces")
}

func TestUnreachableTraceCollectorDoesNotStopRegistry(t *testing.T) {
	t.Parallel()
	p := harness.StartServing(t, map[string]string{
		"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
		"ADMIN_TOKEN":                 harness.Platform,
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
	})
	p.Platform().Get(t, "/api/v1/me").HasStatus(t, http.StatusOK)
	start := time.Now()
	p.Stop(t)
	require.Less(t, time.Since(start), 25*time.Second,
		"5 s for the collector and 20 s for the rest")
	require.Contains(t, p.Log.String(), "traces")
}
