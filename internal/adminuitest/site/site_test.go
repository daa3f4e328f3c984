package site_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

func TestPeopleSignInAndSeeTheirTenant(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	for email, path := range map[string]string{
		site.AcmeAdmin: "/admin/t/acme/", site.AcmeEditor: "/admin/t/acme/",
		site.AcmeViewer: "/admin/t/acme/", site.GlobexAdmin: "/admin/t/globex/",
		site.Both: "/admin/t/globex/", site.Root: "/admin/t/acme/",
	} {
		p := s.SignIn(t, email).Get(path)
		require.Equal(t, path, p.Path(), email)
		require.Contains(t, p.Text(), "Name of "+email)
	}
}

func TestBrowserRefusesWrongPassword(t *testing.T) {
	t.Parallel()
	b := site.New(t, site.Options{MultiTenant: true}).NewBrowser(t)
	form := b.Get("/admin/").Want(http.StatusOK).Form("/sign-in")
	p := b.Submit(form, map[string]string{"email": site.AcmeAdmin, "password": "wrong"})
	require.Contains(t, p.Want(http.StatusUnauthorized).Text(), "password")
	require.Equal(t, site.AcmeAdmin, p.Form("/sign-in").Get("email"))
	require.Empty(t, p.Form("/sign-in").Get("password"))
}

func TestMembersSeeTheDefaultTenantWithTenancyOff(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	require.Equal(t, "/admin/t/default/", s.SignIn(t, site.AcmeViewer).Page.Path())
}
