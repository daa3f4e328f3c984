package httpapitest_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

func TestProbesNeedNoCredentials(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, path := range []string{"/livez", "/readyz"} {
		assert.JSONEq(t, `{"status":"ok"}`,
			string(reg.Do(t, apitest.Get("", path)).Want(t, 200).Body))
	}
}

func TestFailedReadinessIsUnavailableAndLogged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		detail string
	}{
		"a foreign error": {errors.New("dial tcp 10.0.0.1: password wrong"), "not ready to serve"},
		"an error to show": {
			tenancy.Errorf(tenancy.CodeUnavailable,
				"the schema is older than this program: migrate").
				Because(errors.New("password wrong")),
			"the schema is older than this program: migrate",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := apitest.New(t, func(o *httpapi.Options) {
				o.Ready = func(context.Context) error { return c.err }
			})
			res := reg.Do(t, apitest.Get("", "/readyz"))
			assert.Equal(t, c.detail, res.WantProblem(t, 503, tenancy.CodeUnavailable).Detail)
			assert.NotContains(t, string(res.Body), "password")
			assert.Contains(t, reg.Log.String(), "password wrong")
			reg.Do(t, apitest.Get("", "/livez")).Want(t, 200)
		})
	}
}

func TestDocumentIsCompleteAndEverySchemaCompiles(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	require.NoError(t, reg.Document.CheckSchemas())
	ids := map[string]bool{}
	for _, op := range reg.Operations(t) {
		assert.False(t, ids[op.ID], "the operationId %s appears twice", op.ID)
		ids[op.ID] = true
		open := op.Path == "/livez" || op.Path == "/readyz" || op.Path == "/api/v1/openapi.json" ||
			op.Path == "/api/v1/instance" ||
			op.Path == "/api/v1/invitations/accept" || op.ID == "signIn"
		assert.Equal(t, !open, op.Protected, op.Path)
		assert.Contains(t, op.Statuses, "500")
		if op.Protected {
			assert.Contains(t, op.Statuses, "401")
		}
	}
	assert.Len(t, ids, 6+8+4+3+5+4+4+6+7+1+5*6)
}

func TestDocumentDescribesTheSpecOfEachKind(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	var doc struct {
		Components struct {
			Schemas map[string]struct {
				Required   []string
				Properties map[string]map[string]any
			}
		}
	}
	require.NoError(t, json.Unmarshal(reg.Do(t, apitest.Get("", "/api/v1/openapi.json")).Body,
		&doc))
	rule := doc.Components.Schemas["TrustRuleSpec"]
	assert.Equal(t, []string{"effect"}, rule.Required)
	assert.Equal(t, []any{"allow", "deny"}, rule.Properties["effect"]["enum"])
	assert.Equal(t, 1000.0, rule.Properties["priority"]["maximum"])
	assert.Equal(t, 100.0, rule.Properties["priority"]["default"])
	assert.Equal(t, "array", doc.Components.Schemas["AgentSpec"].Properties["prompts"]["type"])
	assert.Equal(t, "object",
		doc.Components.Schemas["ModelConfigSpec"].Properties["api_key"]["type"],
		"a response never has a secret's value")
}

func TestUnsupportedMethodIsRefusedWithAllow(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for path, allow := range map[string]string{
		"/livez": "GET, HEAD", "/api/v1/tenants": "GET, HEAD, POST",
		"/api/v1/tenants/acme": "DELETE, GET, HEAD, PUT", "/api/v1/prompts": "GET, HEAD",
		"/api/v1/prompts/x": "DELETE, GET, HEAD, PUT", "/api/v1/tenants/acme/import": "POST",
		"/api/v1/tenants/acme/secrets/x": "DELETE, PUT",
	} {
		for _, method := range []string{"PATCH", "OPTIONS", "TRACE", "BREW"} {
			res := reg.Do(t, apitest.Request{As: "root", Method: method, Path: path})
			res.WantProblem(t, 405, httpapi.CodeMethodNotAllowed)
			assert.Equal(t, allow, res.Header.Get("Allow"), path)
		}
	}
	reg.Do(t, apitest.Get("root", "/api/v1/tenants/acme/import")).
		WantProblem(t, 405, httpapi.CodeMethodNotAllowed)
	reg.Do(t, apitest.Get("acme-admin", "/api/v1/tenants/acme/secrets/x")).
		WantProblem(t, 405, httpapi.CodeMethodNotAllowed)
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody)
	for _, path := range []string{"/api/v1/prompts/x", "/api/v1/prompts",
		"/api/v1/tenants/acme/export", "/api/v1/me", "/livez"} {
		get := reg.Do(t, apitest.Get("acme-viewer", path)).Want(t, 200)
		head := reg.Do(t, apitest.Request{As: "acme-viewer", Method: "HEAD", Path: path}).
			Want(t, 200)
		assert.Empty(t, head.Body)
		for _, name := range []string{"Content-Type", "Content-Length", "ETag"} {
			assert.Equal(t, get.Header.Get(name), head.Header.Get(name), "%s of %s", name, path)
		}
	}
	assert.Equal(t, 404, reg.Do(t,
		apitest.Request{As: "acme-viewer", Method: "HEAD", Path: "/api/v1/prompts/none"}).Status)
	assert.Equal(t, 401, reg.Do(t, apitest.Request{Method: "HEAD", Path: "/api/v1/prompts/none"}).
		Status)
}

