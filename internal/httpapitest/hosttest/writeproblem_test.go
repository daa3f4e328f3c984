package hosttest_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// writeOurs is a host's format of errors.
func writeOurs(w http.ResponseWriter, _ *http.Request, p httpapi.Problem) {
	w.Header().Set("Content-Type", "application/vnd.host+json")
	w.Header().Set("X-Host-Code", string(p.Code))
	w.WriteHeader(http.StatusTeapot)
	fmt.Fprintf(w, `{"error":{"code":%q,"message":%q}}`, p.Code, p.Detail)
}

// newWithProblems returns a registry whose host writes problems with write, and a route of
// the host's that panics.
func newWithProblems(
	t *testing.T, write func(http.ResponseWriter, *http.Request, httpapi.Problem),
) *apitest.Registry {
	t.Helper()
	reg := apitest.NewUnserved(t, func(o *httpapi.Options) {
		o.WriteProblem, o.ResourceLimit = write, 200
	})
	api := reg.Handler.(*httpapi.API)
	serveUnchecked(t, reg, map[string]http.Handler{
		"GET /host/panic": api.Protect(tenancy.ResourceRead, http.HandlerFunc(
			func(http.ResponseWriter, *http.Request) { panic("the host's secret fault") })),
	})
	return reg
}

// refusals has a request for each place that writes errors, with the expected response.
var refusals = []struct {
	req    apitest.Request
	status int
	code   tenancy.Code
	header string // that must be set
}{
	{apitest.Get("", "/api/v1/nothing"), 404, tenancy.CodeNotFound, ""},
	{apitest.Delete("acme-admin", "/api/v1/prompts"), 405, httpapi.CodeMethodNotAllowed, "Allow"},
	{apitest.Get("", "/api/v1/prompts"), 401, tenancy.CodeUnauthenticated, "WWW-Authenticate"},
	{apitest.Get("root", "/api/v1/prompts"), 400, tenancy.CodeNoTenant, ""},
	{apitest.Put("acme-viewer", "/api/v1/prompts/x", apitest.PromptBody), 403,
		tenancy.CodeForbidden, ""},
	{apitest.Put("acme-editor", "/api/v1/prompts/x", strings.Repeat(" ", 201)), 413,
		tenancy.CodeTooLarge, ""},
	{apitest.Get("acme-viewer", "/api/v1/prompts?x=1"), 422, tenancy.CodeInvalid, ""},
	{apitest.Get("acme-viewer", "/host/panic"), 500, tenancy.CodeInternal, ""},
	{apitest.Get("", "/host/panic"), 401, tenancy.CodeUnauthenticated, "WWW-Authenticate"},
}

func TestEveryErrorHasTheHostsFormat(t *testing.T) {
	t.Parallel()
	reg := newWithProblems(t, writeOurs)
	for _, c := range refusals {
		res := reg.Do(t, c.req).Want(t, c.status)
		assert.Equal(t, "application/vnd.host+json", res.Header.Get("Content-Type"), c.req)
		assert.Equal(t, string(c.code), res.Header.Get("X-Host-Code"))
		assert.Contains(t, string(res.Body), `{"error":{"code":"`+string(c.code)+`"`)
		assert.NotContains(t, string(res.Body), "secret fault")
		assert.NotEmpty(t, res.Header.Get("X-Request-ID"))
		assert.Equal(t, "no-store", res.Header.Get("Cache-Control"))
		assert.Contains(t, res.Header.Get("Vary"), "Authorization")
		if c.header != "" {
			assert.NotEmpty(t, res.Header.Get(c.header), c.req)
		}
	}
}

func TestHostsFormatCantTakeHeadersAway(t *testing.T) {
	t.Parallel()
	reg := newWithProblems(t, func(w http.ResponseWriter, _ *http.Request, _ httpapi.Problem) {
		for name := range w.Header() {
			w.Header().Del(name)
		}
		w.Header().Set("Cache-Control", "public, max-age=3600")
		io.WriteString(w, "no")
	})
	res := reg.Do(t, apitest.Get("", "/api/v1/prompts")).Want(t, http.StatusUnauthorized)
	assert.Equal(t, "no", string(res.Body))
	assert.Equal(t, []string{"no-store"}, res.Header.Values("Cache-Control"))
	assert.Equal(t, "Bearer", res.Header.Get("WWW-Authenticate"))
	assert.Contains(t, res.Header.Get("Vary"), "Authorization")
	assert.NotEmpty(t, res.Header.Get("X-Request-ID"))
}

func TestHostsFormatThatFailsGivesTheLibrarysProblem(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(http.ResponseWriter, *http.Request, httpapi.Problem){
		"panics at once": func(http.ResponseWriter, *http.Request, httpapi.Problem) { panic("x") },
		"panics after half": func(w http.ResponseWriter, r *http.Request, p httpapi.Problem) {
			writeOurs(w, r, p)
			panic("x")
		},
		"aborts": func(http.ResponseWriter, *http.Request, httpapi.Problem) {
			panic(http.ErrAbortHandler)
		},
		"writes nothing": func(http.ResponseWriter, *http.Request, httpapi.Problem) {},
		"writes only a status": func(w http.ResponseWriter, _ *http.Request, _ httpapi.Problem) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusOK)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := newWithProblems(t, write)
			for _, c := range refusals {
				res := reg.Do(t, c.req)
				res.WantProblem(t, c.status, c.code)
				assert.Empty(t, res.Header.Get("X-Host-Code"))
			}
		})
	}
}

func TestHostsFormatSeesTheCallerAndOnlyTheirTenant(t *testing.T) {
	t.Parallel()
	reg := newWithProblems(t, func(w http.ResponseWriter, r *http.Request, p httpapi.Problem) {
		tenant, _ := tenancy.TenantFrom(r.Context())
		fmt.Fprintf(w, "%s %q", tenancy.PrincipalFrom(r.Context()).Name, tenant.Slug)
	})
	res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?x=1"))
	assert.Equal(t, `viewer "acme"`, string(res.Body))
	for _, tenant := range []string{"beta", "unknown"} {
		req := apitest.Get("acme-viewer", "/api/v1/tenants/"+tenant)
		assert.Equal(t, `viewer ""`, string(reg.Do(t, req).Body))
	}
}

func TestDocumentLeavesAHostsFormatOpen(t *testing.T) {
	t.Parallel()
	reg := newWithProblems(t, writeOurs)
	res := reg.Do(t, apitest.Get("", "/api/v1/openapi.json")).Want(t, http.StatusOK)
	assert.NotContains(t, string(res.Body), "Problem")
	assert.NotContains(t, string(res.Body), httpapi.ProblemType)
	var doc struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct {
				Description string
				Content     map[string]map[string]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(res.Body, &doc))
	unauthorized := doc.Paths["/api/v1/prompts"]["get"].Responses["401"]
	assert.Contains(t, unauthorized.Description, "unauthenticated")
	assert.Equal(t, map[string]map[string]any{"*/*": {}}, unauthorized.Content)
}
