// Package frametest_test tests what all pages share: headers, forms, refusals, signing in, and
// the tenant of a page.
package frametest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
)

const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action" +
	" 'self'; frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'"

const settings = "/admin/t/acme/settings"

func multi(t *testing.T) *site.Site { return site.New(t, site.Options{MultiTenant: true}) }

func TestEveryAnswerHasThePolicyAndIsNotStored(t *testing.T) {
	t.Parallel()
	s := multi(t)
	member, root, stranger := s.SignIn(t, site.AcmeAdmin), s.SignIn(t, site.Root), s.NewBrowser(t)
	for _, b := range []*site.Browser{member, root, stranger} {
		for _, path := range []string{"/admin", "/admin/", "/admin/sign-in", "/admin/sign-out", settings,
			"/admin/t/globex/settings", "/admin/t/none/", "/admin/tenants", "/admin/users",
			"/admin/no-page", "/admin/switch", "/admin/switch/list", "/admin/t/acme/", "/admin/%zz",
			"/admin/assets/none.css"} {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "BREW"} {
				if path == "/admin/%zz" {
					continue
				}
				h := b.Send(site.Request{Method: method, Path: path}).Header
				require.Equal(t, []string{policy}, h["Content-Security-Policy"], "%s %s", method, path)
				require.Equal(t, []string{"nosniff"}, h["X-Content-Type-Options"], "%s %s", method, path)
				require.Equal(t, []string{"no-store"}, h["Cache-Control"], "%s %s", method, path)
			}
		}
	}
}

func TestAssetsAreKeptByBrowsersAndHaveTheirPolicy(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.NewBrowser(t)
	body := string(b.Get("/admin/sign-in").Body)
	for _, name := range []string{"style.", "script.", "icon."} {
		at := strings.Index(body, "/admin/assets/"+name)
		require.Positive(t, at)
		path, _, _ := strings.Cut(body[at:], `"`)
		p := b.Send(site.Request{Path: path}).Want(http.StatusOK)
		require.Contains(t, p.Header.Get("Cache-Control"), "immutable")
		require.Equal(t, "nosniff", p.Header.Get("X-Content-Type-Options"))
		require.Equal(t, policy, p.Header.Get("Content-Security-Policy"))
		require.Empty(t, p.Header["Set-Cookie"])
	}
}

func TestHeadIsGetWithoutBody(t *testing.T) {
	t.Parallel()
	b := multi(t).SignIn(t, site.AcmeAdmin)
	p := b.Send(site.Request{Method: http.MethodHead, Path: settings}).Want(http.StatusOK)
	require.Empty(t, p.Body)
	require.Equal(t, "text/html; charset=utf-8", p.Header.Get("Content-Type"))
	b.Send(site.Request{Method: http.MethodHead, Path: "/admin/t/globex/settings"}).Want(http.StatusNotFound)
}

func TestUnknownMethodIsRefusedWithAllow(t *testing.T) {
	t.Parallel()
	b := multi(t).SignIn(t, site.AcmeAdmin)
	for _, method := range []string{"PUT", "DELETE", "PATCH", "BREW"} {
		p := b.Send(site.Request{Method: method, Path: settings}).Want(http.StatusMethodNotAllowed)
		require.Equal(t, "GET, HEAD, POST", p.Header.Get("Allow"))
		require.Contains(t, p.Main(), "doesn't take such a request")
	}
	b.Send(site.Request{Method: "POST", Path: "/admin/users/x/y/z"}).Want(http.StatusNotFound)
}

func TestFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.AcmeAdmin)
	form := b.Get(settings).Form("/settings")
	values := form.Values()
	values.Set("name", "Stolen")
	for name, header := range map[string]map[string]string{
		"cross-site":           {"Sec-Fetch-Site": "cross-site"},
		"same-site":            {"Sec-Fetch-Site": "same-site"},
		"another host":         {"Sec-Fetch-Site": "", "Origin": "https://evil.test"},
		"a host with a suffix": {"Sec-Fetch-Site": "", "Origin": s.Server.URL + ".evil.test"},
		"no origin":            {"Sec-Fetch-Site": "", "Origin": "null"},
	} {
		p := b.Send(site.Request{Method: "POST", Path: settings, Media: "application/x-www-form-urlencoded",
			Body: values.Encode(), Header: header}).Want(http.StatusForbidden)
		require.Contains(t, p.Main(), "came from another site", name)
	}
	require.Equal(t, "Acme Works", nameOf(t, s))
	for _, path := range []string{"/admin/sign-in", "/admin/sign-out", "/admin/t/acme/visit"} {
		b.Send(site.Request{Method: "POST", Path: path, Header: map[string]string{
			"Sec-Fetch-Site": "cross-site"}}).Want(http.StatusForbidden)
	}
	b.Get(settings).Want(http.StatusOK)
}

func nameOf(t *testing.T, s *site.Site) string {
	t.Helper()
	tenant, err := s.Services.Tenants.Get(t.Context(), s.Tenants["acme"].ID)
	require.NoError(t, err)
	return tenant.Name
}

func TestUnknownAndRepeatedFieldsAreRefused(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.AcmeAdmin)
	form := b.Get(settings).Form("/settings")
	for name, change := range map[string]func(url.Values){
		"an unknown field":    func(v url.Values) { v.Set("state", "suspended") },
		"a repeated field":    func(v url.Values) { v.Add("name", "Second") },
		"the tenant twice":    func(v url.Values) { v.Add("tenant", "globex") },
		"another capital":     func(v url.Values) { v.Set("Name", "X") },
		"a field of a prefix": func(v url.Values) { v.Set("limit.agent", "1") },
		"an empty name":       func(v url.Values) { v.Set("", "1") },
		"a list it lacks":     func(v url.Values) { v.Set("name[]", "1") },
	} {
		values := form.Values()
		values.Set("name", "Changed")
		change(values)
		p := b.Post(settings, values)
		require.Equal(t, http.StatusUnprocessableEntity, p.Status, name)
	}
	require.Equal(t, "Acme Works", nameOf(t, s))
}

func TestFormThatIsTooLargeOrUnreadableIsRefused(t *testing.T) {
	t.Parallel()
	s := multi(t)
	b := s.SignIn(t, site.AcmeAdmin)
	values := b.Get(settings).Form("/settings").Values()
	values.Set("name", strings.Repeat("x", 5<<20))
	b.Post(settings, values).Want(http.StatusBadRequest)
	for _, body := range []string{"name=%zz&tenant=acme", "a;b=c", "%"} {
		b.Send(site.Request{Method: "POST", Path: settings, Body: body,
			Media: "application/x-www-form-urlencoded"}).Want(http.StatusBadRequest)
	}
	for _, media := range []string{"text/plain", "application/json", "multipart/form-data; boundary=x", ""} {
		p := b.Send(site.Request{Method: "POST", Path: settings, Body: "tenant=acme&name=Other", Media: media})
		require.GreaterOrEqual(t, p.Status, 400, media)
	}
	require.Equal(t, "Acme Works", nameOf(t, s))
}
