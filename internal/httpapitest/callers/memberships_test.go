package callers_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const membershipsPath = "/api/v1/me/memberships"

type membershipPage struct {
	Items []struct {
		Tenant struct{ ID, Slug, Name, State string }
		Role   string
	}
	Next string `json:"next_cursor"`
}

// list reads all pages of two, as "slug role state".
func list(t *testing.T, reg *apitest.Registry, req apitest.Request, query string) []string {
	t.Helper()
	all, cursor := []string{}, ""
	for {
		req.Path = membershipsPath + "?limit=2" + query
		if cursor != "" {
			req.Path += "&cursor=" + url.QueryEscape(cursor)
		}
		page := apitest.Decode[membershipPage](t, reg.Do(t, req).Want(t, 200))
		for _, m := range page.Items {
			all = append(all, m.Tenant.Slug+" "+m.Role+" "+m.Tenant.State)
		}
		if cursor = page.Next; cursor == "" {
			return all
		}
		require.Len(t, page.Items, 2)
	}
}

// newWithMember has a user with a session who is a member of five tenants, one suspended and
// one deleted, and not of beta.
func newWithMember(t *testing.T) (reg *apitest.Registry, as apitest.Request, user string) {
	t.Helper()
	reg = apitest.New(t, withCheapHashing)
	u := addUser(t, reg, "ada@example.com", false)
	for _, slug := range []string{"one", "two", "asleep", "gone"} {
		reg.AddTenant(t, slug)
	}
	for slug, role := range map[string]tenancy.Role{"acme": tenancy.Viewer, "one": tenancy.Editor,
		"two": tenancy.Admin, "asleep": tenancy.Viewer, "gone": tenancy.Admin} {
		_, _, err := reg.Services.Members.Put(t.Context(), reg.Tenants[slug].ID, u.ID, role)
		require.NoError(t, err)
	}
	reg.Suspend(t, "asleep")
	reg.DeleteTenant(t, "gone")
	return reg, apitest.Request{}.WithCookie(signIn(t, reg, u.Email)), u.ID
}

func TestMembershipsAreListedPageByPageWithoutDeletedTenants(t *testing.T) {
	t.Parallel()
	reg, as, _ := newWithMember(t)
	assert.Equal(t, []string{"acme viewer active", "asleep viewer suspended", "one editor active",
		"two admin active"}, list(t, reg, as, ""))
	for query, want := range map[string][]string{"acm": {"acme viewer active"},
		"ON": {"one editor active"}, "beta": {}, "gone": {}, "%": {}, "' OR true --": {}} {
		assert.Equal(t, want, list(t, reg, as, "&q="+url.QueryEscape(query)), query)
	}
}

func TestMembershipsOfOtherCallersComeFromTheirPrincipal(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t)
	assert.Equal(t, []string{"acme viewer active"},
		list(t, reg, apitest.Request{As: "acme-viewer"}, ""))
	assert.Empty(t, list(t, reg, apitest.Request{As: "acme-viewer"}, "&q=beta"))
	assert.Empty(t, list(t, reg, apitest.Request{As: "root"}, ""))
	hosts := apitest.NewWithUsers(t)
	assert.Equal(t, []string{"acme viewer active", "beta admin active"},
		list(t, hosts, apitest.Request{As: "user:viewer@acme,admin@beta"}, ""))
}

func TestTenantsAreSearched(t *testing.T) {
	t.Parallel()
	reg, member, _ := newWithMember(t)
	for query, want := range map[string]map[string][]string{
		"q=BET":              {"root": {"beta"}, "": {}, "acme-admin": {}},
		"q=a":                {"root": {"acme", "asleep", "beta", "default"}, "": {"acme", "asleep"}},
		"q=e&state=deleted":  {"root": {"gone"}, "": {}},
		"state=suspended&q=": {"root": {"asleep"}, "": {"asleep"}},
	} {
		for as, slugs := range want {
			req := apitest.Request{As: as, Path: "/api/v1/tenants?limit=2&" + query}
			if as == "" {
				req.Header = member.Header
			}
			assert.ElementsMatch(t, slugs, reg.Pages(t, req, "slug"), "%s as %q", query, as)
		}
	}
	for _, path := range []string{"/api/v1/tenants", membershipsPath} {
		reg.Do(t, apitest.Get("root", path+"?q="+strings.Repeat("x", 257))).
			WantProblem(t, 422, tenancy.CodeInvalid)
		reg.Do(t, apitest.Get("root", path+"?q=%00")).WantProblem(t, 422, tenancy.CodeInvalid)
	}
}

