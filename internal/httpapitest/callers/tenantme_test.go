package callers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

const mePath = "/api/v1/tenants/acme/me"

type tenantMe struct {
	Kind, ID, Name, Email string
	SuperAdmin            bool `json:"super_admin"`
	Tenant                map[string]any
	Role                  string
	Permissions           []tenancy.Permission
	ReasonRequired        bool `json:"reason_required"`
}

func getMe(t *testing.T, reg *apitest.Registry, as string) tenantMe {
	t.Helper()
	return apitest.Decode[tenantMe](t, reg.Do(t, apitest.Get(as, mePath)).Want(t, 200))
}

func withCheapHashing(o *httpapi.Options) {
	o.SignIn.Cost, o.SignIn.Refusal = signin.Cost{Memory: 64, Passes: 1, Threads: 1},
		time.Nanosecond
}

const password = "correct horse battery"

// addUser creates a user who can sign in.
func addUser(t *testing.T, reg *apitest.Registry, email string, super bool) identity.User {
	t.Helper()
	u, err := reg.Services.Users.Create(t.Context(), identity.User{ID: tenancy.NewID().String(),
		Email: email, Name: "Ada", SuperAdmin: super}, "")
	require.NoError(t, err)
	hash, err := signin.New(reg.Services, signin.Options{
		Cost: signin.Cost{Memory: 64, Passes: 1, Threads: 1}}).Hash(t.Context(), password)
	require.NoError(t, err)
	require.NoError(t, reg.Services.Passwords.Set(t.Context(), u.ID, hash, ""))
	return u
}

func signIn(t *testing.T, reg *apitest.Registry, email string) (cookie string) {
	t.Helper()
	res := reg.Do(t, apitest.Post("", "/api/v1/sessions",
		`{"email":"`+email+`","password":"`+password+`"}`)).Want(t, 201)
	parsed, err := http.ParseSetCookie(res.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	return parsed.Name + "=" + parsed.Value
}

func TestCallerInATenantIsDescribedInOneCall(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	u := addUser(t, reg, "ada@example.com", false)
	_, _, err := reg.Services.Members.Put(t.Context(), reg.Tenants["acme"].ID, u.ID, tenancy.Editor)
	require.NoError(t, err)
	cookie := signIn(t, reg, u.Email)
	me := apitest.Decode[tenantMe](t,
		reg.Do(t, apitest.Get("", mePath).WithCookie(cookie)).Want(t, 200))
	tenant := apitest.Decode[map[string]any](t,
		reg.Do(t, apitest.Get("", "/api/v1/tenants/acme").WithCookie(cookie)).Want(t, 200))
	assert.Equal(t, tenantMe{Kind: "user", ID: u.ID, Name: "Ada", Email: u.Email, Tenant: tenant,
		Role: "editor", Permissions: []tenancy.Permission{tenancy.TenantRead, tenancy.ResourceRead,
			tenancy.ResourceWrite, tenancy.BundleExport}}, me)
}

func TestPlatformTokenHasEveryPermissionAndNoRole(t *testing.T) {
	t.Parallel()
	me := getMe(t, apitest.New(t), "root")
	var all []tenancy.Permission
	for _, g := range tenancy.Grants() {
		all = append(all, g.Permission)
	}
	assert.Equal(t, all, me.Permissions)
	assert.Equal(t, [3]string{"platform", "platform", ""}, [3]string{me.Kind, me.ID, me.Role})
	assert.True(t, me.SuperAdmin)
}

func TestAHostsPermissionsAreListed(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) {
		o.Permissions = []tenancy.Grant{
			{Permission: "notes.read", Roles: tenancy.MemberRoles(), Reads: true},
			{Permission: "notes.publish", Roles: []tenancy.Role{tenancy.Admin}},
		}
	})
	assert.Contains(t, getMe(t, reg, "acme-viewer").Permissions, tenancy.Permission("notes.read"))
	assert.NotContains(t, getMe(t, reg, "acme-viewer").Permissions,
		tenancy.Permission("notes.publish"))
	assert.Contains(t, getMe(t, reg, "acme-admin").Permissions, tenancy.Permission("notes.publish"))
	assert.Empty(t, apitest.Decode[tenantMe](t, reg.Do(t, apitest.Get("beta-admin", mePath))).ID)
}

// refusals are the codes of a caller who lacks a permission.
var refusals = []tenancy.Code{tenancy.CodeForbidden, tenancy.CodeTenantSuspended,
	tenancy.CodeTenantNotFound}

