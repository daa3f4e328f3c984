package httpapitest_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// asUsers lets a world's callers be people, who belong to any number of
// tenants: the token "user:<role>@<tenant>,…" is such a person.
func asUsers(tenants func(slug string) tenancy.ID) with {
	return func(o *httpapi.Options) {
		o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
			places, ok := strings.CutPrefix(r.Header.Get("Authorization"), "user:")
			if !ok {
				return tenancy.Principal{},
					tenancy.Errorf(tenancy.CodeUnauthenticated, "who are you?")
			}
			p := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "u " + places, Name: "User",
				SuperAdmin: places == "root", Roles: map[tenancy.ID]tenancy.Role{}}
			for place := range strings.SplitSeq(places, ",") {
				if role, slug, ok := strings.Cut(place, "@"); ok {
					p.Roles[tenants(slug)] = tenancy.Role(role)
				}
			}
			return p, nil
		}
	}
}

func newWorldOfUsers(t *testing.T) *world {
	var w *world
	w = newWorld(t, asUsers(func(slug string) tenancy.ID { return w.tenants[slug].ID }))
	return w
}

// everyProtected has one request for each operation that needs credentials.
func everyProtected(t *testing.T, w *world) []ask {
	t.Helper()
	var asks []ask
	for _, op := range w.operations(t) {
		if !op.protected {
			continue
		}
		path := strings.NewReplacer("{tenant}", "acme", "{name}", "x", "{id}",
			tenancy.NewID().String(), "{user_id}", tenancy.NewID().String()).Replace(op.path)
		a := ask{method: op.method, path: path}
		if op.method == http.MethodPut || op.method == http.MethodPost {
			a.body = `{}`
		}
		asks = append(asks, a)
	}
	require.Greater(t, len(asks), 30)
	return asks
}

func TestWithoutValidCredentialsNothingIsToldWhateverTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.suspend(t, "beta")
	expired := tenancy.NewKeySecret()
	credentials := map[string]string{
		"none": "", "an empty bearer": "Bearer ", "an unknown key": "Bearer " + expired,
		"no key":         "Bearer bwk_nonsense",
		"another scheme": "Basic cm9vdDpyb290", "no scheme": platformToken,
		"a prefix of the platform token": "Bearer " + platformToken[:20],
		"more than the platform token":   "Bearer " + platformToken + "x", "an empty header": " ",
	}
	for name, header := range credentials {
		t.Run(name, func(t *testing.T) {
			for _, a := range everyProtected(t, w) {
				var first []byte
				for _, tenant := range []string{"", "acme", "beta", "unknown", "NOT A SLUG",
					w.tenants["beta"].ID.String()} {
					a.tenant, a.as = tenant, header
					a.header = map[string]string{"X-Request-ID": "same"}
					g := w.do(t, a)
					g.refused(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
					assert.Equal(t, "Bearer", g.header.Get("WWW-Authenticate"))
					if first == nil {
						first = g.body
					}
					assert.Equal(t, string(first), string(g.body), "%s %s for %q", a.method, a.path,
						tenant)
				}
			}
		})
	}
}

func TestTwoAuthorizationHeadersAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := w.request(t.Context(), t, ask{as: "root", path: "/api/v1/me"})
	req.Header.Add("Authorization", "Bearer x")
	res, err := w.client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusUnauthorized, res.StatusCode)
}

