package httpapitest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestInvalidCredentialsRevealNoTenant(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Suspend(t, "beta")
	expired := tenancy.NewKeySecret()
	credentials := map[string]string{
		"none": "", "an empty bearer": "Bearer ", "an unknown key": "Bearer " + expired,
		"no key":         "Bearer bwk_nonsense",
		"another scheme": "Basic cm9vdDpyb290", "no scheme": apitest.PlatformToken,
		"a prefix of the platform token": "Bearer " + apitest.PlatformToken[:20],
		"more than the platform token":   "Bearer " + apitest.PlatformToken + "x",
		"an empty header":                " ",
	}
	for name, header := range credentials {
		t.Run(name, func(t *testing.T) {
			for _, req := range reg.ProtectedRequests(t) {
				var first []byte
				for _, tenant := range []string{"", "acme", "beta", "unknown", "NOT A SLUG",
					reg.Tenants["beta"].ID.String()} {
					req.Tenant, req.As = tenant, header
					req.Header = map[string]string{"X-Request-ID": "same"}
					res := reg.Do(t, req)
					res.WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
					assert.Equal(t, "Bearer", res.Header.Get("WWW-Authenticate"))
					if first == nil {
						first = res.Body
					}
					assert.Equal(t, string(first), string(res.Body), "%s %s for %q", req.Method,
						req.Path,
						tenant)
				}
			}
		})
	}
}

func TestTwoAuthorizationHeadersAreRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	req := reg.NewRequest(t.Context(), t, apitest.Get("root", "/api/v1/me"))
	req.Header.Add("Authorization", "Bearer x")
	res, err := reg.Client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}

func TestForeignTenantLooksUnknown(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	reg.AddTenant(t, "gone")
	reg.DeleteTenant(t, "gone")
	reg.AddTenant(t, "asleep")
	reg.Suspend(t, "asleep")
	for _, caller := range []string{"user:", "user:admin@beta"} {
		for _, req := range reg.ProtectedRequests(t) {
			if apitest.BelongsToNoTenant(req.Path) {
				continue
			}
			req.As, req.Header = caller, map[string]string{"X-Request-ID": "same"}
			want := reg.Do(t, req.For("unknown"))
			want.WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
			for _, name := range []string{
				"acme", "gone", "asleep", "Not-A-Slug", "default", reg.Tenants["acme"].ID.String(),
				reg.Tenants["gone"].ID.String(),
				reg.Tenants["asleep"].ID.String(), tenancy.NewID().String(),
				"00000000-0000-0000-0000-000000000000",
			} {
				res := reg.Do(t, req.For(name))
				assert.Equal(t, want.Status, res.Status)
				assert.Equal(t, string(want.Body), string(res.Body), "%s %s in %s as %s",
					req.Method,
					req.Path, name, caller)
				assert.Equal(t, plainHeaders(want.Header), plainHeaders(res.Header))
			}
		}
	}
}

func plainHeaders(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Date")
	return h
}

func TestTenantSourcesMustAgree(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	acme, beta := reg.Tenants["acme"].ID.String(), reg.Tenants["beta"].ID.String()
	const acmeHost, betaHost = "acme.registry.test", "beta.registry.test:8080"
	cases := []struct {
		name string
		ask  apitest.Request
		code tenancy.Code // "" if the request succeeds
	}{
		{"the key alone", apitest.Request{As: "acme-viewer"}, ""},
		{"key and header", apitest.Request{As: "acme-viewer", Tenant: "acme"}, ""},
		{"key and header by id", apitest.Request{As: "acme-viewer", Tenant: acme}, ""},
		{"key and host", apitest.Request{As: "acme-viewer", Host: acmeHost}, ""},
		{"key, host and header", apitest.Request{As: "acme-viewer", Host: acmeHost, Tenant: acme},
			""},
		{"key against header", apitest.Request{As: "acme-viewer", Tenant: "beta"},
			tenancy.CodeTenantMismatch},
		{"key against header by id", apitest.Request{As: "acme-viewer", Tenant: beta},
			tenancy.CodeTenantMismatch},
		{"key against host", apitest.Request{As: "acme-viewer", Host: betaHost},
			tenancy.CodeTenantMismatch},
		{"key against an unknown header", apitest.Request{As: "acme-viewer", Tenant: "unknown"},
			tenancy.CodeTenantMismatch},
		{"key against an empty header",
			apitest.Request{As: "acme-viewer", Header: map[string]string{"X-Tenant-ID": ""}},
			tenancy.CodeTenantMismatch},
		{"header against host, the key agreeing with one",
			apitest.Request{As: "acme-viewer", Host: betaHost, Tenant: "acme"},
			tenancy.CodeTenantMismatch},
		{"the platform token with nothing", apitest.Request{As: "root"}, tenancy.CodeNoTenant},
		{"the platform token with a header", apitest.Request{As: "root", Tenant: "beta"}, ""},
		{"the platform token with a host", apitest.Request{As: "root", Host: betaHost}, ""},
		{"the platform token, header against host",
			apitest.Request{As: "root", Tenant: "acme", Host: betaHost},
			tenancy.CodeTenantMismatch},
		{"the platform token, header against an unknown host",
			apitest.Request{As: "root", Tenant: "acme", Host: "unknown.registry.test"},
			tenancy.CodeTenantMismatch},
		{"the platform token with an unknown tenant",
			apitest.Request{As: "root", Tenant: "unknown"},
			tenancy.CodeTenantNotFound},
		{"the platform token with the default tenant",
			apitest.Request{As: "root", Tenant: "default"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.ask.Path = "/api/v1/agents"
			res := reg.Do(t, c.ask)
			if c.code == "" {
				res.Want(t, http.StatusOK)
				return
			}
			status := http.StatusBadRequest
			if c.code == tenancy.CodeTenantNotFound {
				status = http.StatusNotFound
			}
			res.WantProblem(t, status, c.code)
		})
	}
}

