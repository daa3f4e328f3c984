package hosttest_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The permissions of the host in these tests.
var hostGrants = []tenancy.Grant{
	{Permission: "notes.publish", Roles: []tenancy.Role{tenancy.Editor}},
	{Permission: "notes.read", Roles: tenancy.MemberRoles(), Reads: true},
	{Permission: "notes.operate"},
}

func withHostGrants(o *httpapi.Options) { o.Permissions = hostGrants }

// newWithPermissions has a route for each of hostGrants: "/host/notes.publish". Before it
// writes a resource of the tenant, the handler calls meanwhile.
func newWithPermissions(
	t *testing.T, meanwhile func(*apitest.Registry), options ...apitest.Option,
) *apitest.Registry {
	t.Helper()
	reg := apitest.NewUnserved(t, append(options, withHostGrants)...)
	api := reg.Handler.(*httpapi.API)
	write := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tenant, err := tenancy.FromContext(r.Context())
		if err != nil {
			fmt.Fprint(w, "no tenant")
			return
		}
		if meanwhile != nil {
			meanwhile(reg)
		}
		_, _, err = reg.Services.Resources.Put(r.Context(), tenant, federation.Item{
			Ref:  federation.Ref{Kind: "prompt", Name: "published"},
			Spec: []byte(`{"template":"hi"}`)}, ports.Condition{})
		fmt.Fprint(w, tenancy.CodeOf(err))
	})
	routes := map[string]http.Handler{}
	for _, g := range hostGrants {
		routes["/host/"+string(g.Permission)] = api.Protect(g.Permission, write)
	}
	serveUnchecked(t, reg, routes)
	return reg
}

func TestHostsPermissionBelongsToItsRoles(t *testing.T) {
	t.Parallel()
	reg := newWithPermissions(t, nil)
	for as, statuses := range map[string][2]int{
		"acme-viewer": {403, 200}, "acme-editor": {200, 200}, "acme-admin": {403, 200},
		"acme-replicator": {403, 403}, "": {401, 401},
	} {
		reg.Do(t, apitest.Get(as, "/host/notes.publish")).Want(t, statuses[0])
		reg.Do(t, apitest.Get(as, "/host/notes.read")).Want(t, statuses[1])
	}
	req := apitest.Get("acme-editor", "/host/notes.publish")
	req.Tenant = "beta"
	reg.Do(t, req).WantProblem(t, http.StatusBadRequest, tenancy.CodeTenantMismatch)
	req.As, req.Tenant = "root", "unknown"
	reg.Do(t, req).WantProblem(t, http.StatusNotFound, tenancy.CodeTenantNotFound)
	req.Tenant = "acme"
	reg.Do(t, req).Want(t, http.StatusOK)
}

func TestHostsPermissionWithoutRolesBelongsToSuperAdmins(t *testing.T) {
	t.Parallel()
	reg := newWithPermissions(t, nil)
	reg.Do(t, apitest.Get("acme-admin", "/host/notes.operate")).
		WantProblem(t, http.StatusForbidden, tenancy.CodeForbidden)
	res := reg.Do(t, apitest.Get("root", "/host/notes.operate")).Want(t, http.StatusOK)
	assert.Equal(t, "no tenant", string(res.Body))
}

func TestRefusalOfAHostsPermissionIsAudited(t *testing.T) {
	t.Parallel()
	reg := newWithPermissions(t, nil)
	reg.Do(t, apitest.Get("acme-viewer", "/host/notes.publish")).Want(t, http.StatusForbidden)
	e := newestEntry(t, reg, "acme")
	assert.Equal(t, "notes.publish", e.Action)
	assert.Equal(t, tenancy.Denied, e.Outcome)
	reg.Do(t, apitest.Request{As: "root", Path: "/host/notes.read", Tenant: "acme",
		Header: map[string]string{"X-Reason": "a repair"}}).Want(t, http.StatusOK)
	list := apitest.Decode[struct{ Items []tenancy.EventRecord }](t, reg.Do(t,
		apitest.Get("acme-admin", "/api/v1/tenants/acme/audit?action=notes.read")))
	assert.Len(t, list.Items, 1)
}