func TestAStrangerCantTellAForeignTenantFromNone(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	w.addTenant(t, "gone")
	w.deleteTenant(t, "gone")
	w.addTenant(t, "asleep")
	w.suspend(t, "asleep")
	for _, caller := range []string{"user:", "user:admin@beta"} {
		for _, a := range everyProtected(t, w) {
			if ofNoTenant(a.path) {
				continue
			}
			a.as, a.header = caller, map[string]string{"X-Request-ID": "same"}
			want := w.do(t, a.in("unknown"))
			want.refused(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
			for _, name := range []string{
				"acme", "gone", "asleep", "Not-A-Slug", "default", w.tenants["acme"].ID.String(),
				w.tenants["gone"].ID.String(),
				w.tenants["asleep"].ID.String(), tenancy.NewID().String(),
				"00000000-0000-0000-0000-000000000000",
			} {
				g := w.do(t, a.in(name))
				assert.Equal(t, want.status, g.status)
				assert.Equal(t, string(want.body), string(g.body), "%s %s in %s as %s", a.method,
					a.path, name, caller)
				assert.Equal(t, plainHeaders(want.header), plainHeaders(g.header))
			}
		}
	}
}

// in is the request for a tenant, which is named where the route has a place
// for it.
func (a ask) in(tenant string) ask {
	if strings.HasPrefix(a.path, "/api/v1/tenants/acme") {
		a.path = strings.Replace(a.path, "/tenants/acme", "/tenants/"+tenant, 1)
		return a
	}
	a.tenant = tenant
	return a
}

func plainHeaders(h http.Header) http.Header {
	h = h.Clone()
	h.Del("Date")
	return h
}

func TestEverySourceOfTheTenantMustAgree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	acme, beta := w.tenants["acme"].ID.String(), w.tenants["beta"].ID.String()
	const acmeHost, betaHost = "acme.registry.test", "beta.registry.test:8080"
	cases := []struct {
		name string
		ask  ask
		code tenancy.Code // "" is success
	}{
		{"the key alone", ask{as: "acme-viewer"}, ""},
		{"key and header", ask{as: "acme-viewer", tenant: "acme"}, ""},
		{"key and header by id", ask{as: "acme-viewer", tenant: acme}, ""},
		{"key and host", ask{as: "acme-viewer", host: acmeHost}, ""},
		{"key, host and header", ask{as: "acme-viewer", host: acmeHost, tenant: acme}, ""},
		{"key against header", ask{as: "acme-viewer", tenant: "beta"}, tenancy.CodeTenantMismatch},
		{"key against header by id", ask{as: "acme-viewer", tenant: beta},
			tenancy.CodeTenantMismatch},
		{"key against host", ask{as: "acme-viewer", host: betaHost}, tenancy.CodeTenantMismatch},
		{"key against an unknown header", ask{as: "acme-viewer", tenant: "unknown"},
			tenancy.CodeTenantMismatch},
		{"key against an empty header",
			ask{as: "acme-viewer", header: map[string]string{"X-Tenant-ID": ""}},
			tenancy.CodeTenantMismatch},
		{"header against host, the key agreeing with one",
			ask{as: "acme-viewer", host: betaHost, tenant: "acme"}, tenancy.CodeTenantMismatch},
		{"the platform token with nothing", ask{as: "root"}, tenancy.CodeNoTenant},
		{"the platform token with a header", ask{as: "root", tenant: "beta"}, ""},
		{"the platform token with a host", ask{as: "root", host: betaHost}, ""},
		{"the platform token, header against host", ask{as: "root", tenant: "acme", host: betaHost},
			tenancy.CodeTenantMismatch},
		{"the platform token, header against an unknown host",
			ask{as: "root", tenant: "acme", host: "unknown.registry.test"},
			tenancy.CodeTenantMismatch},
		{"the platform token with an unknown tenant", ask{as: "root", tenant: "unknown"},
			tenancy.CodeTenantNotFound},
		{"the platform token with the default tenant", ask{as: "root", tenant: "default"}, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.ask.path = "/api/v1/agents"
			g := w.do(t, c.ask)
			if c.code == "" {
				g.ok(t, http.StatusOK)
				return
			}
			status := http.StatusBadRequest
			if c.code == tenancy.CodeTenantNotFound {
				status = http.StatusNotFound
			}
			g.refused(t, status, c.code)
		})
	}
}