func TestRequestKeepsItsValidIDOrGetsANewOne(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for id, kept := range map[string]bool{
		"abc-DEF_1.2": true, strings.Repeat("x", 128): true, strings.Repeat("x", 129): false,
		"a b": false, "a\"b": false, "<script>": false, "é": false, "": false,
	} {
		res := reg.Do(t, apitest.Request{
			Path: "/api/v1/me", Header: map[string]string{"X-Request-ID": id}})
		assert.Equal(t, kept, res.Header.Get("X-Request-ID") == id, id)
		res.WantProblem(t, 401, tenancy.CodeUnauthenticated)
	}
}

func TestBodyOfUnsupportedMediaTypeIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for media, fine := range map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true,
		"APPLICATION/JSON;charset=UTF-8": true,
		"text/plain":                     false, "application/x-www-form-urlencoded": false,
		"application/json; charset=latin1": false, "multipart/form-data; boundary=x": false,
		"application/problem+json": false, "nonsense;;": false, "text/json": false,
	} {
		res := reg.Do(t, apitest.Request{As: "acme-editor", Method: "PUT",
			Path: "/api/v1/prompts/x", Body: apitest.PromptBody,
			Header: map[string]string{"Content-Type": media}})
		if fine {
			assert.Less(t, res.Status, 300, media)
			continue
		}
		res.WantProblem(t, 415, httpapi.CodeUnsupportedMediaType)
	}
}

// failingResources is a store whose List calls fail.
type failingResources struct {
	ports.Resources
	fail func() error
}

func (b failingResources) List(
	context.Context, tenancy.ID, ports.ResourceQuery,
) ([]federation.Resource, error) {
	return nil, b.fail()
}

func TestCauseOfAFaultIsLoggedAndNotShown(t *testing.T) {
	t.Parallel()
	const cause = `pq: relation "agents" does not exist`
	for name, c := range map[string]struct {
		fail   func() error
		status int
		code   tenancy.Code
	}{
		"a foreign error": {func() error { return errors.New(cause) }, 500,
			tenancy.CodeInternal},
		"an internal error": {
			func() error { return tenancy.Errorf(tenancy.CodeInternal, cause) }, 500,
			tenancy.CodeInternal},
		"an unknown code": {func() error { return tenancy.Errorf("made_up", cause) }, 500,
			tenancy.CodeInternal},
		"a panic": {func() error { panic(cause) }, 500, tenancy.CodeInternal},
		"a deadline": {
			func() error { return errors.Join(errors.New(cause), context.DeadlineExceeded) }, 503,
			tenancy.CodeUnavailable},
		"a known code's cause": {
			func() error {
				return tenancy.Errorf(tenancy.CodeUnavailable, "busy").
					Because(errors.New(cause))
			}, 503, tenancy.CodeUnavailable},
		"a wrapped known error": {
			func() error {
				return errors.Join(errors.New(cause),
					tenancy.Errorf(tenancy.CodeUnavailable, "busy"))
			}, 503, tenancy.CodeUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			services := apitest.NewUnserved(t).Services
			services.Resources = failingResources{services.Resources, c.fail}
			reg := newOverExisting(t, services)
			res := reg.Do(t, apitest.Request{As: "root", Tenant: "default", Path: "/api/v1/agents"})
			p := res.WantProblem(t, c.status, c.code)
			assert.NotContains(t, string(res.Body), "agents\\\"")
			assert.NotContains(t, string(res.Body), "pq:")
			assert.Contains(t, reg.Log.String(), "pq: relation")
			assert.Contains(t, reg.Log.String(), p.RequestID)
		})
	}
}

