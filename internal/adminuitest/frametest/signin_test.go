package frametest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

const hostile = `<script>alert(1)</script>"'&{{.}}`

func TestSessionThatEndsInTheMiddleOfAFormKeepsWhatWasTyped(t *testing.T) {
	t.Parallel()
	s := multi(t)
	for _, again := range []string{site.AcmeAdmin, site.Root} {
		b := s.SignIn(t, site.AcmeAdmin)
		form := b.Get(settings).Form("/settings")
		s.EndSessions(t, site.AcmeAdmin)
		before := nameOf(t, s)
		p := b.Submit(form, map[string]string{"name": "By " + again, "settings": `{"a":"` + "x" + `"}`})
		p.Want(http.StatusUnauthorized)
		require.Contains(t, p.Main(), "what you typed is kept")
		require.Equal(t, before, nameOf(t, s))
		p = b.Submit(p.Form("/sign-in"), map[string]string{"email": again, "password": "wrong"})
		p = b.Submit(p.Want(http.StatusUnauthorized).Form("/sign-in"),
			map[string]string{"email": again, "password": site.Password}).Want(http.StatusOK)
		require.Contains(t, p.Main(), "isn’t saved yet")
		require.Contains(t, p.Main(), "By "+again)
		require.Equal(t, before, nameOf(t, s), "nothing is written before the person asks for it")
		p = b.Submit(p.Form("/settings"), nil).Want(http.StatusOK)
		require.Contains(t, p.Text(), "Saved.")
		require.Equal(t, "By "+again, nameOf(t, s))
	}
}

func TestKeptFormOfSomeoneWithoutTheRightIsRefused(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.AcmeAdmin)
	form := b.Get(settings).Form("/settings")
	s.EndSessions(t, site.AcmeAdmin)
	p := b.Submit(form, map[string]string{"name": hostile})
	require.NotContains(t, string(p.Body), "<script>alert")
	p = b.Submit(p.Form("/sign-in"), map[string]string{"email": site.GlobexAdmin, "password": site.Password})
	require.Contains(t, p.Want(http.StatusOK).Main(), "alert(1)")
	require.NotContains(t, string(p.Body), "<script>alert")
	b.Submit(p.Form("/settings"), nil).Want(http.StatusNotFound)
	require.Equal(t, "Acme Works", nameOf(t, s))
}

func TestPasswordsAreNeverKept(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.Root)
	form := b.Get("/admin/users?new=true").Form("/users")
	s.EndSessions(t, site.Root)
	p := b.Submit(form, map[string]string{"email": "e@example.com", "name": "E",
		"password": "my own secret words"}).Want(http.StatusUnauthorized)
	require.NotContains(t, string(p.Body), "secret words")
	require.NotContains(t, p.Main(), "is kept")
	require.False(t, p.Form("/sign-in").Has("draft_fields"))
}

func TestDraftThatIsNotOfThesePagesIsNotOffered(t *testing.T) {
	t.Parallel()
	s := multi(t)
	for _, action := range []string{"https://evil.test/", "//evil.test/", "/api/v1/users", "/admin/../api/v1/x",
		`/\evil.test`, "javascript:alert(1)", ""} {
		b := s.NewBrowser(t)
		b.Get("/admin/sign-in")
		p := b.Post("/admin/sign-in", url.Values{"email": {site.AcmeAdmin}, "password": {site.Password},
			"return_to": {"/admin/tenants"}, "draft_action": {action}, "draft_fields": {"name=x"}})
		require.Equal(t, "/admin/tenants", p.Path(), action)
	}
}

