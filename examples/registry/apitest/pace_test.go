package apitest

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// pacedRegistry is a registry whose clients check, at each byte that they send or receive,
// that nothing in the registry holds a database connection.
type pacedRegistry struct {
	*server.Registry
	t *testing.T
}

func openPaced(t *testing.T) pacedRegistry {
	t.Helper()
	set := map[string]string{"DATABASE_URL": migratedDatabase(t), "MULTI_TENANT": "true",
		"ADMIN_TOKEN": harness.Platform, "SECRETS_KEY": harness.SecretsKey, "DATA_DIR": t.TempDir(),
		"ROLE_PREFIX": harness.RolePrefix}
	cfg, err := server.ReadSettings(func(name string) string { return set[name] })
	require.NoError(t, err)
	reg, err := server.Open(t.Context(), cfg, "", slog.New(slog.NewTextHandler(io.Discard, nil)),
		terminal.Terminal{Out: io.Discard, Err: io.Discard})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reg.Close()) })
	return pacedRegistry{reg, t}
}

// requireIdle waits until no connection is in use: background work may hold one for a moment,
// but a handler that waits for its client would hold it until this fails.
func (r pacedRegistry) requireIdle(what string) {
	assert.Eventually(r.t, func() bool { return inUse(r.DB) == 0 }, 10*time.Second,
		time.Millisecond, "a connection is held while %s", what)
}

func inUse(db *postgres.DB) (n int) {
	for _, stats := range db.PoolStats() {
		n += stats.InUse
	}
	return n
}

// pacedBody is a body that is sent byte by byte at its ends, and in blocks between.
type pacedBody struct {
	reg  pacedRegistry
	what string
	r    io.Reader
}

func (b pacedBody) Read(p []byte) (int, error) {
	b.reg.requireIdle(b.what + " sends its body")
	return b.r.Read(p[:min(len(p), 4096)])
}

// pacedWriter is the client that receives a response.
type pacedWriter struct {
	*httptest.ResponseRecorder
	reg  pacedRegistry
	what string
}

func (w pacedWriter) WriteHeader(status int) {
	w.reg.requireIdle(w.what + " receives the response's head")
	w.ResponseRecorder.WriteHeader(status)
}

func (w pacedWriter) Write(p []byte) (int, error) {
	w.reg.requireIdle(w.what + " receives the response")
	return w.ResponseRecorder.Write(p)
}

// do sends a request of the super-admin for the tenant acme.
func (r pacedRegistry) do(method, path, body string) *httptest.ResponseRecorder {
	r.t.Helper()
	what := method + " " + path
	req := httptest.NewRequest(method, path, pacedBody{r, what, strings.NewReader(body)})
	req.ContentLength = int64(len(body))
	req.Header.Set("Authorization", "Bearer "+harness.Platform)
	if !strings.Contains(path, "/tenants") {
		req.Header.Set("X-Tenant-ID", "acme")
	}
	w := pacedWriter{httptest.NewRecorder(), r, what}
	r.Handler.ServeHTTP(w, req)
	return w.ResponseRecorder
}

func (r pacedRegistry) ok(method, path, body string) string {
	r.t.Helper()
	w := r.do(method, path, body)
	require.Equal(r.t, 2, w.Code/100, "%s %s: %s", method, path, w.Body)
	return w.Body.String()
}