// TestListedPermissionsAreThoseThatRoutesAccept calls every operation that needs a permission.
func TestListedPermissionsAreThoseThatRoutesAccept(t *testing.T) {
	t.Parallel()
	for _, state := range tenancy.States() {
		t.Run(string(state), func(t *testing.T) {
			t.Parallel()
			reg := apitest.New(t)
			callers := []string{"root"}
			switch state {
			case tenancy.Active:
				callers = append(callers, "acme-viewer", "acme-editor", "acme-admin")
			case tenancy.Suspended:
				reg.Suspend(t, "acme")
			case tenancy.Deleted:
				reg.DeleteTenant(t, "acme")
			}
			for _, as := range callers {
				listed := getMe(t, reg, as).Permissions
				calls := 0
				for _, op := range reg.Operations(t) {
					if op.Needs == "" || op.Needs == tenancy.TenantManage {
						continue // such a call would change the tenant's state
					}
					calls++
					code := codeOf(t, reg, as, op)
					assert.Equal(t, slices.Contains(listed, op.Needs), !slices.Contains(refusals, code),
						"%s %s as %s: %s", op.Method, op.Path, as, code)
				}
				require.Greater(t, calls, 30)
			}
		})
	}
}

// codeOf calls an operation with a body that changes nothing.
func codeOf(
	t *testing.T, reg *apitest.Registry, as string, op apitest.Operation,
) tenancy.Code {
	t.Helper()
	req := apitest.Request{As: as, Method: op.Method, Path: strings.NewReplacer("{tenant}", "acme",
		"{name}", "nothing", "{id}", apitest.NonexistentID, "{user_id}", apitest.NonexistentID).
		Replace(op.Path)}
	if !apitest.BelongsToNoTenant(op.Path) {
		req.Tenant = "acme"
	}
	if op.Method == http.MethodPut || op.Method == http.MethodPost {
		req.Body = `{`
	}
	res := reg.Do(t, req)
	if res.Status < http.StatusBadRequest {
		return ""
	}
	return apitest.Decode[apitest.Problem](t, res).Code
}

func TestMembersOfASuspendedTenantAreRefusedAndSuperAdminsAreNot(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	reg.Suspend(t, "acme")
	reg.Do(t, apitest.Get("acme-admin", mePath)).
		WantProblem(t, 403, tenancy.CodeTenantSuspended)
	assert.Equal(t, "suspended", getMe(t, reg, "root").Tenant["state"])
	reg.Do(t, apitest.Delete("root", "/api/v1/tenants/acme")).Want(t, 204)
	reg.Do(t, apitest.Get("acme-admin", mePath)).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	assert.Equal(t, "deleted", getMe(t, reg, "root").Tenant["state"])
}

func TestRequiredReasonIsTold(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	root := addUser(t, reg, "root@example.com", true)
	cookie := signIn(t, reg, root.Email)
	required := func() bool {
		return apitest.Decode[tenantMe](t,
			reg.Do(t, apitest.Get("", mePath).WithCookie(cookie)).Want(t, 200)).ReasonRequired
	}
	assert.False(t, required())
	reg.Do(t, apitest.Put("acme-admin", "/api/v1/tenants/acme",
		`{"settings":{"require_reason":true}}`)).Want(t, 200)
	before := entriesOf(t, reg, "acme")
	assert.True(t, required(), "the route itself needs no reason")
	assert.True(t, getMe(t, reg, "root").ReasonRequired)
	assert.Equal(t, before, entriesOf(t, reg, "acme"), "and leaves no entry")
	assert.False(t, getMe(t, reg, "acme-admin").ReasonRequired, "a member needs none")

	_, _, err := reg.Services.Members.Put(t.Context(), reg.Tenants["acme"].ID, root.ID,
		tenancy.Viewer)
	require.NoError(t, err)
	assert.False(t, required(), "nor does a super-admin who is one")
}

func entriesOf(t *testing.T, reg *apitest.Registry, slug string) int {
	t.Helper()
	found, err := reg.Services.Audit.List(t.Context(), reg.Tenants[slug].ID,
		ports.AuditQuery{Limit: 1000})
	require.NoError(t, err)
	return len(found)
}

func TestTenancyOffDescribesTheCallerInDefault(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, func(o *httpapi.Options) { o.MultiTenant = false })
	me := apitest.Decode[tenantMe](t,
		reg.Do(t, apitest.Get("root", "/api/v1/tenants/default/me")).Want(t, 200))
	assert.Equal(t, "default", me.Tenant["slug"])
	assert.Contains(t, me.Permissions, tenancy.ResourceWrite)
	assert.False(t, me.ReasonRequired)
	reg.Do(t, apitest.Get("root", mePath)).WantProblem(t, 404, tenancy.CodeTenantNotFound)
}
