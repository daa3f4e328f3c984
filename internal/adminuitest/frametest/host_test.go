package frametest_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// hostSite is a site whose host authenticates callers itself: the header X-Host-User has the
// role in acme.
func hostSite(t *testing.T) *site.Site {
	t.Helper()
	var s *site.Site
	s = site.New(t, site.Options{MultiTenant: true,
		API: func(o *httpapi.Options) {
			o.Authenticate = func(r *http.Request) (tenancy.Principal, error) {
				role, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Host ")
				if !ok {
					return tenancy.Principal{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "sign in")
				}
				return tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "h1", Name: "Host user",
					Roles: map[tenancy.ID]tenancy.Role{s.Tenants["acme"].ID: tenancy.Role(role)}}, nil
			}
		},
		Pages: func(o *adminui.Options) { o.SignIn, o.SignOut = "/login?via=admin", "/logout" },
	})
	return s
}

func TestHostThatAuthenticatesCallersHasItsOwnPageToSignIn(t *testing.T) {
	t.Parallel()
	s := hostSite(t)
	b := s.NewBrowser(t)
	p := b.Send(site.Request{Path: settings}).Want(http.StatusSeeOther)
	require.Equal(t, "/login?via=admin&return_to="+url.QueryEscape(settings), p.Header.Get("Location"))
	p = b.Send(site.Request{Path: "/admin/sign-in"}).Want(http.StatusSeeOther)
	require.Equal(t, "/login?via=admin&return_to=%2Fadmin%2F", p.Header.Get("Location"))
	as := map[string]string{"Authorization": "Host admin"}
	p = b.Send(site.Request{Path: settings, Header: as}).Want(http.StatusOK)
	require.Contains(t, p.Text(), "Host user")
	require.Equal(t, "/logout", p.Form("/logout").Action.Path)
	require.False(t, p.HasLink("/admin/account"))
	for _, c := range p.Header["Set-Cookie"] {
		require.True(t, strings.HasPrefix(c, "bailiwick-tenant="), c)
	}
	values := p.Form("/settings").Values()
	values.Set("name", "By the host's user")
	b.Send(site.Request{Method: "POST", Path: settings, Header: as, Body: values.Encode(),
		Media: "application/x-www-form-urlencoded"}).Want(http.StatusSeeOther)
	require.Equal(t, "By the host's user", nameOf(t, s))
}

func TestFormCanBeSentAgainAfterSigningInAtTheHost(t *testing.T) {
	t.Parallel()
	s := hostSite(t)
	b := s.NewBrowser(t)
	as := map[string]string{"Authorization": "Host admin"}
	values := b.Send(site.Request{Path: settings, Header: as}).Form("/settings").Values()
	values.Set("name", "Typed")
	p := b.Post(settings, values).Want(http.StatusUnauthorized)
	require.True(t, slices.ContainsFunc(p.Links(), func(l string) bool { return strings.HasPrefix(l, "/login?") }))
	again := p.Form("/settings").Values()
	require.Equal(t, values, again)
	b.Send(site.Request{Method: "POST", Path: settings, Header: as, Body: again.Encode(),
		Media: "application/x-www-form-urlencoded"}).Want(http.StatusSeeOther)
	require.Equal(t, "Typed", nameOf(t, s))
}

func TestGroupsThatTheAPILacksHaveNoPages(t *testing.T) {
	t.Parallel()
	without := map[httpapi.Group][]string{
		httpapi.UserRoutes: {"/admin/users"}, httpapi.TenantRoutes: {"/admin/tenants", settings},
		httpapi.AuditRoutes: {"/admin/audit", "/admin/t/acme/audit"},
		httpapi.KeyRoutes:   {"/admin/t/acme/keys"}, httpapi.BundleRoutes: {"/admin/t/acme/promotion"},
		httpapi.InvitationRoutes: {"/admin/t/acme/invitations"}, httpapi.SecretRoutes: {"/admin/t/acme/secrets"},
		httpapi.ResourceRoutes: {"/admin/t/acme/prompts"},
	}
	for group, paths := range without {
		t.Run(string(group), func(t *testing.T) {
			t.Parallel()
			s := site.New(t, site.Options{MultiTenant: true, API: func(o *httpapi.Options) {
				o.Without = []httpapi.Group{group}
			}})
			b := s.SignIn(t, site.Root)
			p := b.Get("/admin/t/acme/")
			for _, path := range paths {
				require.False(t, p.HasLink(path), path)
				b.Get(path).Want(http.StatusNotFound)
			}
			require.NotContains(t, b.Get("/admin/sign-out").Text(), "went wrong")
		})
	}
}

func TestPanicOfTheAPIIsAPageThatTellsNothing(t *testing.T) {
	t.Parallel()
	var breaks bool
	s := site.New(t, site.Options{MultiTenant: true, Around: func(api http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if breaks && r.URL.Path != "/api/v1/me" {
				panic("the password is 12345")
			}
			api.ServeHTTP(w, r)
		})
	}})
	b := s.SignIn(t, site.AcmeAdmin)
	breaks = true
	p := b.Get(settings).Want(http.StatusInternalServerError)
	require.Contains(t, p.Main(), "Something went wrong on the server.")
	require.NotContains(t, string(p.Body), "12345")
	require.Contains(t, s.Log.String(), "12345")
	require.Equal(t, policy, p.Header.Get("Content-Security-Policy"))
	breaks = false
	b.Get(settings).Want(http.StatusOK)
}

func TestPagesWorkUnderAnotherPrefix(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true,
		Pages: func(o *adminui.Options) { o.Prefix, o.Title = "/console/pages", hostile }})
	b := s.NewBrowser(t)
	p := b.Get("/console/pages/t/acme/settings")
	p = b.Submit(p.Form("/sign-in"), map[string]string{"email": site.AcmeAdmin, "password": site.Password})
	require.Equal(t, "/console/pages/t/acme/settings", p.Want(http.StatusOK).Path())
	require.NotContains(t, string(p.Body), "<script>alert")
	for _, link := range p.Links() {
		require.NotContains(t, link, "/admin")
	}
	require.Contains(t, b.Submit(p.Form("/settings"), map[string]string{"name": "N"}).Text(), "Saved.")
}
