package telemetrytest

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

const platformToken = "platform-token-of-the-tests-0123456789"

// lock is a kind with a secret.
type lock struct {
	bun.BaseModel `bun:"table:locks"`

	ID    uuid.UUID `bun:"id,pk,type:uuid"`
	Name  string    `bun:"name"`
	Place string    `bun:"place,type:text,notnull,default:''"`
	Code  *string   `bun:"code,type:text"`
}

const schema = `
CREATE TABLE locks (
  name text NOT NULL,
  place text NOT NULL DEFAULT '',
  code text,
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  labels jsonb NOT NULL DEFAULT '{}',
  spec jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name))`

// world is a registry of locks that traces every statement.
type world struct {
	db      *postgres.DB
	tracing *trace.TracerProvider
	spans   *tracetest.InMemoryExporter
	handler http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{spans: tracetest.NewInMemoryExporter()}
	w.tracing = trace.NewTracerProvider(trace.WithSyncer(w.spans))
	observed := telemetry.New(telemetry.Options{TracerProvider: w.tracing})
	var err error
	w.db, err = postgres.Open(t.Context(), postgres.Options{
		URL: pgtest.Database(t), MultiTenant: true, Migrations: fixture.Migrations(schema),
		SecretsKey: make([]byte, 32), MaxConns: 7,
		Tables: []postgres.Table{
			{Model: (*lock)(nil), Kind: "lock", Secrets: []string{"code"}}},
		QueryHooks: observed.QueryHooks(),
	})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, w.db.Close())
		require.NoError(t, w.tracing.Shutdown(context.Background()))
	})
	tenants := resolve.New(w.db.Tenants(), resolve.Options{})
	observed.Pools(w.db.PoolStats)
	w.handler = observed.Middleware(httpapi.New(w.db.Services(), httpapi.Options{
		MultiTenant: true, Resolver: tenants,
		PlatformTokenHash: sha256.Sum256([]byte(platformToken)),
		Metrics:           observed.Handler(), Observe: observed.Observe,
		Logger: slog.New(slog.DiscardHandler),
	}))
	return w
}

func (w *world) send(
	t *testing.T, status int, method, path, token, body string,
) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	require.Equal(t, status, rec.Code, "%s", rec.Body)
	return rec
}

// key creates a tenant with an API key and returns the key's secret.
func (w *world) key(t *testing.T, slug string) string {
	t.Helper()
	w.send(t, 201, "POST", "/api/v1/tenants", platformToken, `{"slug":"`+slug+`","name":"n"}`)
	rec := w.send(t, 201, "POST", "/api/v1/tenants/"+slug+"/keys", platformToken,
		`{"name":"k","role":"admin"}`)
	var created struct{ Secret string }
	require.NoError(t, json.Unmarshal(rec.Body.Bytes(), &created))
	require.NotEmpty(t, created.Secret)
	return created.Secret
}

// everything returns all data that the spans so far would send to a collector.
func (w *world) everything(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for _, s := range w.spans.GetSpans() {
		require.NoError(t, enc.Encode([]any{s.Name, s.Status, s.SpanContext, s.Parent}))
		for _, a := range s.Attributes {
			require.NoError(t, enc.Encode([]any{a.Key, a.Value.AsInterface()}))
		}
		for _, e := range s.Events {
			require.NoError(t, enc.Encode(e.Name))
			for _, a := range e.Attributes {
				require.NoError(t, enc.Encode([]any{a.Key, a.Value.AsInterface()}))
			}
		}
	}
	return b.String()
}

// statements returns the texts of the statements in the spans so far.
func (w *world) statements() []string {
	var texts []string
	for _, s := range w.spans.GetSpans() {
		for _, a := range s.Attributes {
			if a.Key == "db.statement" {
				texts = append(texts, a.Value.AsString())
			}
		}
	}
	return texts
}

func TestStatementsAreSpansWithinRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(t, "acme")
	w.spans.Reset()
	w.send(t, 201, "PUT", "/api/v1/locks/door", key, `{"spec":{"place":"hall"}}`)

	spans := w.spans.GetSpans()
	require.NotEmpty(t, spans)
	request := spans[len(spans)-1]
	require.Equal(t, "PUT /api/v1/locks/{name}", request.Name)
	names := map[string]bool{}
	for _, s := range spans[:len(spans)-1] {
		names[s.Name] = true
		assert.Equal(t, request.SpanContext.TraceID(), s.SpanContext.TraceID(), s.Name)
	}
	for _, name := range []string{"BEGIN", "SELECT", "WITH", "COMMIT"} {
		assert.True(t, names[name], "%s is missing among %v", name, names)
	}
	assert.NotContains(t, w.everything(t), "code.function", "it would name the query hook")
}

func TestBackgroundQueriesAreNotTraced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Empty(t, w.spans.GetSpans(), "after the start")
	require.NoError(t, w.db.Ready(t.Context()))
	assert.Empty(t, w.spans.GetSpans())
}

