package httpapitest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestWithoutValidCredentialsNothingIsToldWhateverTheTenant(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Suspend(t, "beta")
	expired := tenancy.NewKeySecret()
	credentials := map[string]string{
		"none": "", "an empty bearer": "Bearer ", "an unknown key": "Bearer " + expired,
		"no key":         "Bearer bwk_nonsense",
		"another scheme": "Basic cm9vdDpyb290", "no scheme": PlatformToken,
		"a prefix of the platform token": "Bearer " + PlatformToken[:20],
		"more than the platform token":   "Bearer " + PlatformToken + "x", "an empty header": " ",
	}
	for name, header := range credentials {
		t.Run(name, func(t *testing.T) {
			for _, a := range w.ProtectedRequests(t) {
				var first []byte
				for _, tenant := range []string{"", "acme", "beta", "unknown", "NOT A SLUG",
					w.Tenants["beta"].ID.String()} {
					a.Tenant, a.As = tenant, header
					a.Header = map[string]string{"X-Request-ID": "same"}
					g := w.Do(t, a)
					g.WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
					assert.Equal(t, "Bearer", g.Header.Get("WWW-Authenticate"))
					if first == nil {
						first = g.Body
					}
					assert.Equal(t, string(first), string(g.Body), "%s %s for %q", a.Method, a.Path,
						tenant)
				}
			}
		})
	}
}

func TestTwoAuthorizationHeadersAreNone(t *testing.T) {
	t.Parallel()
	w := New(t)
	req := w.NewRequest(t.Context(), t, Request{As: "root", Path: "/api/v1/me"})
	req.Header.Add("Authorization", "Bearer x")
	res, err := w.Client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}

func TestAStrangerCantTellAForeignTenantFromNone(t *testing.T) {
	t.Parallel()
	w := NewWithUsers(t)
	w.AddTenant(t, "gone")
	w.DeleteTenant(t, "gone")
	w.AddTenant(t, "asleep")
	w.Suspend(t, "asleep")
	for _, caller := range []string{"user:", "user:admin@beta"} {
		for _, a := range w.ProtectedRequests(t) {
			if BelongsToNoTenant(a.Path) {
				continue
			}
			a.As, a.Header = caller, map[string]string{"X-Request-ID": "same"}
			want := w.Do(t, a.For("unknown"))
			want.WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
			for _, name := range []string{
				"acme", "gone", "asleep", "Not-A-Slug", "default", w.Tenants["acme"].ID.String(),
				w.Tenants["gone"].ID.String(),
				w.Tenants["asleep"].ID.String(), tenancy.NewID().String(),
				"00000000-0000-0000-0000-000000000000",
			} {
				g := w.Do(t, a.For(name))
				assert.Equal(t, want.Status, g.Status)
				assert.Equal(t, string(want.Body), string(g.Body), "%s %s in %s as %s", a.Method,
					a.Path, name, caller)
				assert.Equal(t, plainHeaders(want.Header), plainHeaders(g.Header))
			}
		}
	}
}

func plainHeaders(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Date")
	return h
}

func TestEverySourceOfTheTenantMustAgree(t *testing.T) {
	t.Parallel()
	w := New(t)
	acme, beta := w.Tenants["acme"].ID.String(), w.Tenants["beta"].ID.String()
	const acmeHost, betaHost = "acme.registry.test", "beta.registry.test:8080"
	cases := []struct {
		name string
		ask  Request
		code tenancy.Code // "" is success
	}{
		{"the key alone", Request{As: "acme-viewer"}, ""},
		{"key and header", Request{As: "acme-viewer", Tenant: "acme"}, ""},
		{"key and header by id", Request{As: "acme-viewer", Tenant: acme}, ""},
		{"key and host", Request{As: "acme-viewer", Host: acmeHost}, ""},
		{"key, host and header", Request{As: "acme-viewer", Host: acmeHost, Tenant: acme}, ""},
		{"key against header", Request{As: "acme-viewer", Tenant: "beta"}, tenancy.CodeTenantMismatch},
		{"key against header by id", Request{As: "acme-viewer", Tenant: beta},
			tenancy.CodeTenantMismatch},
		{"key against host", Request{As: "acme-viewer", Host: betaHost}, tenancy.CodeTenantMismatch},
		{"key against an unknown header", Request{As: "acme-viewer", Tenant: "unknown"},
			tenancy.CodeTenantMismatch},
		{"key against an empty header",
			Request{As: "acme-viewer", Header: map[string]string{"X-Tenant-ID": ""}},
			tenancy.CodeTenantMismatch},
		{"header against host, the key agreeing with one",
			Request{As: "acme-viewer", Host: betaHost, Tenant: "acme"}, tenancy.CodeTenantMismatch},
		{"the platform token with nothing", Request{As: "root"}, tenancy.CodeNoTenant},
		{"the platform token with a header", Request{As: "root", Tenant: "beta"}, ""},
		{"the platform token with a host", Request{As: "root", Host: betaHost}, ""},
		{"the platform token, header against host", Request{As: "root", Tenant: "acme", Host: betaHost},
			tenancy.CodeTenantMismatch},
		{"the platform token, header against an unknown host",
			Request{As: "root", Tenant: "acme", Host: "unknown.registry.test"},
			tenancy.CodeTenantMismatch},
		{"the platform token with an unknown tenant", Request{As: "root", Tenant: "unknown"},
			tenancy.CodeTenantNotFound},
		{"the platform token with the default tenant", Request{As: "root", Tenant: "default"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.ask.Path = "/api/v1/agents"
			g := w.Do(t, c.ask)
			if c.code == "" {
				g.Want(t, http.StatusOK)
				return
			}
			status := http.StatusBadRequest
			if c.code == tenancy.CodeTenantNotFound {
				status = http.StatusNotFound
			}
			g.WantProblem(t, status, c.code)
		})
	}
}

