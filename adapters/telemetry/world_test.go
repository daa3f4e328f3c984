package telemetry_test

import (
	"crypto/sha256"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const platformToken = "platform-token-of-the-tests-0123456789"

// world is a registry of notes that telemetry observes.
type world struct {
	services  ports.Services
	telemetry *telemetry.Telemetry
	handler   http.Handler
}

func newWorld(t *testing.T, o telemetry.Options) *world {
	t.Helper()
	kinds, err := federation.NewKinds(federation.Kind{
		Name: "note", Fields: []federation.Field{{Name: "text", Type: federation.String}}})
	require.NoError(t, err)
	w := &world{services: memory.New(kinds, memory.Options{}).Services(),
		telemetry: telemetry.New(o)}
	tenants := resolve.New(w.services.Tenants, resolve.Options{})
	w.telemetry.Resolution(tenants.Stats)
	w.handler = w.telemetry.Middleware(httpapi.New(w.services, httpapi.Options{
		MultiTenant: true, Resolver: tenants,
		PlatformTokenHash: sha256.Sum256([]byte(platformToken)),
		Metrics:           w.telemetry.Handler(), Observe: w.telemetry.Observe,
		Logger: slog.New(slog.DiscardHandler),
	}))
	return w
}

// tenant creates a tenant and an API key. It returns the tenant's id and the key's
// secret.
func (w *world) tenant(t *testing.T, slug tenancy.Slug, role tenancy.Role) (tenancy.ID, string) {
	t.Helper()
	id := tenancy.NewID()
	_, err := w.services.Tenants.Create(t.Context(), tenancy.Tenant{
		ID: id, Slug: slug, Name: string(slug), State: tenancy.Active,
		Settings: json.RawMessage(`{}`),
	})
	require.NoError(t, err)
	secret := tenancy.NewKeySecret()
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	_, err = w.services.Keys.Create(t.Context(), id, tenancy.APIKey{ID: tenancy.NewID().String(),
		Tenant: id, Name: "k", Role: role, Hash: hash})
	require.NoError(t, err)
	return id, secret
}

// send sends a request. headers are alternating names and values.
func (w *world) send(method, path, token string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	if method == http.MethodPut {
		r = httptest.NewRequest(method, path, strings.NewReader(`{"spec":{"text":"hi"}}`))
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec
}

// scrape reads the metrics.
func (w *world) scrape(t *testing.T, token string) metrics {
	t.Helper()
	rec := w.send("GET", "/metrics", token)
	require.Equal(t, http.StatusOK, rec.Code, "%s", rec.Body)
	require.True(t, strings.HasPrefix(rec.Header().Get("Content-Type"), "text/plain;"),
		rec.Header())
	return parse(t, rec.Body)
}

// metrics are the values by the names of their series, including labels.
type metrics map[string]float64

func parse(t *testing.T, r io.Reader) metrics {
	t.Helper()
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	m := metrics{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		at := strings.LastIndexByte(line, ' ')
		value, err := strconv.ParseFloat(strings.TrimSpace(line[at:]), 64)
		require.NoError(t, err, line)
		m[line[:at]] = value
	}
	return m
}

// named returns the series whose names begin with prefix.
func (m metrics) named(prefix string) metrics {
	found := metrics{}
	for name, value := range m {
		if strings.HasPrefix(name, prefix) {
			found[name] = value
		}
	}
	return found
}

// text returns the names of all series as lines.
func (m metrics) text() string {
	var b strings.Builder
	for name := range m {
		b.WriteString(name + "\n")
	}
	return b.String()
}