// TestNoRouteHoldsADatabaseConnectionForAClient walks every operation of the document: no
// connection is in use while a client sends its body or receives the response.
func TestNoRouteHoldsADatabaseConnectionForAClient(t *testing.T) {
	t.Parallel()
	reg := openPaced(t)
	reg.ok("POST", "/api/v1/tenants", `{"slug":"acme","name":"Acme"}`)
	long := strings.Repeat("x", 20_000)
	for range 20 { // larger than a buffer, and several pages of the audit log
		name := uuid.NewString()
		reg.ok("PUT", "/api/v1/prompts/"+name, `{"spec":{"template":"`+long+`"}}`)
		for range 15 {
			reg.ok("PUT", "/api/v1/agents/"+name, `{"spec":{"description":"`+uuid.NewString()+`"}}`)
		}
	}
	for _, path := range []string{"prompts", "prompts?q=x", "agents?limit=3", "discovery"} {
		reg.ok("GET", "/api/v1/"+path, "")
	}
	bundle := reg.ok("GET", "/api/v1/tenants/acme/export", "")
	reg.ok("POST", "/api/v1/tenants/acme/import?strategy=overwrite&dry_run=true", bundle)
	reg.ok("POST", "/api/v1/tenants/acme/import?strategy=overwrite", bundle)
	require.Greater(t, strings.Count(reg.ok("GET", "/api/v1/tenants/acme/audit/export", ""), "\n"),
		300)
	reg.walk(bundle)
	reg.do("DELETE", "/api/v1/tenants/acme", "")
	reg.ok("POST", "/api/v1/tenants/acme/purge", `{"confirm":"acme"}`)
}

// walk calls every operation of the document once, but for those that delete the tenant.
func (r pacedRegistry) walk(bundle string) {
	r.t.Helper()
	var document struct{ Paths map[string]map[string]any }
	require.NoError(r.t, json.Unmarshal([]byte(r.ok("GET", "/api/v1/openapi.json", "")), &document))
	names := strings.NewReplacer("{tenant}", "acme", "{name}", "x", "{id}", uuid.NewString(),
		"{user_id}", uuid.NewString())
	called := 0
	for path, methods := range document.Paths {
		for method := range methods {
			method, path := strings.ToUpper(method), names.Replace(path)
			if path == "/api/v1/tenants/acme" && method == http.MethodDelete ||
				strings.HasSuffix(path, "/purge") {
				continue
			}
			r.do(method, path, `{`+strings.Repeat(" ", 10_000)+`}`)
			called++
		}
	}
	assert.Greater(r.t, called, 40)
	r.do(http.MethodGet, "/metrics", "")
}

// slowWriter receives the first byte of a response, and no more until it is released.
type slowWriter struct {
	http.ResponseWriter
	begun   chan<- struct{}
	release <-chan struct{}
	waited  bool
	buf     bytes.Buffer
}

func (w *slowWriter) Write(p []byte) (int, error) {
	if !w.waited {
		w.waited = true
		w.begun <- struct{}{}
		<-w.release
	}
	return w.buf.Write(p)
}

// TestSlowReadersOfOneTenantLeaveEveryConnectionFree has more readers that have stopped
// than the registry has connections.
func TestSlowReadersOfOneTenantLeaveEveryConnectionFree(t *testing.T) {
	t.Parallel()
	reg := openPaced(t)
	reg.ok("POST", "/api/v1/tenants", `{"slug":"acme","name":"Acme"}`)
	for range 10 {
		reg.ok("PUT", "/api/v1/prompts/"+uuid.NewString(), `{"spec":{"template":"t"}}`)
	}
	const readers = 50
	begun, release := make(chan struct{}), make(chan struct{})
	done := make(chan string, 2*readers)
	for _, path := range []string{"audit/export", "export"} {
		for range readers {
			go func() { // ends after release is closed; the test waits for it
				w := &slowWriter{ResponseWriter: httptest.NewRecorder(), begun: begun,
					release: release}
				req := httptest.NewRequest("GET", "/api/v1/tenants/acme/"+path, nil)
				req.Header.Set("Authorization", "Bearer "+harness.Platform)
				reg.Handler.ServeHTTP(w, req)
				done <- w.buf.String()
			}()
		}
	}
	for range 2 * readers {
		<-begun
	}
	reg.requireIdle("100 readers have stopped")
	reg.ok("GET", "/api/v1/prompts", "")
	reg.ok("PUT", "/api/v1/prompts/p", `{"spec":{"template":"t"}}`)
	close(release)
	for range 2 * readers {
		got := <-done
		assert.True(t, strings.Contains(got, `"end":{"seq":`) || strings.Contains(got, `"source":`),
			"a complete export")
	}
}
