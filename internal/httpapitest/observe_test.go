package httpapitest_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// observer records the calls of Options.Observe.
type observer struct {
	mu           sync.Mutex
	observations []observation
}

type observation struct {
	tenant tenancy.ID
	kind   tenancy.PrincipalKind
	code   tenancy.Code
	id     string
}

func (o *observer) observe(ctx context.Context, code tenancy.Code) {
	tenant, _ := tenancy.FromContext(ctx) // zero if the context has none
	o.mu.Lock()
	defer o.mu.Unlock()
	o.observations = append(o.observations,
		observation{tenant, tenancy.PrincipalFrom(ctx).Kind, code,
			httpapi.RequestID(ctx)})
}

func (o *observer) count() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.observations)
}

func (o *observer) last(t *testing.T) observation {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	require.NotEmpty(t, o.observations)
	return o.observations[len(o.observations)-1]
}

func TestEachRequestIsObservedOnceWithCallerAndTenant(t *testing.T) {
	t.Parallel()
	observed := &observer{}
	reg := apitest.New(t, func(o *httpapi.Options) { o.Observe = observed.observe })
	acme := reg.Tenants["acme"].ID
	for i, c := range []struct {
		ask  apitest.Request
		want observation
	}{
		{apitest.Get("", "/livez"), observation{}},
		{apitest.Get("", "/nowhere"), observation{code: "not_found"}},
		{apitest.Request{As: "acme-admin", Method: "PATCH", Path: "/api/v1/prompts"},
			observation{code: "method_not_allowed"}},
		{apitest.Request{Path: "/api/v1/prompts", Tenant: "acme"},
			observation{code: "unauthenticated"}},
		{apitest.Get("acme-viewer", "/api/v1/me"),
			observation{kind: tenancy.KeyPrincipal}},
		{apitest.Get("acme-viewer", "/api/v1/prompts"),
			observation{tenant: acme, kind: tenancy.KeyPrincipal}},
		{apitest.Request{As: "root", Path: "/api/v1/prompts", Tenant: "acme"},
			observation{tenant: acme, kind: tenancy.PlatformToken}},
		{apitest.Get("acme-viewer", "/api/v1/prompts/none"),
			observation{acme, tenancy.KeyPrincipal, "not_found", ""}},
		{apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts", Tenant: "beta"},
			observation{kind: tenancy.KeyPrincipal, code: "tenant_mismatch"}},
		{apitest.Delete("acme-viewer", "/api/v1/prompts/x"),
			observation{kind: tenancy.KeyPrincipal, code: "forbidden"}},
		{apitest.Request{As: "root", Path: "/api/v1/prompts", Tenant: "unknown"},
			observation{kind: tenancy.PlatformToken, code: "tenant_not_found"}},
	} {
		before := observed.count()
		res := reg.Do(t, c.ask)
		require.Eventually(t, func() bool { return observed.count() == before+1 }, 10*time.Second,
			time.Millisecond)
		c.want.id = res.Header.Get("X-Request-ID")
		assert.Equal(t, c.want, observed.last(t), "%d: %s", i, c.ask.Path)
	}
}

func TestPanicIsObservedAsInternalError(t *testing.T) {
	t.Parallel()
	observed := &observer{}
	services := apitest.NewUnserved(t).Services
	services.Resources = failingResources{
		services.Resources, func() error { panic(http.ErrAbortHandler) }}
	reg := apitest.Wrap(services, func(o *httpapi.Options) {
		o.Observe, o.AccessLog = observed.observe, true
	})
	r := httptest.NewRequest("GET", "/api/v1/prompts", nil)
	r.Header.Set("Authorization", "Bearer "+apitest.PlatformToken)
	r.Header.Set("X-Tenant-ID", "acme")
	assert.PanicsWithValue(t, http.ErrAbortHandler,
		func() { reg.Handler.ServeHTTP(httptest.NewRecorder(), r) })
	assert.Equal(t, tenancy.CodeInternal, observed.last(t).code)
	assert.Equal(t, "GET /api/v1/prompts", r.Pattern,
		"a middleware around the handler sees the pattern")
}

// logLines decodes the log's JSON lines with this message.
func logLines(t *testing.T, text, message string) []map[string]any {
	t.Helper()
	var found []map[string]any
	for line := range strings.Lines(text) {
		var entry map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &entry), line)
		if entry["msg"] == message {
			found = append(found, entry)
		}
	}
	return found
}