func TestSignInLeadsBackOnlyToThesePages(t *testing.T) {
	t.Parallel()
	s := multi(t)
	for _, to := range []string{"//evil.test", "https://evil.test/admin/", `/\evil.test`, `\\evil.test`,
		"/admin/../api/v1/me", "/admin/%2e%2e/api/v1/me", "/admin/.%2E/x", "/admin//evil.test",
		"/adminx", "/admin\t/x", "/admin/\n//evil.test", "/admin/%0d%0aSet-Cookie:x", "javascript:alert(1)",
		"/admin/" + strings.Repeat("a", 5000), "/api/v1/me", "", "admin/", "/admin/#//evil", "/admin@evil.test/"} {
		b := s.NewBrowser(t)
		form := b.Get("/admin/sign-in?return_to=" + url.QueryEscape(to)).Want(http.StatusOK).Form("/sign-in")
		require.Equal(t, "/admin/", form.Get("return_to"), "%q", to)
		b.Get("/admin/sign-in")
		p := b.Send(site.Request{Method: "POST", Path: "/admin/sign-in", Media: "application/x-www-form-urlencoded",
			Body: url.Values{"email": {site.AcmeAdmin}, "password": {site.Password}, "return_to": {to}}.Encode()})
		require.Equal(t, "/admin/", p.Want(http.StatusSeeOther).Header.Get("Location"), "%q", to)
	}
}

func TestSignInLeadsBackToWhereOneWas(t *testing.T) {
	t.Parallel()
	s := multi(t)
	for _, path := range []string{"/admin/t/acme/settings", "/admin/t/acme/settings?x=a%20b%2Fc&y=%C3%A9",
		"/admin/t/acme/prompts/a%2Fb%20%C3%A9%F0%9F%98%80", "/admin/t/acme/prompts/a%20b?x=1"} {
		b := s.NewBrowser(t)
		p := b.Get("/admin/sign-in?return_to=" + url.QueryEscape(path))
		p = b.Submit(p.Form("/sign-in"), map[string]string{"email": site.AcmeAdmin, "password": site.Password})
		require.Equal(t, path, p.Path())
	}
}

func TestPageWithoutSessionLeadsToSignInAndBack(t *testing.T) {
	t.Parallel()
	b := multi(t).NewBrowser(t)
	p := b.Get(settings + "?x=a%20b").Want(http.StatusOK)
	require.Equal(t, "/admin/sign-in?return_to="+url.QueryEscape(settings+"?x=a%20b"), p.Path())
	require.Equal(t, settings+"?x=a%20b", p.Form("/sign-in").Get("return_to"))
}

func TestBackLeadsOnlyToPagesOfTheTenant(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.Root)
	for _, back := range []string{"//evil.test", "https://evil.test", `/\evil.test`, "/admin/t/globex/",
		"/admin/t/acme/../globex/", "/admin/t/acme/%2e%2e/globex/", "/admin/t/acmeevil", "/admin/t/acme/\n"} {
		p := b.Send(site.Request{Method: "POST", Path: "/admin/t/acme/visit",
			Media: "application/x-www-form-urlencoded",
			Body:  url.Values{"tenant": {"acme"}, "reason": {"r"}, "back": {back}}.Encode()})
		require.Equal(t, "/admin/t/acme/?done=visit", p.Want(http.StatusSeeOther).Header.Get("Location"), back)
		p = b.Get("/admin/users?new=true&back=" + url.QueryEscape(strings.Replace(back, "/admin/t", "/x/t", 1)))
		require.Equal(t, "/admin/users", p.Link("Cancel"), back)
	}
}

func TestSignOutEndsTheSession(t *testing.T) {
	t.Parallel()
	b := multi(t).SignIn(t, site.AcmeAdmin)
	session := b.Cookie("/", "bailiwick")
	p := b.Get("/admin/sign-out").Want(http.StatusOK)
	require.Contains(t, p.Main(), "End this session?")
	b.Get(settings).Want(http.StatusOK)
	p = b.Submit(b.Get(settings).Form("/sign-out"), nil)
	require.Equal(t, "/admin/sign-in", p.Path())
	require.Contains(t, b.Get(settings).Path(), "/admin/sign-in?return_to=")
	require.Contains(t, b.Send(site.Request{Path: settings, Header: map[string]string{
		"Cookie": "bailiwick=" + session}}).Want(http.StatusSeeOther).Header.Get("Location"), "sign-in")
	b.Post("/admin/sign-out", nil).Want(http.StatusOK)
}
