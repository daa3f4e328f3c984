package peopletest_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

const hostile = `"'><script>alert(1)</script>&{{.}}`

const membersPath = "/admin/t/acme/members"

// memberPath returns the page of a member of acme.
func memberPath(s *site.Site, email string) string { return membersPath + "/" + s.Users[email].ID }

func newSite(t *testing.T) *site.Site {
	t.Helper()
	return site.New(t, site.Options{MultiTenant: true})
}

// roleOf returns the role of a person in acme; "" if they are no member.
func roleOf(t *testing.T, s *site.Site, email string) tenancy.Role {
	t.Helper()
	found, err := s.Services.Memberships.ForUser(t.Context(), s.Users[email].ID)
	require.NoError(t, err)
	for _, m := range found {
		if m.Tenant == s.Tenants["acme"].ID {
			return m.Role
		}
	}
	return ""
}

func TestAdminChangesRoleOfMember(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get(membersPath).Want(http.StatusOK)
	require.Contains(t, p.Main(), "Name of "+site.AcmeViewer)
	require.Contains(t, p.Main(), "Name of "+site.AcmeAdmin+" you")
	require.NotContains(t, p.Main(), site.GlobexAdmin)
	require.False(t, p.HasLink(membersPath+"?new=true"), "admins invite")

	path := memberPath(s, site.AcmeViewer)
	p = b.Get(path + "?back=" + url.QueryEscape(membersPath+"?cursor=x"))
	p = b.Submit(p.Form(path), map[string]string{"role": "editor"})
	require.Equal(t, membersPath+"?cursor=x&done=saved", p.Path(), "the list where it was")
	require.Equal(t, tenancy.Editor, roleOf(t, s, site.AcmeViewer))

	p = b.Post(path, url.Values{"tenant": {"acme"}, "role": {"replicator"}}).
		Want(http.StatusUnprocessableEntity)
	require.NotEmpty(t, p.FieldError("role"))
	require.Equal(t, tenancy.Editor, roleOf(t, s, site.AcmeViewer))
}

func TestAdminRemovesMemberAfterConfirmation(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	path := memberPath(s, site.AcmeViewer) + "/remove"
	p := b.Get(path).Want(http.StatusOK)
	require.Contains(t, p.Main(), site.AcmeViewer)
	require.Equal(t, tenancy.Viewer, roleOf(t, s, site.AcmeViewer), "a link changes nothing")
	p = b.Submit(p.Form(path), nil).Want(http.StatusOK)
	require.Contains(t, p.Main(), "Removed.")
	require.NotContains(t, p.Main(), site.AcmeViewer)
	b.Get(path).Want(http.StatusNotFound)
}

func TestLastAdminStays(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	path := memberPath(s, site.AcmeAdmin)
	p := b.Submit(b.Get(path+"/remove").Form(path+"/remove"), nil).Want(http.StatusConflict)
	require.Contains(t, p.Main(), "Make another member an admin first.")
	p = b.Submit(b.Get(path).Form(path), map[string]string{"role": "viewer"}).Want(http.StatusConflict)
	require.Contains(t, p.Main(), "admin")
	require.Equal(t, "viewer", p.Form(path).Get("role"), "what was chosen is kept")
	require.Equal(t, tenancy.Admin, roleOf(t, s, site.AcmeAdmin))
}

func TestAdminWhoGivesUpTheirRoleIsLedToAPageTheyMaySee(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.AddMember(t, site.Both, "acme", tenancy.Admin)
	b := s.SignIn(t, site.Both)
	path := memberPath(s, site.Both)
	p := b.Get(path).Want(http.StatusOK)
	require.Contains(t, p.Main(), "This is you")
	p = b.Submit(p.Form(path), map[string]string{"role": "viewer"})
	require.Equal(t, "/admin/t/acme/?done=saved", p.Path())

	s.AddMember(t, site.Both, "acme", tenancy.Admin)
	p = b.Get(path + "/remove")
	require.Contains(t, p.Main(), "you lose access yourself")
	p = b.Submit(p.Form(path+"/remove"), nil)
	require.Equal(t, "/admin/t/globex/", p.Path())
}

func TestSuperAdminAddsUserByAddressOrID(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.Root)
	add := func(user string) *site.Page {
		p := b.Get(b.Get(membersPath).Want(http.StatusOK).Link("Add a user"))
		return b.Submit(p.Form(membersPath), map[string]string{"user": user, "role": "editor"})
	}
	add("ALONE@example.com").Want(http.StatusOK)
	require.Equal(t, tenancy.Editor, roleOf(t, s, site.Alone))
	add(s.Users[site.GlobexAdmin].ID).Want(http.StatusOK)
	require.Equal(t, tenancy.Editor, roleOf(t, s, site.GlobexAdmin))
	for _, unknown := range []string{"eve@example.com", tenancy.NewID().String(), "x", hostile,
		"../users"} {
		p := add(unknown)
		require.Contains(t, []int{http.StatusNotFound, http.StatusUnprocessableEntity}, p.Status, unknown)
		require.NotEmpty(t, p.FieldError("user"), unknown)
		require.Equal(t, unknown, p.Form(membersPath).Get("user"))
		require.NotContains(t, string(p.Body), "<script>alert")
	}
}