func TestThePathIsASourceToo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"", "/export", "/keys"} {
		path = "/api/v1/tenants/acme" + path
		w.do(t, ask{as: "acme-admin", path: path}).ok(t, http.StatusOK)
		w.do(t, ask{as: "acme-admin", path: path, tenant: "acme", host: "acme.registry.test"}).
			ok(t, http.StatusOK)
		w.do(t, ask{as: "acme-admin", path: path, tenant: "beta"}).
			refused(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
		w.do(t, ask{as: "beta-admin", path: path}).
			refused(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
		w.do(t, ask{as: "root", path: path, host: "beta.registry.test"}).
			refused(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
	}
}

func TestTwoTenantHeadersThatDifferAreAMismatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	req := w.request(t.Context(), t, ask{as: "root", path: "/api/v1/agents", tenant: "acme"})
	req.Header.Add("X-Tenant-ID", "beta")
	res, err := w.client.Do(req)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	assert.Equal(t, http.StatusBadRequest, res.StatusCode)
}

func TestARoleMayDoWhatItIncludesAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(t, "/api/v1/prompts/x", aPrompt)
	allowed := map[string][]string{
		"viewer": {"viewer"}, "editor": {"viewer", "editor"},
		"admin": {"viewer", "editor", "admin"}, "replicator": nil,
	}
	for _, op := range w.operations(t) {
		if op.role == "" || !op.protected {
			continue
		}
		for role, may := range allowed {
			path := strings.NewReplacer("{tenant}", "acme", "{name}", "nothing", "{id}", "nothing",
				"{user_id}", "nothing").Replace(op.path)
			a := ask{as: "acme-" + role, method: op.method, path: path}
			if op.method == http.MethodPut || op.method == http.MethodPost {
				a.body = `{` // refused, but only of those who may
			}
			g := w.do(t, a)
			if bytes.Contains([]byte(strings.Join(may, " ")), []byte(op.role)) {
				assert.NotEqual(t, http.StatusForbidden, g.status, "%s %s as %s", op.method, path,
					role)
				continue
			}
			g.refused(t, http.StatusForbidden, tenancy.CodeForbidden)
		}
	}
}

func TestASuspendedTenantIsToldToItsMembersOnly(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	w.suspend(t, "acme")
	for _, path := range []string{"/api/v1/agents", "/api/v1/tenants/acme",
		"/api/v1/tenants/acme/export", "/api/v1/discovery"} {
		a := ask{path: path, tenant: "acme"}
		for as, want := range map[string]tenancy.Code{
			"user:viewer@acme":           tenancy.CodeTenantSuspended,
			"user:admin@acme,admin@beta": tenancy.CodeTenantSuspended,
			"user:admin@beta":            tenancy.CodeTenantNotFound,
			"user:":                      tenancy.CodeTenantNotFound,
		} {
			a.as = as
			assert.Equal(t, want, read[problem](t, w.do(t, a)).Code, "%s as %s", path, as)
		}
		a.as = "user:root"
		w.do(t, a).ok(t, http.StatusOK)
	}
	w.do(t, ask{as: "user:root", method: http.MethodPut, path: "/api/v1/prompts/x", tenant: "acme",
		body: aPrompt}).
		refused(t, http.StatusForbidden, tenancy.CodeTenantSuspended)
}

func TestOneTenantsRowsAreNobodyElses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tenant := range []string{"acme", "beta"} {
		body := `{"labels":{"of":"` + tenant + `"},"spec":{"template":"` + tenant + `"}}`
		w.do(t, ask{as: tenant + "-editor", method: http.MethodPut, path: "/api/v1/prompts/same",
			body: body}).ok(t, http.StatusCreated)
	}
	w.do(t, ask{as: "beta-editor", method: http.MethodPut, path: "/api/v1/prompts/betas",
		body: aPrompt}).ok(t, http.StatusCreated)

	assert.Equal(t, []string{"same"}, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts"}).
		names(t))
	assert.Empty(t, w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts?label=of=beta"}).names(t))
	foreign := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/betas",
		header: map[string]string{"X-Request-ID": "same"}})
	unknown := w.do(t, ask{as: "acme-viewer", path: "/api/v1/prompts/never",
		header: map[string]string{"X-Request-ID": "same"}})
	foreign.refused(t, http.StatusNotFound, tenancy.CodeNotFound)
	assert.Equal(t, strings.ReplaceAll(string(unknown.body), "never", "betas"),
		string(foreign.body))

	w.do(t, ask{as: "acme-editor", method: http.MethodPut, path: "/api/v1/agents/x",
		body: `{"spec":{"prompts":["betas"]}}`}).
		refused(t, http.StatusUnprocessableEntity, tenancy.CodeDanglingReference)
	w.do(t, ask{as: "acme-editor", method: http.MethodDelete, path: "/api/v1/prompts/same"}).
		ok(t, http.StatusNoContent)
	assert.Equal(t, []string{"betas", "same"},
		w.do(t, ask{as: "beta-viewer", path: "/api/v1/prompts"}).names(t))
}