func TestSpansHaveNoValues(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(t, "acme")
	hash, err := tenancy.HashKeySecret(key)
	require.NoError(t, err)
	const secret, place = `open-"sesame'\`, "the-hidden-hall"
	body, err := json.Marshal(map[string]any{"labels": map[string]string{"l": "the-hidden-label"},
		"spec": map[string]any{"place": place, "code": secret}})
	require.NoError(t, err)
	w.send(t, 201, "PUT", "/api/v1/locks/the-hidden-door", key, string(body))
	w.send(t, 200, "PUT", "/api/v1/locks/the-hidden-door", key, string(body))
	w.send(t, 200, "GET", "/api/v1/locks/the-hidden-door", key, "")
	w.send(t, 200, "GET", "/api/v1/locks?q=the-hidden-search&label=l%3Dthe-hidden-label", key, "")
	w.send(t, 204, "PUT", "/api/v1/tenants/acme/secrets/the-hidden-name", key,
		`{"value":"the-hidden-value"}`)
	bundle := w.send(t, 200, "GET", "/api/v1/tenants/acme/export", key, "").Body.String()
	w.send(t, 200, "POST", "/api/v1/tenants/acme/import?strategy=overwrite", key, bundle)
	w.send(t, 401, "GET", "/api/v1/me", "bwk_the-hidden-token", "")
	w.raw(t)

	all := w.everything(t)
	require.Greater(t, len(w.statements()), 20)
	for what, value := range map[string]string{
		"a secret": "sesame", "a row": "hidden", "a key": key,
		"a key's hash":             hex.EncodeToString(hash[:]),
		"a key's hash in capitals": strings.ToUpper(hex.EncodeToString(hash[:])),
		"the signed tenant":        "bailiwick.tenant =", "the platform's token": platformToken,
		"an unknown argument": "?!(",
	} {
		assert.NotContains(t, all, value, what)
	}
	for _, s := range w.statements() {
		assert.NotContains(t, s, "'", "a literal")
	}
}

// raw runs statements like a host's, with values in their texts. Some fail with
// errors in which PostgreSQL quotes the values.
func (w *world) raw(t *testing.T) {
	t.Helper()
	ctx, span := w.tracing.Tracer("test").
		Start(tenancy.NewContext(t.Context(), tenancy.DefaultID), "host")
	defer span.End()
	scoped := w.db.Scoped(ctx)
	_, err := scoped.NewRaw("SELECT 'hidden-raw'::int").Exec(ctx)
	require.Error(t, err)
	require.Contains(t, err.Error(), "hidden-raw", "PostgreSQL quotes the value")
	_, err = scoped.NewRaw("SELECT $tag$hidden$tag$ -- hidden\n, E'hidden\\'', /* hidden */ ?",
		"hidden").Exec(ctx)
	require.NoError(t, err)
	var found []lock
	require.NoError(t, scoped.NewSelect().Model(&found).Where("name = ?", "hidden").
		WhereOr("name = 'hidden'").Scan(ctx))
	_, err = scoped.NewInsert().Model(&lock{ID: uuid.New(), Name: "hidden-row"}).Exec(ctx)
	require.NoError(t, err)
	_, err = scoped.NewInsert().Model(&lock{ID: uuid.New(), Name: "hidden-row"}).Exec(ctx)
	require.Error(t, err)
	_, err = scoped.NewDelete().Model((*lock)(nil)).Where("name = ?", "hidden").
		WhereOr("name = ?", "hidden-row").Exec(ctx)
	require.NoError(t, err)
	_, err = scoped.NewDelete().Model((*lock)(nil)).Exec(ctx)
	require.Error(t, err, "a DELETE without a condition is refused")
	require.ErrorIs(t, scoped.NewSelect().Model(&lock{}).Where("name = 'hidden'").Scan(ctx),
		sql.ErrNoRows)
}

func TestFailedStatementReportsSQLSTATE(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.raw(t)
	assert.Contains(t, w.everything(t), "SQLSTATE 22P02")
	assert.Contains(t, w.everything(t), "SQLSTATE 23505")
}

func TestPoolMetricsAreExposed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	text, err := io.ReadAll(w.send(t, 200, "GET", "/metrics", "", "").Body)
	require.NoError(t, err)
	for _, line := range []string{
		`bailiwick_pool_max_connections{pool="app"} 7`,
		`bailiwick_pool_max_connections{pool="system"} 8`,
		`bailiwick_pool_max_connections{pool="bulk"} 4`,
		`bailiwick_pool_connections{pool="app",state="in_use"} 0`,
		`bailiwick_pool_connections{pool="app",state="idle"} 1`,
		`bailiwick_pool_waits_total{pool="app"} 0`,
		`bailiwick_pool_wait_seconds_total{pool="bulk"} 0`,
	} {
		assert.Contains(t, string(text), line+"\n")
	}
}