func TestAccessLogHasALineForEachRequest(t *testing.T) {
	t.Parallel()
	var out apitest.LogBuffer
	reg := apitest.NewUnserved(t, func(o *httpapi.Options) {
		o.AccessLog, o.Logger = true,
			slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	send := func(method, path, token string) {
		r := httptest.NewRequest(method, path, nil)
		r.Header.Set("X-Request-ID", "r-1")
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		reg.Handler.ServeHTTP(httptest.NewRecorder(), r)
	}
	send("GET", "/api/v1/prompts?q=hidden", reg.Tokens["acme-viewer"])
	send("GET", "/livez", "")
	send(strings.Repeat("X", 9000), "/hidden", "")

	got := logLines(t, out.String(), "request")
	require.Len(t, got, 3)
	for _, entry := range got {
		assert.Equal(t, "r-1", entry["request_id"])
		assert.IsType(t, 0.0, entry["duration_ms"])
	}
	assert.Equal(t, "INFO", got[0]["level"])
	assert.Equal(t, "GET /api/v1/prompts", got[0]["route"])
	assert.Equal(t, 200.0, got[0]["status"])
	assert.Equal(t, reg.Tenants["acme"].ID.String(), got[0]["tenant"])
	actor, ok := got[0]["actor"].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, "key", actor["kind"])
	assert.NotEmpty(t, actor["id"])
	assert.NotContains(t, got[0], "code")
	assert.Equal(t, "DEBUG", got[1]["level"], "requests without credentials are logged at DEBUG")
	assert.Equal(t, "not_found", got[2]["code"])
	assert.NotContains(t, out.String(), "hidden")
	assert.Less(t, len(out.String()), 2000)
}

func TestNoAccessLogByDefault(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).Want(t, 200)
	assert.Empty(t, reg.Log.String())
}

func TestLogHandlerAddsTheContextsAttributes(t *testing.T) {
	t.Parallel()
	var out apitest.LogBuffer
	handler := httpapi.LogHandler(slog.NewJSONHandler(&out, nil))
	assert.Equal(t, handler, httpapi.LogHandler(handler), "a second LogHandler adds nothing")
	logger := slog.New(handler).With("a", 1)
	id := tenancy.NewID()
	ctx := tenancy.WithPrincipal(tenancy.NewContext(t.Context(), id),
		tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true})
	logger.InfoContext(ctx, "within")
	logger.WithGroup("g").InfoContext(ctx, "group", "b", 2)
	logger.Info("outside")

	within := logLines(t, out.String(), "within")[0]
	assert.Equal(t, map[string]any{"kind": "platform"}, within["actor"])
	assert.Equal(t, id.String(), within["tenant"])
	assert.Equal(t, 1.0, within["a"])
	assert.NotContains(t, within, "request_id")
	assert.Contains(t, logLines(t, out.String(), "group")[0]["g"], "tenant")
	assert.NotContains(t, logLines(t, out.String(), "outside")[0], "tenant")
}

func writeCallerKind(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "for "+string(tenancy.PrincipalFrom(r.Context()).Kind))
}

func TestMetricsHandlerKnowsItsCaller(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) {
		o.Metrics = http.HandlerFunc(writeCallerKind)
	})
	for as, want := range map[string]string{"": "for ", "root": "for platform",
		"acme-viewer": "for key", "Basic x": "", "Bearer bwk_wrong": ""} {
		res := reg.Do(t, apitest.Get(as, "/metrics"))
		if want == "" {
			res.WantProblem(t, 401, tenancy.CodeUnauthenticated)
			continue
		}
		assert.Equal(t, want, string(res.Want(t, 200).Body))
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
	}
	reg.Do(t, apitest.Get("", "/metrics?x=1")).WantProblem(t, 422, tenancy.CodeInvalid)

	below := apitest.NewUnserved(t, func(o *httpapi.Options) {
		o.Metrics, o.Prefix = http.HandlerFunc(writeCallerKind), "/registry"
	})
	for path, status := range map[string]int{"/registry/metrics": 200, "/metrics": 404} {
		rec := httptest.NewRecorder()
		below.Handler.ServeHTTP(rec, httptest.NewRequest("GET", path, nil))
		assert.Equal(t, status, rec.Code, path)
	}
}

func TestDocumentMakesCredentialsForMetricsOptional(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) {
		o.Metrics = http.HandlerFunc(writeCallerKind)
	})
	var doc struct {
		Paths map[string]map[string]struct {
			Security  []map[string][]string
			Responses map[string]struct{ Content map[string]any }
		}
	}
	require.NoError(t, json.Unmarshal(reg.Do(t, apitest.Get("", "/api/v1/openapi.json")).Body,
		&doc))
	op := doc.Paths["/metrics"]["get"]
	assert.Equal(t, []map[string][]string{{"bearer": {}}, {}, {"session": {}}}, op.Security)
	assert.Contains(t, op.Responses["200"].Content, "text/plain")
	assert.Contains(t, op.Responses, "401")
	apitest.New(t).Do(t, apitest.Get("", "/metrics")).WantProblem(t, 404, tenancy.CodeNotFound)
}