func TestThePathIsASourceToo(t *testing.T) {
	t.Parallel()
	w := New(t)
	for _, path := range []string{"", "/export", "/keys"} {
		path = "/api/v1/tenants/acme" + path
		w.Do(t, Request{As: "acme-admin", Path: path}).Want(t, http.StatusOK)
		w.Do(t, Request{As: "acme-admin", Path: path, Tenant: "acme", Host: "acme.registry.test"}).
			Want(t, http.StatusOK)
		w.Do(t, Request{As: "acme-admin", Path: path, Tenant: "beta"}).
			WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
		w.Do(t, Request{As: "beta-admin", Path: path}).
			WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
		w.Do(t, Request{As: "root", Path: path, Host: "beta.registry.test"}).
			WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
	}
}

func TestTwoTenantHeadersThatDifferAreAMismatch(t *testing.T) {
	t.Parallel()
	w := New(t)
	req := w.NewRequest(t.Context(), t, Request{As: "root", Path: "/api/v1/agents", Tenant: "acme"})
	req.Header.Add("X-Tenant-ID", "beta")
	res, err := w.Client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
}

func TestARoleMayDoWhatItIncludesAndNothingElse(t *testing.T) {
	t.Parallel()
	w := New(t)
	w.Put(t, "/api/v1/prompts/x", PromptBody)
	allowed := map[string][]string{
		"viewer": {"viewer"}, "editor": {"viewer", "editor"},
		"admin": {"viewer", "editor", "admin"}, "replicator": nil,
	}
	for _, op := range w.Operations(t) {
		if op.Role == "" || !op.Protected {
			continue
		}
		for role, may := range allowed {
			path := strings.NewReplacer("{tenant}", "acme", "{name}", "nothing", "{id}", "nothing",
				"{user_id}", "nothing").Replace(op.Path)
			a := Request{As: "acme-" + role, Method: op.Method, Path: path}
			if op.Method == http.MethodPut || op.Method == http.MethodPost {
				a.Body = `{` // refused, but only of those who may
			}
			g := w.Do(t, a)
			if bytes.Contains([]byte(strings.Join(may, " ")), []byte(op.Role)) {
				assert.NotEqual(t, http.StatusForbidden, g.Status, "%s %s as %s", op.Method, path,
					role)
				continue
			}
			g.WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
		}
	}
}

func TestASuspendedTenantIsToldToItsMembersOnly(t *testing.T) {
	t.Parallel()
	w := NewWithUsers(t)
	w.Suspend(t, "acme")
	for _, path := range []string{"/api/v1/agents", "/api/v1/tenants/acme",
		"/api/v1/tenants/acme/export", "/api/v1/discovery"} {
		a := Request{Path: path, Tenant: "acme"}
		for as, want := range map[string]tenancy.Code{
			"user:viewer@acme":           tenancy.CodeTenantSuspended,
			"user:admin@acme,admin@beta": tenancy.CodeTenantSuspended,
			"user:admin@beta":            tenancy.CodeTenantNotFound,
			"user:":                      tenancy.CodeTenantNotFound,
		} {
			a.As = as
			assert.Equal(t, want, Decode[Problem](t, w.Do(t, a)).Code, "%s as %s", path, as)
		}
		a.As = "user:root"
		w.Do(t, a).Want(t, http.StatusOK)
	}
	w.Do(t, Request{As: "user:root", Method: http.MethodPut, Path: "/api/v1/prompts/x", Tenant: "acme",
		Body: PromptBody}).
		WantProblem(t, http.StatusForbidden, tenancy.CodeTenantSuspended)
}

func TestOneTenantsRowsAreNobodyElses(t *testing.T) {
	t.Parallel()
	w := New(t)
	for _, tenant := range []string{"acme", "beta"} {
		body := `{"labels":{"of":"` + tenant + `"},"spec":{"template":"` + tenant + `"}}`
		w.Do(t, Request{As: tenant + "-editor", Method: http.MethodPut, Path: "/api/v1/prompts/same",
			Body: body}).Want(t, http.StatusCreated)
	}
	w.Do(t, Request{As: "beta-editor", Method: http.MethodPut, Path: "/api/v1/prompts/betas",
		Body: PromptBody}).Want(t, http.StatusCreated)

	assert.Equal(t, []string{"same"}, w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts"}).
		Names(t))
	assert.Empty(t, w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts?label=of=beta"}).Names(t))
	foreign := w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts/betas",
		Header: map[string]string{"X-Request-ID": "same"}})
	unknown := w.Do(t, Request{As: "acme-viewer", Path: "/api/v1/prompts/never",
		Header: map[string]string{"X-Request-ID": "same"}})
	foreign.WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
	assert.Equal(t, strings.ReplaceAll(string(unknown.Body), "never", "betas"),
		string(foreign.Body))

	w.Do(t, Request{As: "acme-editor", Method: http.MethodPut, Path: "/api/v1/agents/x",
		Body: `{"spec":{"prompts":["betas"]}}`}).
		WantProblem(t, http.StatusUnprocessableEntity, tenancy.CodeDanglingReference)
	w.Do(t, Request{As: "acme-editor", Method: http.MethodDelete, Path: "/api/v1/prompts/same"}).
		Want(t, http.StatusNoContent)
	assert.Equal(t, []string{"betas", "same"},
		w.Do(t, Request{As: "beta-viewer", Path: "/api/v1/prompts"}).Names(t))
}