func TestWriteUnderAHostsPermissionIsCheckedAtCommit(t *testing.T) {
	t.Parallel()
	written := func(reg *apitest.Registry) int {
		return reg.Do(t, apitest.Get("acme-viewer", "/api/v1/prompts/published")).Status
	}
	reg := newWithPermissions(t, nil)
	res := reg.Do(t, apitest.Get("acme-editor", "/host/notes.publish")).Want(t, http.StatusOK)
	assert.Empty(t, string(res.Body))
	assert.Equal(t, http.StatusOK, written(reg))

	revoke := func(reg *apitest.Registry) {
		acme := reg.Tenants["acme"].ID
		keys, _ := reg.Services.Keys.List(t.Context(), acme, "", 10)
		for _, k := range keys {
			if k.Role == tenancy.Editor {
				assert.NoError(t, reg.Services.Keys.Revoke(t.Context(), acme, k.ID))
			}
		}
	}
	for name, c := range map[string]struct {
		meanwhile func(*apitest.Registry)
		code      tenancy.Code
		options   []apitest.Option
	}{
		"the key is revoked": {revoke, tenancy.CodeUnauthenticated, nil},
		"the key is revoked, and the host has callers too": {revoke, tenancy.CodeUnauthenticated,
			[]apitest.Option{func(o *httpapi.Options) {
				o.Authenticate = func(*http.Request) (tenancy.Principal, error) {
					return tenancy.Principal{}, nil
				}
			}}},
		"the tenant is suspended": {func(reg *apitest.Registry) { reg.Suspend(t, "acme") },
			tenancy.CodeTenantSuspended, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := newWithPermissions(t, c.meanwhile, c.options...)
			res := reg.Do(t, apitest.Get("acme-editor", "/host/notes.publish"))
			assert.Equal(t, string(c.code), string(res.Body))
			_, err := reg.Services.Resources.Get(t.Context(), reg.Tenants["acme"].ID,
				federation.Ref{Kind: "prompt", Name: "published"})
			assert.Equal(t, tenancy.CodeNotFound, tenancy.CodeOf(err))
		})
	}
}

func TestInvalidPermissionsAreRefused(t *testing.T) {
	t.Parallel()
	services := apitest.NewUnserved(t).Services
	valid := tenancy.Grant{Permission: "notes.publish", Roles: []tenancy.Role{tenancy.Editor}}
	for name, c := range map[string]struct {
		grants []tenancy.Grant
		want   string
	}{
		"the library's": {[]tenancy.Grant{{Permission: tenancy.KeyWrite,
			Roles: []tenancy.Role{tenancy.Viewer}}}, "a permission of the library's"},
		"the platform's": {[]tenancy.Grant{{Permission: tenancy.UserManage}},
			"a permission of the library's"},
		"none":    {[]tenancy.Grant{{}}, "must have a form"},
		"no verb": {[]tenancy.Grant{{Permission: "notes"}}, "must have a form"},
		"a line":  {[]tenancy.Grant{{Permission: "notes.x\n"}}, "must have a form"},
		"twice":   {[]tenancy.Grant{valid, valid}, "Options.Permissions[1]"},
		"an unknown role": {[]tenancy.Grant{{Permission: "notes.publish",
			Roles: []tenancy.Role{"publisher"}}}, `"publisher"`},
		"the empty role": {[]tenancy.Grant{{Permission: "notes.publish",
			Roles: []tenancy.Role{""}}}, "unknown role"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			defer func() { assert.Contains(t, recover(), c.want) }()
			httpapi.New(services, httpapi.Options{Permissions: c.grants})
		})
	}
	api := httpapi.New(services, httpapi.Options{Permissions: []tenancy.Grant{valid}})
	assert.Panics(t, func() { api.Protect("notes.delete", http.NotFoundHandler()) })
}