func TestOnlyAdminsSeeMembers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for email, status := range map[string]int{site.AcmeEditor: http.StatusForbidden,
		site.AcmeViewer: http.StatusForbidden, site.GlobexAdmin: http.StatusNotFound} {
		b := s.SignIn(t, email)
		require.NotContains(t, b.Page.Links(), membersPath)
		for _, path := range []string{membersPath, membersPath + "?new=true",
			memberPath(s, site.AcmeViewer), memberPath(s, site.AcmeViewer) + "/remove",
			"/admin/t/acme/invitations", "/admin/t/acme/invitations?new=true",
			"/admin/t/acme/keys", "/admin/t/acme/keys?new=true"} {
			b.Get(path).Want(status)
		}
		for path, fields := range map[string]url.Values{
			membersPath:                      {"user": {s.Users[email].ID}, "role": {"admin"}},
			memberPath(s, email):             {"role": {"admin"}},
			memberPath(s, email) + "/remove": {},
			"/admin/t/acme/invitations":      {"email": {"eve@example.com"}, "role": {"admin"}},
			"/admin/t/acme/keys":             {"name": {"k"}, "role": {"admin"}, "expires": {"never"}},
		} {
			fields.Set("tenant", "acme")
			b.Post(path, fields).Want(status)
		}
	}
	require.Equal(t, tenancy.Viewer, roleOf(t, s, site.AcmeViewer))
	require.Empty(t, roleOf(t, s, site.GlobexAdmin))
}

func TestFormOfAnotherTenantChangesNoMember(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.AddMember(t, site.Both, "acme", tenancy.Admin)
	s.AddMember(t, site.Both, "globex", tenancy.Admin)
	b := s.SignIn(t, site.Both)
	form := b.Get(memberPath(s, site.AcmeViewer)).Form(memberPath(s, site.AcmeViewer)).Values()
	form.Set("role", "admin")
	b.Post("/admin/t/globex/members/"+s.Users[site.AcmeViewer].ID, form).Want(http.StatusConflict)
	form.Set("tenant", "globex")
	b.Post("/admin/t/globex/members/"+s.Users[site.AcmeViewer].ID, form).Want(http.StatusNotFound)
	require.Equal(t, tenancy.Viewer, roleOf(t, s, site.AcmeViewer))
}

func TestMembersComeAPageAtATime(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for range 60 {
		id := tenancy.NewID().String()
		u, err := s.Services.Users.Create(t.Context(),
			identity.User{ID: id, Email: id + "@example.com", Name: hostile}, "")
		require.NoError(t, err)
		_, _, err = s.Services.Members.Put(t.Context(), s.Tenants["acme"].ID, u.ID, tenancy.Viewer)
		require.NoError(t, err)
	}
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get(membersPath).Want(http.StatusOK)
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Contains(t, p.Main(), hostile)
	p = b.Get(p.Link("Next page")).Want(http.StatusOK)
	require.Equal(t, membersPath, b.Get(p.Link("First page")).Path())
	remove := p.Link("Remove " + hostile)
	p = b.Get(remove).Want(http.StatusOK)
	require.NotContains(t, string(p.Body), "<script>alert")
	cancel := p.Link("Cancel")
	require.Contains(t, cancel, "cursor=", "the person comes back to where they were")
	require.Equal(t, cancel+"&done=removed", b.Submit(p.Form("/remove"), nil).Path())
}

func TestMembersAreFoundByNameOrAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	b := s.SignIn(t, site.AcmeAdmin)
	p := b.Get(membersPath)
	p = b.Submit(p.Form(membersPath), map[string]string{"q": "NAME OF " + site.AcmeViewer})
	require.Contains(t, p.Main(), site.AcmeViewer)
	require.NotContains(t, p.Main(), site.AcmeEditor)
	require.Equal(t, "NAME OF "+site.AcmeViewer, p.Form(membersPath).Fields[0].Value,
		"the search stays in its field")

	p = b.Get(membersPath + "?q=" + url.QueryEscape(site.GlobexAdmin)).Want(http.StatusOK)
	require.Contains(t, p.Main(), "No member has")
	require.True(t, p.HasLink(membersPath), "the way to all of them")
	p = b.Get(membersPath + "?q=" + url.QueryEscape(hostile)).Want(http.StatusOK)
	require.Contains(t, p.Main(), "No member has")
}

func TestListLeadsBackToNoOtherTenant(t *testing.T) {
	t.Parallel()
	b := newSite(t).SignIn(t, site.AcmeAdmin)
	for _, path := range []string{membersPath, "/admin/t/acme/invitations", "/admin/t/acme/keys",
		"/admin/t/acme/secrets"} {
		for _, query := range []string{"back=%2Fadmin%2Ft%2Fglobex%2F", "return_to=%2Fadmin%2Ft%2Fglobex%2F",
			"%62ack=%2Fadmin%2F..%2Ft%2Fglobex"} {
			p := b.Get(path + "?" + query).Want(http.StatusOK)
			require.NotContains(t, string(p.Body), "globex", "%s?%s", path, query)
		}
	}
}
