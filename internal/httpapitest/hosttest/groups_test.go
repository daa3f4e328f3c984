package hosttest_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// groupPaths has a path and method of each group.
var groupPaths = map[httpapi.Group]string{
	httpapi.TenantRoutes:     "GET /api/v1/tenants/{tenant}",
	httpapi.KeyRoutes:        "GET /api/v1/tenants/{tenant}/keys",
	httpapi.UserRoutes:       "GET /api/v1/users",
	httpapi.MemberRoutes:     "GET /api/v1/tenants/{tenant}/members",
	httpapi.InvitationRoutes: "POST /api/v1/invitations/accept",
	httpapi.AuditRoutes:      "GET /api/v1/audit",
	httpapi.SessionRoutes:    "POST /api/v1/sessions",
	httpapi.BundleRoutes:     "GET /api/v1/tenants/{tenant}/export",
	httpapi.SecretRoutes:     "PUT /api/v1/tenants/{tenant}/secrets/{name}",
	httpapi.ResourceRoutes:   "GET /api/v1/prompts",
}

// operationsOf returns the documented operations of a registry, as in groupPaths.
func operationsOf(t *testing.T, reg *apitest.Registry) []string {
	t.Helper()
	var all []string
	for _, op := range reg.Operations(t) {
		all = append(all, op.Method+" "+op.Path)
	}
	return all
}

func TestGroupThatIsOffIsUnknownAndUndocumented(t *testing.T) {
	t.Parallel()
	for group, operation := range groupPaths {
		t.Run(string(group), func(t *testing.T) {
			t.Parallel()
			off := []httpapi.Group{group}
			if group == httpapi.MemberRoutes {
				off = append(off, httpapi.InvitationRoutes)
			}
			reg := apitest.New(t, func(o *httpapi.Options) { o.Without = off })
			method, path, _ := strings.Cut(operation, " ")
			path = strings.NewReplacer("{tenant}", "acme", "{name}", "x").Replace(path)
			for _, as := range []string{"root", "acme-admin", ""} {
				unknown := reg.Do(t, apitest.Request{As: as, Method: method, Tenant: "acme",
					Path: "/api/v1/nothing", Header: map[string]string{"X-Request-ID": "same"}})
				got := reg.Do(t, apitest.Request{As: as, Method: method, Path: path,
					Tenant: "acme", Header: map[string]string{"X-Request-ID": "same"}})
				got.WantProblem(t, http.StatusNotFound, tenancy.CodeNotFound)
				assert.Equal(t, string(unknown.Body), string(got.Body))
			}

			documented := operationsOf(t, reg)
			assert.Contains(t, documented, "GET /api/v1/me")
			for other, operation := range groupPaths {
				if slices.Contains(off, other) {
					assert.NotContains(t, documented, operation)
				} else {
					assert.Contains(t, documented, operation)
				}
			}
			reg.Do(t, apitest.Get("acme-viewer", "/api/v1/me")).Want(t, http.StatusOK)
		})
	}
}

func TestEveryOperationIsInOneGroupOrAlwaysServed(t *testing.T) {
	t.Parallel()
	var all []httpapi.Group
	for group := range groupPaths {
		all = append(all, group)
	}
	reg := apitest.New(t, func(o *httpapi.Options) { o.Without = all })
	assert.ElementsMatch(t, []string{"GET /livez", "GET /readyz", "GET /api/v1/openapi.json",
		"GET /api/v1/me", "GET /api/v1/me/memberships"}, operationsOf(t, reg))
	res := reg.Do(t, apitest.Get("acme-viewer", "/api/v1/me")).Want(t, http.StatusOK)
	assert.Contains(t, string(res.Body), `"slug":"acme"`)
}