func TestCursorOfMembershipsIsBoundToCallerAndQuery(t *testing.T) {
	t.Parallel()
	reg, as, _ := newWithMember(t)
	as.Path = membershipsPath + "?limit=1"
	cursor := url.QueryEscape(apitest.NextCursor(t, reg.Do(t, as).Want(t, 200)))
	as.Path = membershipsPath + "?q=o&cursor=" + cursor
	reg.Do(t, as).WantProblem(t, 400, tenancy.CodeInvalidCursor)
	reg.Do(t, apitest.Get("acme-viewer", membershipsPath+"?cursor="+cursor)).
		WantProblem(t, 400, tenancy.CodeInvalidCursor)
}

func TestChangedMembershipCountsFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	reg, as, user := newWithMember(t)
	as.Path, as.Tenant = "/api/v1/prompts", "one"
	reg.Do(t, as).Want(t, 200)
	one := "/api/v1/tenants/one/members/" + user
	reg.Do(t, apitest.Put("root", "/api/v1/tenants/one/members/"+
		addUser(t, reg, "bob@example.com", false).ID, `{"role":"admin"}`)).Want(t, 201)
	reg.Do(t, apitest.Put("one-admin", one, `{"role":"admin"}`)).Want(t, 200)
	keys := as
	keys.Path = "/api/v1/tenants/one/keys"
	reg.Do(t, keys).Want(t, 200)
	reg.Do(t, apitest.Delete("one-admin", one)).Want(t, 204)
	reg.Do(t, as).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	reg.Do(t, apitest.Delete("root", "/api/v1/users/"+user)).WantProblem(t, 409,
		tenancy.CodeLastAdmin)
	reg.Do(t, apitest.Delete("root", "/api/v1/users/"+user+"/sessions")).Want(t, 204)
	reg.Do(t, as).WantProblem(t, 401, tenancy.CodeUnauthenticated)
}

// TestAcceptedInvitationCountsFromTheNextRequestOn has no notifications: what is remembered of
// the user would last half a second.
func TestAcceptedInvitationCountsFromTheNextRequestOn(t *testing.T) {
	t.Parallel()
	services := apitest.NewUnserved(t).Services
	services.ChangeNotifier = nil
	reg := apitest.Wrap(services, withCheapHashing)
	reg.Serve(t)
	reg.AddTenant(t, "one")
	u := addUser(t, reg, "ada@example.com", false)
	as := apitest.Request{Path: "/api/v1/prompts", Tenant: "one"}.
		WithCookie(signIn(t, reg, u.Email))
	reg.Do(t, as).WantProblem(t, 404, tenancy.CodeTenantNotFound)
	token := apitest.Decode[struct{ Token string }](t, reg.Do(t, apitest.Post("one-admin",
		"/api/v1/tenants/one/invitations", `{"email":"ada@example.com","role":"viewer"}`)).
		Want(t, 201)).Token
	accept := as
	accept.Method, accept.Path, accept.Body = "POST", "/api/v1/invitations/accept",
		`{"token":"`+token+`"}`
	accept.Tenant = ""
	reg.Do(t, accept).Want(t, 200)
	reg.Do(t, as).Want(t, 200)
}

func TestTenancyOffListsAtMostTheDefaultTenant(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing, func(o *httpapi.Options) { o.MultiTenant = false })
	u := addUser(t, reg, "ada@example.com", false)
	for _, id := range []tenancy.ID{tenancy.DefaultID, reg.Tenants["acme"].ID} {
		_, _, err := reg.Services.Members.Put(t.Context(), id, u.ID, tenancy.Editor)
		require.NoError(t, err)
	}
	as := apitest.Request{}.WithCookie(signIn(t, reg, u.Email))
	assert.Equal(t, []string{"default editor active"}, list(t, reg, as, ""))
	assert.Empty(t, list(t, reg, as, "&q=acme"))
	assert.Empty(t, list(t, reg, apitest.Request{As: "acme-admin"}, ""))
}
