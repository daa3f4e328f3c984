package httpapitest_test

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// routeRules reads the least role of each route in testdata/routes.txt by method and
// path.
func routeRules(t *testing.T) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/routes.txt")
	require.NoError(t, err)
	rules := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		words := strings.Fields(line)
		require.Len(t, words, 3, "%q", line)
		route := words[0] + " " + words[1]
		require.NotContains(t, rules, route)
		rules[route] = words[2]
	}
	return rules
}

// withKindPlaceholder replaces a kind's path by {K}.
func withKindPlaceholder(reg *apitest.Registry, path string) string {
	for _, kind := range reg.Services.Kinds.All() {
		if rest, ok := strings.CutPrefix(path, "/api/v1/"+kind.Path); ok &&
			(rest == "" || rest[0] == '/') {
			return "/api/v1/{K}" + rest
		}
	}
	return path
}

func TestRouteTableCoversEveryRoute(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	rules := routeRules(t)
	served := map[string]bool{}
	for _, op := range reg.Operations(t) {
		route := op.Method + " " + withKindPlaceholder(reg, op.Path)
		served[route] = true
		assert.Contains(t, rules, route, "testdata/routes.txt has no line for it")
	}
	for route := range rules {
		assert.True(t, served[route], "testdata/routes.txt has %s, which isn't served", route)
	}
}

// matrixCaller is a caller of every route.
type matrixCaller struct {
	as   string // a key's name, or a user of apitest.AsUsers
	role tenancy.Role
	kind tenancy.PrincipalKind // "" is anonymous
}

func matrixCallers() []matrixCaller {
	callers := []matrixCaller{{as: ""}, {as: "root", kind: tenancy.PlatformToken},
		{as: "user:", kind: tenancy.UserPrincipal}, {as: "user:root", kind: tenancy.PlatformToken}}
	for _, role := range tenancy.Roles() {
		callers = append(callers,
			matrixCaller{as: "acme-" + string(role), role: role, kind: tenancy.KeyPrincipal},
			matrixCaller{as: "user:" + string(role) + "@acme", role: role,
				kind: tenancy.UserPrincipal})
	}
	return callers
}

// wantCode returns the expected refusal of a caller by a route in a tenant: "" if the
// route's handler runs, whatever its result.
func (c matrixCaller) wantCode(least string, path, tenant string) tenancy.Code {
	inTenant := !slices.Contains([]string{"anyone", "signed-in", "person"}, least) &&
		(least != "super-admin" || strings.Contains(path, "{tenant}"))
	switch {
	case least == "anyone":
		return ""
	case c.kind == "":
		return tenancy.CodeUnauthenticated
	case least == "person":
		return tenancy.CodeForbidden
	case !inTenant && (least == "signed-in" || c.kind == tenancy.PlatformToken):
		return ""
	case !inTenant:
		return tenancy.CodeForbidden
	case c.kind == tenancy.PlatformToken && tenant != "unknown":
		return ""
	case c.kind == tenancy.KeyPrincipal && tenant != "acme":
		return tenancy.CodeTenantMismatch
	case c.role == "" || tenant != "acme":
		return tenancy.CodeTenantNotFound
	}
	allows := map[string][]tenancy.Role{
		"viewer": {tenancy.Viewer, tenancy.Editor, tenancy.Admin},
		"editor": {tenancy.Editor, tenancy.Admin},
		"admin":  {tenancy.Admin}, "replicator": {tenancy.Replicator}, "super-admin": nil,
	}
	roles, known := allows[least]
	if known && slices.Contains(roles, c.role) {
		return ""
	}
	return tenancy.CodeForbidden
}

// refusalCodes are the codes of refusals before the handler runs.
var refusalCodes = []tenancy.Code{
	tenancy.CodeUnauthenticated, tenancy.CodeForbidden, tenancy.CodeTenantNotFound,
	tenancy.CodeTenantMismatch,
	tenancy.CodeNoTenant, tenancy.CodeTenantSuspended, tenancy.CodeInternal,
}

func TestEveryRouteAllowsExactlyItsRolesInTheirTenant(t *testing.T) {
	t.Parallel()
	rules := routeRules(t)
	shown := apitest.New(t)
	ops := shown.Operations(t)
	require.Greater(t, len(ops), 30)
	for _, op := range ops {
		least, ok := rules[op.Method+" "+withKindPlaceholder(shown, op.Path)]
		if !ok || least == "credentials" {
			continue // sessions_test.go tests the sign-in
		}
		t.Run(op.Method+" "+op.Path, func(t *testing.T) {
			t.Parallel()
			for _, c := range matrixCallers() {
				if strings.HasPrefix(c.as, "user:") && isSessionRoute(op.Path) {
					// Session routes don't exist with Options.Authenticate.
					continue
				}
				reg := newForMatrix(t, c) // a new one for each: an allowed call may change it
				for _, tenant := range []string{"beta", "unknown", "acme"} {
					code := matrixCode(t, reg, c, op, tenant)
					if want := c.wantCode(least, op.Path, tenant); want != "" {
						assert.Equal(t, want, code, "%q in %s", c.as, tenant)
					} else {
						assert.NotContains(t, refusalCodes, code, "%q in %s", c.as, tenant)
					}
				}
			}
		})
	}
}

func isSessionRoute(path string) bool {
	return strings.Contains(path, "/sessions") || strings.HasSuffix(path, "/me/password")
}

func newForMatrix(t *testing.T, c matrixCaller) *apitest.Registry {
	t.Helper()
	if !strings.HasPrefix(c.as, "user:") {
		return apitest.NewUnserved(t)
	}
	var reg *apitest.Registry
	reg = apitest.NewUnserved(t,
		apitest.AsUsers(func(slug string) tenancy.ID { return reg.Tenants[slug].ID }))
	return reg
}

// matrixCode returns the code of the response, "" for a success.
func matrixCode(t *testing.T, reg *apitest.Registry, c matrixCaller, op apitest.Operation,
	tenant string,
) tenancy.Code {
	t.Helper()
	path := strings.NewReplacer("{tenant}", tenant, "{name}", "nothing", "{id}",
		tenancy.NewID().String(), "{user_id}", tenancy.NewID().String()).Replace(op.Path)
	r := httptest.NewRequestWithContext(t.Context(), op.Method, "http://registry.test"+path, nil)
	if op.Method == http.MethodPut || op.Method == http.MethodPost {
		r = httptest.NewRequestWithContext(t.Context(), op.Method, "http://registry.test"+path,
			strings.NewReader(`{}`))
		r.Header.Set("Content-Type", "application/json")
	}
	if token, ok := reg.Tokens[c.as]; ok {
		r.Header.Set("Authorization", "Bearer "+token)
	} else if c.as != "" {
		r.Header.Set("Authorization", c.as)
	}
	if !strings.Contains(op.Path, "{tenant}") {
		r.Header.Set("X-Tenant-ID", tenant)
	}
	rec := httptest.NewRecorder()
	reg.Handler.ServeHTTP(rec, r)
	if rec.Code < http.StatusBadRequest {
		return ""
	}
	return apitest.Decode[apitest.Problem](t,
		apitest.Response{Status: rec.Code, Header: rec.Header(), Body: rec.Body.Bytes()}).
		Code
}