// switchedOff are the groups that a missing port switches off.
var switchedOff = map[string][]httpapi.Group{
	"Keys":      {httpapi.KeyRoutes},
	"KeyFinder": {httpapi.KeyRoutes},
	"Transfers": {httpapi.BundleRoutes},
	"Instance":  {httpapi.BundleRoutes},
	"Vault":     {httpapi.SecretRoutes},
	"Users": {httpapi.UserRoutes, httpapi.MemberRoutes, httpapi.InvitationRoutes,
		httpapi.SessionRoutes},
	"Members":          {httpapi.MemberRoutes, httpapi.InvitationRoutes},
	"Memberships":      {httpapi.SessionRoutes},
	"Invitations":      {httpapi.InvitationRoutes},
	"InvitationFinder": {httpapi.InvitationRoutes},
	"Passwords":        {httpapi.SessionRoutes},
	"Sessions":         {httpapi.SessionRoutes},
	"SessionFinder":    {httpapi.SessionRoutes},
	"LoginAttempts":    {httpapi.SessionRoutes},
	"Identities":       nil,
	"InstanceKeys":     nil,
	"ChangeNotifier":   nil,
}

func TestMissingPortSwitchesOffWhatNeedsIt(t *testing.T) {
	t.Parallel()
	required := []string{"Kinds", "Tenants", "Resources", "Audit", "PlatformAudit"}
	for field := range reflect.TypeFor[ports.Services]().Fields() {
		t.Run(field.Name, func(t *testing.T) {
			t.Parallel()
			services := memory.New(apitest.Kinds(), memory.Options{}).Services()
			value := reflect.ValueOf(&services).Elem().FieldByName(field.Name)
			value.SetZero()
			if slices.Contains(required, field.Name) {
				assert.Panics(t, func() { apitest.Wrap(services) })
				return
			}
			off, known := switchedOff[field.Name]
			require.True(t, known, "say what is off without it")
			reg := apitest.Wrap(services)
			reg.Serve(t)

			documented := operationsOf(t, reg)
			for group, operation := range groupPaths {
				isOff := slices.Contains(off, group)
				assert.Equal(t, !isOff, slices.Contains(documented, operation), operation)
				logged := strings.Contains(reg.Log.String(),
					"group="+string(group)+" missing=["+field.Name+"]")
				assert.Equal(t, isOff, logged, "%s: %s", group, reg.Log)
			}
			for _, req := range reg.ProtectedRequests(t) {
				req.As, req.Tenant = "root", "default"
				req.Path = strings.Replace(req.Path, "/tenants/acme", "/tenants/default", 1)
				if res := reg.Do(t, req); res.Status >= http.StatusInternalServerError {
					t.Errorf("%s %s: %s", req.Method, req.Path, res.Body)
				}
			}
			for _, credentials := range []string{"Bearer " + tenancy.NewKeySecret(), "Bearer x"} {
				reg.Do(t, apitest.Get(credentials, "/api/v1/me")).
					WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
			}
			cookie := apitest.Get("", "/api/v1/me").WithCookie("bailiwick=bws_nonsense")
			reg.Do(t, cookie).WantProblem(t, http.StatusUnauthorized, tenancy.CodeUnauthenticated)
		})
	}
}

func TestSmallestServicesServeAHostWithItsOwnCallers(t *testing.T) {
	t.Parallel()
	whole := apitest.NewUnserved(t).Services
	me := tenancy.Principal{Kind: "employee", ID: "17", Name: "Ada",
		Roles: map[tenancy.ID]tenancy.Role{tenancy.DefaultID: tenancy.Editor}}
	api := httpapi.New(ports.Services{Kinds: whole.Kinds, Tenants: whole.Tenants,
		Resources: whole.Resources, Audit: whole.Audit, PlatformAudit: whole.PlatformAudit},
		httpapi.Options{MultiTenant: true, Logger: slog.New(slog.DiscardHandler),
			Authenticate: func(*http.Request) (tenancy.Principal, error) { return me, nil }})
	get := func(path string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		r := httptest.NewRequestWithContext(t.Context(), "GET", path, nil)
		r.Header.Set("X-Tenant-ID", "default")
		api.ServeHTTP(rec, r)
		return rec
	}
	var body struct {
		ID          string
		Memberships []struct{ Role string }
	}
	require.NoError(t, json.Unmarshal(get("/api/v1/me").Body.Bytes(), &body))
	assert.Equal(t, "17", body.ID)
	assert.Equal(t, "editor", body.Memberships[0].Role)
	assert.Equal(t, http.StatusOK, get("/api/v1/prompts").Code)
	assert.Equal(t, http.StatusNotFound, get("/api/v1/users").Code)
}
