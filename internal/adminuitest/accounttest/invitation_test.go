package accounttest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/adminuitest/site"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

const acceptPath = "/invitations/accept"

const hostile = `"'><script>alert(1)</script>&{{.}}`

// invite invites a person to acme, and returns the link's path with its fragment, and the
// token.
func invite(t *testing.T, s *site.Site, email, role string) (link, token string) {
	t.Helper()
	cookies := s.SignIn(t, site.AcmeAdmin)
	body, err := json.Marshal(map[string]string{"email": email, "role": role})
	require.NoError(t, err)
	p := cookies.Send(site.Request{Method: http.MethodPost, Path: "/api/v1/tenants/acme/invitations",
		Body: string(body), Media: "application/json"}).Want(http.StatusCreated)
	var made struct{ Token, URL string }
	require.NoError(t, json.Unmarshal(p.Body, &made))
	return made.URL, made.Token
}

// accept opens the page and sends its form with these fields, those of radio buttons too.
func accept(b *site.Browser, fields map[string]string) *site.Page {
	form := b.Get(acceptPath).Want(http.StatusOK).Form(acceptPath).Values()
	for name, value := range fields {
		form.Set(name, value)
	}
	return b.Post(acceptPath, form)
}

func TestNewPersonAcceptsWithPasswordAndIsSignedIn(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	link, token := invite(t, s, "bob@example.com", "editor")
	b := s.NewBrowser(t)
	for name, c := range map[string]struct{ field, value, wrong string }{
		"no password":    {"password", "", "password"},
		"short password": {"password", "abc", "password"},
		"invalid name":   {"name", "B\x1b", "name"},
	} {
		fields := map[string]string{"token": token, "account": "new", "name": "Bob Typed",
			"password": site.Password}
		fields[c.field] = c.value
		p := accept(b, fields).Want(http.StatusUnprocessableEntity)
		require.NotEmpty(t, p.FieldError(c.wrong), name)
		require.Equal(t, token, p.Form(acceptPath).Get("token"), "the form keeps what was typed")
		require.Equal(t, fields["name"], p.Form(acceptPath).Get("name"))
		require.Empty(t, p.Form(acceptPath).Get("password"))
		require.NotContains(t, string(p.Body), site.Password)
	}
	p := accept(b, map[string]string{"token": "https://registry.example.com" + link,
		"account": "new", "name": "Bob", "password": site.Password}).Want(http.StatusOK)
	require.Contains(t, p.Main(), "bob@example.com now has the role editor in Acme Works")
	p = b.Get(p.Link("Open Acme Works"))
	require.Equal(t, "/admin/t/acme/", p.Path())
	require.Contains(t, p.Text(), "Bob")

	p = accept(s.NewBrowser(t), map[string]string{"token": token}).Want(http.StatusNotFound)
	require.Contains(t, p.Main(), "No such invitation")
}

func TestPersonWithAccountSignsInAndAccepts(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	_, token := invite(t, s, site.Alone, "viewer")
	existing := func(email, password string) map[string]string {
		return map[string]string{"token": token, "account": "existing", "email": email,
			"password": password}
	}
	b := s.NewBrowser(t)
	p := accept(b, existing(site.Alone, "wrong password")).Want(http.StatusUnauthorized)
	require.Equal(t, site.Alone, p.Form(acceptPath).Get("email"))
	require.Equal(t, "existing", p.Form(acceptPath).Get("account"))
	require.NotContains(t, string(p.Body), "wrong password")
	accept(s.NewBrowser(t), existing(site.AcmeViewer, site.Password)).Want(http.StatusNotFound)
	accept(s.NewBrowser(t), map[string]string{"token": token, "account": "new",
		"password": site.Password}).Want(http.StatusNotFound)

	p = accept(b, existing(site.Alone, site.Password)).Want(http.StatusOK)
	require.Contains(t, p.Main(), "viewer")
	require.Contains(t, b.Get(p.Link("Open Acme Works")).Text(), "Name of "+site.Alone)
}

func TestSignedInPersonAcceptsWithoutPassword(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	_, token := invite(t, s, site.Alone, "viewer")
	b := s.SignIn(t, site.Alone)
	p := b.Get(acceptPath).Want(http.StatusOK)
	require.Contains(t, p.Main(), "I am "+site.Alone)
	p = b.Submit(p.Form(acceptPath), map[string]string{"token": token}).Want(http.StatusOK)
	require.Contains(t, b.Get(p.Link("Open Acme Works")).Text(), "Name of "+site.Alone)

	other := s.SignIn(t, site.GlobexAdmin)
	_, token = invite(t, s, site.Both, "admin")
	p = accept(other, map[string]string{"token": token}).Want(http.StatusNotFound)
	require.Contains(t, p.Main(), "I am "+site.GlobexAdmin, "the page still says who is signed in")
}

