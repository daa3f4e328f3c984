package httpapitest_test

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

const pagePath = "/invitations/accept"

// browse sends a request for a page, which the OpenAPI document doesn't describe.
func browse(t *testing.T, reg *apitest.Registry, req apitest.Request) apitest.Response {
	t.Helper()
	res, err := reg.Server.Client().Do(reg.NewRequest(t.Context(), t, req))
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return apitest.Response{Status: res.StatusCode, Header: res.Header, Body: body}
}

// submit posts the form of the page as a browser does that has no script.
func submit(
	t *testing.T, reg *apitest.Registry, form url.Values, header ...string,
) apitest.Response {
	t.Helper()
	req := apitest.Post("", pagePath, form.Encode())
	req.Header = map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	for i := 0; i < len(header); i += 2 {
		req.Header[header[i]] = header[i+1]
	}
	return browse(t, reg, req)
}

func TestPageOfInvitationRunsNothingButItsOwnScript(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	page := browse(t, reg, apitest.Get("", pagePath+"?utm_source=mail")).Want(t, 200)
	assert.Equal(t, "text/html; charset=utf-8", page.Header.Get("Content-Type"))
	policy := page.Header.Get("Content-Security-Policy")
	for _, directive := range []string{"default-src 'none'", "script-src 'self'",
		"frame-ancestors 'none'", "form-action 'self'", "base-uri 'none'"} {
		assert.Contains(t, policy, directive)
	}
	assert.Equal(t, "no-referrer", page.Header.Get("Referrer-Policy"))
	html := string(page.Body)
	assert.NotRegexp(t, `<script(?:\s+\w+="[^"]*")*\s*>[^<]`, html, "an inline script")
	assert.NotRegexp(t, `\s(?:on\w+|style)=`, html)
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`)
	for _, link := range links.FindAllStringSubmatch(html, -1) {
		browse(t, reg, apitest.Get("", link[1])).Want(t, 200)
	}
}

func TestNewPersonAcceptsOnPageWithPassword(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	i := invite(t, reg, "acme-admin", "bob@example.com", "editor")
	for name, form := range map[string]url.Values{
		"no password":    {"token": {i.Token}, "account": {"new"}},
		"short password": {"token": {i.Token}, "account": {"new"}, "password": {"abc"}},
		"invalid name": {"token": {i.Token}, "account": {"new"}, "password": {password},
			"name": {"B\x1b"}},
	} {
		refused := submit(t, reg, form).Want(t, 422)
		assert.Contains(t, string(refused.Body), `role="alert"`, name)
		assert.Contains(t, string(refused.Body), i.Token, "the form keeps what was typed")
		assert.NotContains(t, string(refused.Body), `value="abc"`)
	}
	done := submit(t, reg, url.Values{"token": {"https://registry.example.com" + i.URL},
		"account": {"new"}, "name": {"Bob"}, "email": {""}, "password": {password}}).Want(t, 200)
	assert.Contains(t, string(done.Body), "bob@example.com")
	assert.Contains(t, string(done.Body), "editor")
	reg.Do(t, apitest.Post("", "/api/v1/sessions", credentials("bob", password))).Want(t, 201)
	assert.Contains(t, string(submit(t, reg, url.Values{"token": {i.Token}}).Want(t, 404).Body),
		"no such invitation")
}

func TestExistingPersonAcceptsOnPageSignedIn(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	ada := addUserWithPassword(t, reg, "ada", "")
	eve := addUserWithPassword(t, reg, "eve", "")
	form := func(token, email, password string) url.Values {
		return url.Values{"token": {token}, "account": {"existing"}, "email": {email},
			"password": {password}}
	}
	i := invite(t, reg, "acme-admin", ada.Email, "viewer")
	submit(t, reg, form(i.Token, ada.Email, "wrong password")).Want(t, 401)
	submit(t, reg, form(i.Token, eve.Email, password)).Want(t, 404)
	submit(t, reg, url.Values{"token": {i.Token}, "account": {"new"}, "password": {password}}).
		Want(t, 404)
	done := submit(t, reg, form(i.Token, ada.Email, password)).Want(t, 200)
	cookie := cookieOf(t, done)
	me := reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(cookie)).Want(t, 200)
	assert.Contains(t, string(me.Body), "viewer")

	again := invite(t, reg, "acme-admin", ada.Email, "editor")
	submit(t, reg, url.Values{"token": {again.Token}}, "Cookie", cookie).Want(t, 200)
}

func TestFormOfAnotherPageIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	i := invite(t, reg, "acme-admin", "bob@example.com", "editor")
	form := url.Values{"token": {i.Token}, "password": {password}}
	submit(t, reg, form, "Origin", "https://evil.test").
		WantProblem(t, 403, httpapi.CodeCrossOrigin)
	submit(t, reg, form, "Content-Type", "text/plain").
		WantProblem(t, 415, httpapi.CodeUnsupportedMediaType)
	submit(t, reg, url.Values{"token": {i.Token}, "role": {"admin"}}).
		WantProblem(t, 422, tenancy.CodeUnknownField)
	submit(t, reg, url.Values{"token": {i.Token, "x"}}).
		WantProblem(t, 422, tenancy.CodeUnknownField)
	submit(t, reg, url.Values{"token": {strings.Repeat("x", 20<<10)}}).
		WantProblem(t, 413, tenancy.CodeTooLarge)
	submit(t, reg, form).Want(t, 200)
}

func TestFormOfUnknownLengthIsLimited(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	req := reg.NewRequest(t.Context(), t, apitest.Request{Method: "POST", Path: pagePath,
		Body:   url.Values{"token": {strings.Repeat("x", 20<<10)}}.Encode(),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	req.ContentLength = -1 // sent in chunks
	res, err := reg.Server.Client().Do(req)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	apitest.Response{Status: res.StatusCode, Header: res.Header, Body: body}.
		WantProblem(t, 413, tenancy.CodeTooLarge)
	assert.True(t, res.Close, "the connection stays open")
}

// endsSessions ends, as another caller would, the sessions of the accepting user before the
// invitation is accepted.
type endsSessions struct {
	ports.InvitationFinder
	sessions ports.Sessions
}

func (s endsSessions) Accept(
	ctx context.Context, hash tenancy.InvitationHash, u identity.User, newUser bool, password string,
) (tenancy.Membership, error) {
	if err := s.sessions.RevokeAll(context.Background(), u.ID); err != nil {
		return tenancy.Membership{}, err
	}
	return s.InvitationFinder.Accept(ctx, hash, u, newUser, password)
}

func TestEndedSessionAcceptsNothingOnPage(t *testing.T) {
	t.Parallel()
	services := memory.New(apitest.Kinds(), memory.Options{}).Services()
	services.InvitationFinder = endsSessions{services.InvitationFinder, services.Sessions}
	reg := apitest.NewOver(t, services, withCheapHashing)
	ada := addUserWithPassword(t, reg, "ada", "")
	i := invite(t, reg, "acme-admin", ada.Email, "viewer")
	submit(t, reg, url.Values{"token": {i.Token}, "account": {"existing"}, "email": {ada.Email},
		"password": {password}}).Want(t, 404)
	submit(t, reg, url.Values{"token": {i.Token}}, "Cookie", signIn(t, reg, "ada")).Want(t, 404)
	roles, err := services.Memberships.ForUser(t.Context(), ada.ID)
	require.NoError(t, err)
	assert.Empty(t, roles)
}

func TestHostileTextInFormIsShownAsText(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	const hostile = `"><script>alert(1)</script>`
	page := submit(t, reg, url.Values{"token": {hostile}, "name": {hostile}, "email": {hostile},
		"account": {hostile}}).Want(t, http.StatusNotFound)
	require.NotContains(t, string(page.Body), "<script>alert")
}
