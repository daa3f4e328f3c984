package frametest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestTenantIDInThePathLeadsToTheSlug(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.AcmeAdmin)
	id := s.Tenants["acme"].ID.String()
	p := b.Get("/admin/t/" + id + "/settings?x=%2F")
	require.Equal(t, "/admin/t/acme/settings?x=%2F", p.Want(http.StatusOK).Path())
	b.Get("/admin/t/" + s.Tenants["globex"].ID.String() + "/settings").Want(http.StatusNotFound)
	values := p.Form("/settings").Values()
	values.Set("tenant", id)
	b.Post("/admin/t/"+id+"/settings", values).Want(http.StatusConflict)
}

func TestUnknownForeignAndDeletedTenantsLookTheSame(t *testing.T) {
	t.Parallel()
	s := multi(t)
	s.AddTenant(t, "gone", "Gone")
	s.Edit(t, "gone", func(tn *tenancy.Tenant) { require.NoError(t, tn.Delete(tn.CreatedAt)) })
	b := s.SignIn(t, site.AcmeAdmin)
	text := func(p *site.Page) string {
		before, _, _ := strings.Cut(p.Main(), "If you ask for help")
		return before
	}
	want := text(b.Get("/admin/t/unknown/settings").Want(http.StatusNotFound))
	for _, slug := range []string{"globex", "gone", "a b", "GLOBEX", "%00"} {
		p := b.Send(site.Request{Path: "/admin/t/" + strings.ReplaceAll(slug, " ", "%20") + "/settings"})
		if p.Status == http.StatusNotFound && strings.Contains(p.Main(), "no such tenant") {
			require.Equal(t, want, text(p), slug)
		}
		require.GreaterOrEqual(t, p.Status, 400, slug)
		require.NotContains(t, p.Text(), "Globex")
	}
	require.Contains(t, b.Get("/admin/t/globex/settings").Text(), "Sign out", "the person is still shown")
}

func TestOtherTenantInTheHeaderOrHostIsRefused(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.Both)
	p := b.Send(site.Request{Path: settings, Header: map[string]string{"X-Tenant-ID": "globex"}})
	require.Contains(t, p.Want(http.StatusBadRequest).Main(), "two different tenants")
	as := map[string]string{"Cookie": "bailiwick=" + b.Cookie("/", "bailiwick")}
	for host, status := range map[string]int{"globex.registry.test": http.StatusBadRequest,
		"acme.registry.test": http.StatusOK} {
		s.NewBrowser(t).Send(site.Request{Path: settings, Host: host, Header: as}).Want(status)
	}
	b.Send(site.Request{Path: settings, Header: map[string]string{"X-Tenant-ID": "acme"}}).Want(http.StatusOK)
}

func TestSuspendedTenantSaysSo(t *testing.T) {
	t.Parallel()
	s := multi(t)
	s.Edit(t, "acme", func(tn *tenancy.Tenant) { require.NoError(t, tn.SetState(tenancy.Suspended)) })
	b := s.NewBrowser(t)
	form := b.Get("/admin/sign-in?return_to=" + url.QueryEscape(settings)).Form("/sign-in")
	p := b.Submit(form, map[string]string{"email": site.AcmeAdmin, "password": site.Password})
	require.Contains(t, p.Want(http.StatusForbidden).Main(), "suspended")
	require.Contains(t, p.Text(), "Sign out")
	root := s.SignIn(t, site.Root).Get(settings).Want(http.StatusOK)
	require.Contains(t, root.Text(), "is suspended: its members and keys are refused")
}

func TestVisitOfSuperAdminIsShownWithItsReason(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.Root)
	p := b.Get(settings).Want(http.StatusOK)
	require.Contains(t, p.Text(), "You are visiting as a super-admin")
	require.Contains(t, p.Text(), "without a reason")
	form := p.Form("/visit")
	values := form.Values()
	values.Set("reason", hostile+" é, ; x")
	raw := b.Send(site.Request{Method: "POST", Path: "/admin/t/acme/visit", Body: values.Encode(),
		Media: "application/x-www-form-urlencoded"}).Want(http.StatusSeeOther)
	cookie, err := http.ParseSetCookie(raw.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, "bailiwick-visit", cookie.Name)
	require.Equal(t, "/admin/t/acme", cookie.Path)
	require.True(t, cookie.HttpOnly)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.Empty(t, cookie.Domain)
	require.Zero(t, cookie.MaxAge, "it ends with the browser")
	p = b.Get(settings).Want(http.StatusOK)
	require.Contains(t, p.Text(), "with the reason: "+hostile+" é, ; x")
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Contains(t, b.Get("/admin/t/globex/settings").Text(), "without a reason")
	require.NotContains(t, s.SignIn(t, site.AcmeAdmin).Get(settings).Text(), "visiting")
}