// Another person may be signed in at the computer of the new one.
func TestNewPersonReplacesWhoIsSignedIn(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	_, token := invite(t, s, "bob@example.com", "viewer")
	b := s.SignIn(t, site.AcmeAdmin)
	p := accept(b, map[string]string{"token": token, "account": "new",
		"password": site.Password}).Want(http.StatusOK)
	require.Contains(t, b.Get(p.Link("Open Acme Works")).Text(), "bob")
}

func TestFormOfAnotherSiteAcceptsNothing(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	_, token := invite(t, s, "bob@example.com", "editor")
	form := url.Values{"token": {token}, "password": {site.Password}}
	send := func(form url.Values, header map[string]string) int {
		return s.NewBrowser(t).Send(site.Request{Method: http.MethodPost, Path: acceptPath,
			Media: "application/x-www-form-urlencoded", Body: form.Encode(), Header: header}).Status
	}
	require.Equal(t, http.StatusForbidden, send(form, map[string]string{
		"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.test"}))
	require.Equal(t, http.StatusForbidden, send(form, map[string]string{
		"Sec-Fetch-Site": "", "Origin": "https://evil.test"}))
	require.Equal(t, http.StatusUnprocessableEntity,
		send(url.Values{"token": {token}, "role": {"admin"}}, nil))
	require.Equal(t, http.StatusUnprocessableEntity, send(url.Values{"token": {token, "x"}}, nil))
	require.Equal(t, http.StatusBadRequest,
		send(url.Values{"token": {strings.Repeat("x", 20<<10)}}, nil))
	require.Equal(t, http.StatusNotFound, send(form, map[string]string{"Content-Type": "text/plain"}))
	require.Equal(t, http.StatusOK, send(form, nil))
}

func TestTokenIsInNoAddressAndNoLog(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	link, token := invite(t, s, "bob@example.com", "editor")
	require.Equal(t, acceptPath+"#"+token, link, "browsers send no fragment")
	b := s.NewBrowser(t)
	p := accept(b, map[string]string{"token": token, "password": "abc"}).
		Want(http.StatusUnprocessableEntity)
	require.Equal(t, acceptPath, p.Path())
	p = accept(b, map[string]string{"token": token, "password": site.Password}).Want(http.StatusOK)
	require.Equal(t, acceptPath, p.Path())
	require.NotContains(t, string(p.Body), token)
	require.NotContains(t, s.Log.String(), token)
	require.Equal(t, "same-origin", p.Header.Get("Referrer-Policy"))
	require.Equal(t, "no-store", p.Header.Get("Cache-Control"))
}

func TestHostileTextOfInvitationFormIsShownAsText(t *testing.T) {
	t.Parallel()
	b := site.New(t, site.Options{MultiTenant: true}).NewBrowser(t)
	p := accept(b, map[string]string{"token": hostile, "name": hostile, "email": hostile,
		"account": hostile}).Want(http.StatusNotFound)
	require.NotContains(t, string(p.Body), "<script>alert")
	require.Equal(t, hostile, p.Form(acceptPath).Get("name"))
}

func TestInvitationPageShowsOnlyTheWaysToSignInThatThereAre(t *testing.T) {
	t.Parallel()
	const start = "/api/v1/sessions/oidc/start?return_to=%2Finvitations%2Faccept"
	for _, off := range [][]httpapi.Group{nil, {httpapi.SessionRoutes}} {
		s := site.New(t, site.Options{MultiTenant: true, API: func(o *httpapi.Options) {
			o.Without, o.SignIn.Provider = off, struct{ signin.Provider }{}
		}})
		p := s.NewBrowser(t).Get(acceptPath).Want(http.StatusOK)
		require.Equal(t, off == nil, p.HasLink(start))
		require.Equal(t, off == nil, p.Form(acceptPath).Has("password"))
	}
}

func TestInvitationPageIsOnlyServedWithItsRoute(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true, API: func(o *httpapi.Options) {
		o.Without = []httpapi.Group{httpapi.InvitationRoutes}
	}})
	s.NewBrowser(t).Get(acceptPath).Want(http.StatusNotFound)
}

func TestInvitationPageIsBelowThePrefixOfTheAPI(t *testing.T) {
	t.Parallel()
	s := site.New(t, site.Options{MultiTenant: true})
	api := httpapi.New(s.Services, httpapi.Options{MultiTenant: true, Prefix: "/registry"})
	pages := adminui.New(api, s.Services.Kinds, adminui.Options{MultiTenant: true,
		APIPrefix: "/registry", Prefix: "/registry/admin"})
	for path, status := range map[string]int{"/registry" + acceptPath: 200, acceptPath: 404} {
		got := httptest.NewRecorder()
		pages.ServeHTTP(got, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		require.Equal(t, status, got.Code)
		require.Equal(t, status == 200,
			bytes.Contains(got.Body.Bytes(), []byte(`action="/registry/invitations/accept"`)))
	}
}
