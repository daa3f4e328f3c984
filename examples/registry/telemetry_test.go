//go:build unix

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestMetricsShowTenantsToPlatformOnly(t *testing.T) {
	t.Parallel()
	s := serve(t)
	acme := s.tenant(t)
	id := decode[struct{ ID string }](t, acme.get(t, acme.tenantPath())).ID
	member := acme.key(t, tenancy.Editor)
	member.put(t, "prompt", "p", map[string]any{"template": "x"})
	member.get(t, resource("prompt", "none")).hasStatus(t, http.StatusNotFound)

	anonymous := string(caller{server: s}.get(t, "/metrics").hasStatus(t, http.StatusOK).body)
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
	for name, c := range map[string]caller{"anonymous": {server: s}, "member": member} {
		shown := string(c.get(t, "/metrics").hasStatus(t, http.StatusOK).body)
		require.NotContains(t, shown, "bailiwick_tenant_", name)
		require.NotContains(t, shown, id, name)
		require.NotContains(t, shown, acme.tenant, name)
	}
	platform := string(s.platform().get(t, "/metrics").hasStatus(t, http.StatusOK).body)
	require.Contains(t, platform, "\n"+`bailiwick_tenant_requests_total{outcome="refused",tenant="`+
		id+`"} 1`)
	caller{server: s, token: "bwk_nonsense"}.get(t, "/metrics").
		isProblem(t, http.StatusUnauthorized, "unauthenticated")
}

func TestAccessLogHasALineForEachRequest(t *testing.T) {
	t.Parallel()
	for setting, logged := range map[string]bool{"": true, "false": false} {
		s := serveWith(t, map[string]string{"DATABASE_URL": migratedDatabase(t),
			"MULTI_TENANT": "true",
			"ACCESS_LOG":   setting})
		s.platform().get(t, "/api/v1/me").hasStatus(t, http.StatusOK)
		line := `"msg":"request","method":"GET","route":"GET /api/v1/me","status":200`
		if !logged {
			require.NotContains(t, s.log.String(), `"msg":"request"`)
			continue
		}
		require.Eventually(t, func() bool { return strings.Contains(s.log.String(), line) },
			10*time.Second, time.Millisecond, "%s", s.log)
		require.Contains(t, s.log.String(), `"actor":{"kind":"platform"}`)
		require.NotContains(t, s.log.String(), "readyz", "probes aren't logged")
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
	p := startServing(t, map[string]string{
		"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(), "ADMIN_TOKEN": platform,
		"OTEL_EXPORTER_OTLP_ENDPOINT": server.URL, "OTEL_EXPORTER_OTLP_HEADERS": "x-sign=here",
		"OTEL_BSP_SCHEDULE_DELAY": "3600000",
	})
	p.platform().put(t, "model_config", "m",
		map[string]any{"provider": "p", "model": "the-hidden-model",
			"api_key": "the-hidden-secret"})
	p.stop(t)

	received := collector.received.String() // needs no lock: the process has ended
	for _, part := range []string{"/v1/traces here ", "bailiwick-registry",
		"PUT /api/v1/model-configs/{name}", "bailiwick.secrets", "COMMIT"} {
		require.Contains(t, received, part)
	}
	require.NotContains(t, received, "hidden")
	require.NotContains(t, received, platform)
	require.NotContains(t, p.log.String(), "traces")
}

func TestUnreachableTraceCollectorDoesNotStopRegistry(t *testing.T) {
	t.Parallel()
	p := startServing(t, map[string]string{
		"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(), "ADMIN_TOKEN": platform,
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
	})
	p.platform().get(t, "/api/v1/me").hasStatus(t, http.StatusOK)
	start := time.Now()
	p.stop(t)
	require.Less(t, time.Since(start), 25*time.Second, "5 s for the collector and 20 s for the rest")
	require.Contains(t, p.log.String(), "traces")
}
