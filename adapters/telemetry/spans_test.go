package telemetry_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/bailiwick-go/bailiwick/adapters/telemetry"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// traced returns options with a tracer and the exporter of its spans.
func traced(t *testing.T) (telemetry.Options, *tracetest.InMemoryExporter) {
	t.Helper()
	spans := tracetest.NewInMemoryExporter()
	provider := trace.NewTracerProvider(trace.WithSyncer(spans))
	t.Cleanup(func() { require.NoError(t, provider.Shutdown(context.Background())) })
	return telemetry.Options{TracerProvider: provider}, spans
}

func attributes(s tracetest.SpanStub) map[attribute.Key]string {
	values := map[attribute.Key]string{}
	for _, a := range s.Attributes {
		values[a.Key] = a.Value.String()
	}
	return values
}

func TestRequestIsSpanInTraceOfCaller(t *testing.T) {
	t.Parallel()
	o, spans := traced(t)
	w := newWorld(t, o)
	acme, key := w.tenant(t, "acme", tenancy.Viewer)
	rec := w.send("GET", "/api/v1/notes/hidden?kind=hidden", key, "traceparent",
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "baggage", "hidden=1")
	require.Equal(t, 422, rec.Code)

	got := spans.GetSpans()
	require.Len(t, got, 1)
	assert.Equal(t, "GET /api/v1/notes/{name}", got[0].Name)
	assert.Equal(t, "0af7651916cd43dd8448eb211c80319c", got[0].SpanContext.TraceID().String())
	assert.Equal(t, "b7ad6b7169203331", got[0].Parent.SpanID().String())
	values := attributes(got[0])
	assert.NotEmpty(t, values["bailiwick.actor.id"])
	delete(values, "bailiwick.actor.id")
	assert.Equal(t, map[attribute.Key]string{
		"http.request.method": "GET", "http.route": "/api/v1/notes/{name}",
		"http.response.status_code": "422",
		"bailiwick.request_id":      rec.Header().Get("X-Request-ID"),
		"bailiwick.tenant":          acme.String(), "bailiwick.actor.kind": "key",
		"error.type": "invalid",
	}, values, "no path, query, header or baggage")
	assert.Equal(t, codes.Unset, got[0].Status.Code, "an invalid request is no server error")
}

func TestInvalidTraceContextStartsNewTrace(t *testing.T) {
	t.Parallel()
	o, spans := traced(t)
	w := newWorld(t, o)
	for _, header := range []string{
		"", "nonsense", "00-00000000000000000000000000000000-b7ad6b7169203331-01",
		"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"} {
		spans.Reset()
		w.send("BREW", "/nowhere", "", "traceparent", header)
		got := spans.GetSpans()
		require.Len(t, got, 1)
		assert.False(t, got[0].Parent.IsValid(), header)
		assert.Equal(t, "other none", got[0].Name)
	}
}

func TestPanicSetsErrorStatusOfSpan(t *testing.T) {
	t.Parallel()
	o, spans := traced(t)
	handler := telemetry.New(o).Middleware(http.HandlerFunc(
		func(http.ResponseWriter, *http.Request) { panic("hidden") }))
	assert.PanicsWithValue(t, "hidden", func() {
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
	})
	got := spans.GetSpans()
	require.Len(t, got, 1)
	assert.Equal(t, codes.Error, got[0].Status.Code)
	assert.Empty(t, got[0].Status.Description)
	assert.Equal(t, "500", attributes(got[0])["http.response.status_code"])
}

func TestQueryHooksAreEmptyWithoutTracerProvider(t *testing.T) {
	t.Parallel()
	assert.Empty(t, telemetry.New(telemetry.Options{}).QueryHooks())
}