// newOverExisting starts a registry over services that already have acme and beta.
func newOverExisting(t *testing.T, services ports.Services) *apitest.Registry {
	t.Helper()
	reg := apitest.Wrap(services)
	reg.Serve(t)
	return reg
}

func TestPanicAfterTheFirstByteClosesTheConnection(t *testing.T) {
	t.Parallel()
	services := apitest.NewUnserved(t).Services
	reg := newOverExisting(t, services)
	server := httptest.NewServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		reg.Handler.ServeHTTP(&panickingWriter{ResponseWriter: out}, r)
	}))
	defer server.Close()
	res, err := http.Get(server.URL + "/livez")
	if err == nil {
		defer res.Body.Close()
		_, err = io.ReadAll(res.Body)
	}
	assert.Error(t, err, "half a response must not look complete")
}

// panickingWriter writes half of the body and panics.
type panickingWriter struct{ http.ResponseWriter }

func (b *panickingWriter) Write(p []byte) (int, error) {
	if n, err := b.ResponseWriter.Write(p[:len(p)/2]); err != nil {
		return n, err
	}
	panic("out of order")
}

func TestInvalidOptionsAreNamed(t *testing.T) {
	t.Parallel()
	good := apitest.NewUnserved(t).Services
	tenantsKind, err := federation.NewKinds(federation.Kind{Name: "tenant"})
	require.NoError(t, err)
	for name, c := range map[string]struct {
		change func(*ports.Services, *httpapi.Options)
		want   string
	}{
		"no tenants": {func(s *ports.Services, _ *httpapi.Options) { s.Tenants = nil },
			"Services.Tenants"},
		"no audit": {func(s *ports.Services, _ *httpapi.Options) { s.Audit = nil },
			"Services.Audit"},
		"several": {func(s *ports.Services, _ *httpapi.Options) { *s = ports.Services{} },
			"Services.Kinds, Services.Tenants, Services.Resources, Services.Audit," +
				" Services.PlatformAudit"},
		"no caller": {func(s *ports.Services, _ *httpapi.Options) {
			s.KeyFinder, s.Sessions = nil, nil
		}, "no caller can authenticate"},
		"a provider without identities": {func(s *ports.Services, o *httpapi.Options) {
			s.Identities = nil
			o.SignIn.Provider = struct{ signin.Provider }{}
		}, "Services.Identities"},
		"an unknown group": {func(_ *ports.Services, o *httpapi.Options) {
			o.Without = []httpapi.Group{httpapi.UserRoutes, "user"}
		}, `Options.Without[1] "user"`},
		"invitations without members": {func(_ *ports.Services, o *httpapi.Options) {
			o.Without = []httpapi.Group{httpapi.MemberRoutes}
		}, `Options.Without has "members", but not "invitations"`},
		"no kinds": {func(s *ports.Services, _ *httpapi.Options) { s.Kinds = nil },
			"Services.Kinds"},
		"a negative limit": {func(_ *ports.Services, o *httpapi.Options) { o.ResourceLimit = -1 },
			"Options.ResourceLimit"},
		"a bad prefix": {func(_ *ports.Services, o *httpapi.Options) { o.Prefix = "registry/" },
			"Options.Prefix"},
		"an unknown kind": {func(_ *ports.Services, o *httpapi.Options) {
			o.Discovery = []httpapi.Discovery{{Kind: "x", Member: "y"}}
		}, "Options.Discovery[0].Kind"},
		"a secret shown": {func(_ *ports.Services, o *httpapi.Options) {
			o.Discovery = []httpapi.Discovery{
				{Kind: "model_config", Member: "m", Fields: []string{"api_key"}}}
		}, "Options.Discovery[0].Fields"},
		"a reserved member": {func(_ *ports.Services, o *httpapi.Options) {
			o.Discovery = []httpapi.Discovery{{Kind: "agent", Member: "tenant"}}
		}, "Options.Discovery[0].Member"},
		"a reserved path": {func(s *ports.Services, _ *httpapi.Options) { s.Kinds = tenantsKind },
			`"tenants"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, o := good, httpapi.Options{}
			c.change(&s, &o)
			defer func() { assert.Contains(t, recover(), c.want) }()
			httpapi.New(s, o)
		})
	}
}