func TestPathIsATenantSource(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, path := range []string{"", "/export", "/keys"} {
		path = "/api/v1/tenants/acme" + path
		reg.Do(t, apitest.Get("acme-admin", path)).Want(t, http.StatusOK)
		reg.Do(t, apitest.Request{As: "acme-admin", Path: path, Tenant: "acme",
			Host: "acme.registry.test"}).
			Want(t, http.StatusOK)
		reg.Do(t, apitest.Request{As: "acme-admin", Path: path, Tenant: "beta"}).
			WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
		reg.Do(t, apitest.Get("beta-admin", path)).
			WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
		reg.Do(t, apitest.Request{As: "root", Path: path, Host: "beta.registry.test"}).
			WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
	}
}

func TestDifferentTenantHeadersAreAMismatch(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	req := reg.NewRequest(t.Context(), t,
		apitest.Request{As: "root", Path: "/api/v1/agents", Tenant: "acme"})
	req.Header.Add("X-Tenant-ID", "beta")
	res, err := reg.Client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
}

func TestRoleAllowsExactlyItsOperations(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Put(t, "/api/v1/prompts/x", apitest.PromptBody)
	allowed := map[string][]string{
		"viewer": {"viewer"}, "editor": {"viewer", "editor"},
		"admin": {"viewer", "editor", "admin"}, "replicator": nil,
	}
	for _, op := range reg.Operations(t) {
		if op.Role == "" || !op.Protected {
			continue
		}
		for role, may := range allowed {
			path := strings.NewReplacer("{tenant}", "acme", "{name}", "nothing", "{id}", "nothing",
				"{user_id}", "nothing").Replace(op.Path)
			req := apitest.Request{As: "acme-" + role, Method: op.Method, Path: path}
			if op.Method == http.MethodPut || op.Method == http.MethodPost {
				req.Body = `{` // invalid, so that an allowed call changes nothing
			}
			res := reg.Do(t, req)
			if bytes.Contains([]byte(strings.Join(may, " ")), []byte(op.Role)) {
				assert.NotEqual(t, http.StatusForbidden, res.Status, "%s %s as %s", op.Method, path,
					role)
				continue
			}
			res.WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
		}
	}
}

func TestOnlyMembersSeeThatATenantIsSuspended(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	reg.Suspend(t, "acme")
	for _, path := range []string{"/api/v1/agents", "/api/v1/tenants/acme",
		"/api/v1/tenants/acme/export", "/api/v1/discovery"} {
		req := apitest.Request{Path: path, Tenant: "acme"}
		for as, want := range map[string]tenancy.Code{
			"user:viewer@acme":           tenancy.CodeTenantSuspended,
			"user:admin@acme,admin@beta": tenancy.CodeTenantSuspended,
			"user:admin@beta":            tenancy.CodeTenantNotFound,
			"user:":                      tenancy.CodeTenantNotFound,
		} {
			req.As = as
			assert.Equal(t, want, apitest.Decode[apitest.Problem](t, reg.Do(t, req)).Code,
				"%s as %s", path, as)
		}
		req.As = "user:root"
		reg.Do(t, req).Want(t, http.StatusOK)
	}
	reg.Do(t, apitest.Request{As: "user:root", Method: http.MethodPut, Path: "/api/v1/prompts/x",
		Tenant: "acme",
		Body:   apitest.PromptBody}).
		WantProblem(t, http.StatusForbidden, tenancy.CodeTenantSuspended)
}

func TestResourcesOfAnotherTenantAreInvisible(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	for _, tenant := range []string{"acme", "beta"} {
		body := `{"labels":{"of":"` + tenant + `"},"spec":{"template":"` + tenant + `"}}`
		reg.Do(t, apitest.Put(tenant+"-editor", "/api/v1/prompts/same", body)).
			Want(t, http.StatusCreated)
	}
	reg.Do(t, apitest.Put("beta-editor", "/api/v1/prompts/betas", apitest.PromptBody)).
		Want(t, http.StatusCreated)

	assert.Equal(t, []string{"same"},
		reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts")).
			Names(t))
	assert.Empty(t, reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts?label=of=beta")).Names(t))
	foreign := reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/betas",
		Header: map[string]string{"X-Request-ID": "same"}})
	unknown := reg.Do(t, apitest.Request{As: "acme-viewer", Path: "/api/v1/prompts/never",
		Header: map[string]string{"X-Request-ID": "same"}})
	foreign.WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
	assert.Equal(t, strings.ReplaceAll(string(unknown.Body), "never", "betas"),
		string(foreign.Body))

	reg.Do(t, apitest.Put("acme-editor", "/api/v1/agents/x", `{"spec":{"prompts":["betas"]}}`)).
		WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeDanglingReference)
	reg.Do(t, apitest.Delete("acme-editor", "/api/v1/prompts/same")).Want(t, http.StatusNoContent)
	assert.Equal(t, []string{"betas", "same"},
		reg.Do(t, apitest.Get("beta-viewer", "/api/v1/prompts")).Names(t))
}