func TestInvalidReasonIsExplainedAndNotKept(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.Root)
	b.Get(settings)
	for _, reason := range []string{strings.Repeat("x", 257), "a\x00b", "a\nb", "\xff"} {
		p := b.Post("/admin/t/acme/visit", url.Values{"tenant": {"acme"}, "reason": {reason}})
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, "%q", reason)
		require.NotEmpty(t, p.FieldError("reason"))
		require.Empty(t, b.Cookie(settings, "bailiwick-visit"))
	}
	p := s.NewBrowser(t).Send(site.Request{Path: settings, Header: map[string]string{"Cookie": "bailiwick=" +
		b.Cookie("/", "bailiwick") + "; bailiwick-visit=" + strings.Repeat("x", 300)}})
	require.Contains(t, p.Want(http.StatusOK).Text(), "without a reason")
}

func TestTenantThatRequiresReasonAsksForIt(t *testing.T) {
	t.Parallel()
	s := multi(t)
	s.Edit(t, "acme", func(t *tenancy.Tenant) { t.Settings = []byte(`{"require_reason":true}`) })
	b := s.SignIn(t, site.Root)
	form := b.Get(settings).Want(http.StatusOK).Form("/settings")
	p := b.Submit(form, map[string]string{"name": "Changed"}).Want(http.StatusForbidden)
	require.Contains(t, p.Text(), "Why do you visit this tenant?")
	require.Equal(t, "Acme Works", nameOf(t, s))
	p = b.Submit(p.Form("/visit"), map[string]string{"reason": "ticket 7"}).Want(http.StatusOK)
	require.Contains(t, p.Main(), "isn’t saved yet")
	require.Equal(t, "Acme Works", nameOf(t, s))
	b.Submit(p.Form("/settings"), nil).Want(http.StatusOK)
	require.Equal(t, "Changed", nameOf(t, s))
}

func TestLastTenantIsRemembered(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.Both)
	for _, slug := range []string{"globex", "acme"} {
		b.Get("/admin/t/" + slug + "/settings").Want(http.StatusOK)
		require.Equal(t, slug, b.Cookie("/admin/", "bailiwick-tenant"))
		require.Equal(t, "/admin/t/"+slug+"/", b.Get("/admin/").Path())
	}
	p := b.Send(site.Request{Path: "/admin/t/globex/settings"})
	cookie, err := http.ParseSetCookie(p.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	require.Equal(t, "/admin", cookie.Path)
	require.True(t, cookie.HttpOnly)
	b.Get("/admin/t/unknown/settings").Want(http.StatusNotFound)
	require.Equal(t, "globex", b.Cookie("/admin/", "bailiwick-tenant"))
}

func TestWithTenancyOffOnlyTheDefaultTenantHasPages(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{})
	b := s.SignIn(t, site.AcmeAdmin)
	require.Equal(t, "/admin/t/default/", b.Get("/admin/").Path())
	p := b.Get("/admin/t/default/settings").Want(http.StatusOK)
	require.NotContains(t, p.Text(), "All my tenants")
	require.NotContains(t, p.Text(), "Tenant Default")
	require.Empty(t, b.Cookie("/admin/", "bailiwick-tenant"))
	for _, path := range []string{"/admin/t/acme/settings", "/admin/t/acme/",
		"/admin/t/" + s.Tenants["default"].ID.String() + "/settings", "/admin/tenants"} {
		b.Get(path).Want(http.StatusNotFound)
	}
	root := s.SignIn(t, site.Root)
	p = root.Get("/admin/t/default/settings").Want(http.StatusOK)
	require.NotContains(t, p.Text(), "visiting")
	require.False(t, p.HasLink("/admin/tenants"))
	require.True(t, p.HasLink("/admin/users"))
}
