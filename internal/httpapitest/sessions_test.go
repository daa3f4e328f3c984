package httpapitest_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

const password = "correct horse battery"

// withCheapHashing makes password hashing fast.
func withCheapHashing(o *httpapi.Options) {
	o.SignIn.Cost, o.SignIn.Refusal = signin.Cost{Memory: 64, Passes: 1, Threads: 1},
		time.Nanosecond
}

// addUserWithPassword creates a user with the password of the tests and, unless role is
// "", a membership in acme.
func addUserWithPassword(
	t *testing.T, reg *apitest.Registry, name string, role tenancy.Role,
) identity.User {
	t.Helper()
	u, err := reg.Services.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: name + "@example.com", Name: name}, "")
	require.NoError(t, err)
	hash, err := signin.New(reg.Services, signin.Options{
		Cost: signin.Cost{Memory: 64, Passes: 1, Threads: 1}}).Hash(t.Context(), password)
	require.NoError(t, err)
	require.NoError(t, reg.Services.Passwords.Set(t.Context(), u.ID, hash, ""))
	if role != "" {
		_, _, err = reg.Services.Members.Put(t.Context(), reg.Tenants["acme"].ID, u.ID, role)
		require.NoError(t, err)
	}
	return u
}

// signIn returns the cookie of a new session as a browser sends it.
func signIn(t *testing.T, reg *apitest.Registry, name string) string {
	t.Helper()
	return cookieOf(t, reg.Do(t, apitest.Post("", "/api/v1/sessions", credentials(name, password))).
		Want(t, 201))
}

func credentials(name, password string) string {
	return `{"email":"` + name + `@example.com","password":"` + password + `"}`
}

func cookieOf(t *testing.T, res apitest.Response) string {
	t.Helper()
	cookie, err := http.ParseSetCookie(res.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	return cookie.Name + "=" + cookie.Value
}

// callSessionOperations calls every operation on sessions successfully.
func callSessionOperations(t *testing.T, reg *apitest.Registry) {
	t.Helper()
	u := addUserWithPassword(t, reg, "grace", tenancy.Editor)
	own, other := signIn(t, reg, "grace"), signIn(t, reg, "grace")
	list := apitest.Decode[sessionPage](t,
		reg.Do(t, apitest.Get("", "/api/v1/sessions").WithCookie(own)).Want(t, 200))
	require.Len(t, list.Items, 2)
	assert.Equal(t, []bool{false, true}, []bool{list.Items[0].Current, list.Items[1].Current})
	reg.Do(t, apitest.Delete("", "/api/v1/sessions/"+list.Items[0].ID).WithCookie(own)).Want(t, 204)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(other)).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	res := reg.Do(t, apitest.Put("", "/api/v1/me/password",
		`{"old":"`+password+`","new":"another password"}`).WithCookie(own)).Want(t, 204)
	own = cookieOf(t, res)
	reg.Do(t, apitest.Get("root", "/api/v1/users/"+u.ID+"/sessions")).Want(t, 200)
	reg.Do(t, apitest.Delete("", "/api/v1/sessions").WithCookie(own)).Want(t, 204)
	reg.Do(t, apitest.Delete("root", "/api/v1/users/"+u.ID+"/sessions")).Want(t, 204)
}

type sessionPage struct {
	Items []struct {
		ID        string
		Address   string
		UserAgent string `json:"user_agent"`
		Current   bool
	}
	Next string `json:"next_cursor"`
}

func TestSignedInUserHasTheirRole(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	u := addUserWithPassword(t, reg, "ada", tenancy.Editor)
	res := reg.Do(t, apitest.Request{Method: "POST", Path: "/api/v1/sessions",
		Body:   credentials("ada", password),
		Header: map[string]string{"User-Agent": "Browser/1"}}).Want(t, 201)
	cookie, err := http.ParseSetCookie(res.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	assert.Empty(t, cookie.Domain)
	assert.Equal(t, "/", cookie.Path)
	assert.InDelta(t, 30*24*3600, cookie.MaxAge, 60)
	assert.NotContains(t, string(res.Body), cookie.Value)
	ada := cookie.Name + "=" + cookie.Value

	me := apitest.Decode[struct {
		ID          string
		Memberships []struct{ Role tenancy.Role }
	}](t, reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(ada)).Want(t, 200))
	assert.Equal(t, u.ID, me.ID)
	assert.Equal(t, tenancy.Editor, me.Memberships[0].Role)
	reg.Do(t, apitest.Request{Method: "PUT", Path: "/api/v1/prompts/x", Tenant: "acme",
		Body: apitest.PromptBody}.WithCookie(ada)).
		Want(t, 201)
	reg.Do(t, apitest.Get("", "/api/v1/tenants/acme/keys").WithCookie(ada)).
		WantProblem(t, 403, tenancy.CodeForbidden)
	reg.Do(t, apitest.Request{Path: "/api/v1/prompts", Tenant: "beta"}.WithCookie(ada)).
		WantProblem(t, 404, tenancy.CodeTenantNotFound)
	reg.Do(t, apitest.Get("", "/api/v1/users/"+u.ID+"/sessions").WithCookie(ada)).
		WantProblem(t, 403, tenancy.CodeForbidden)

	reg.Do(t, apitest.Delete("", "/api/v1/sessions").WithCookie(ada)).Want(t, 204)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(ada)).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
}

func TestRefusedSignInsLookTheSameAndAreLimited(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", tenancy.Editor)
	try := func(name, password string) apitest.Response {
		return reg.Do(t, apitest.Request{Method: "POST", Path: "/api/v1/sessions",
			Body: credentials(name, password), Header: map[string]string{"X-Request-ID": "same"}})
	}
	var bodies, waits [][]byte
	for _, name := range []string{"ada", "eve"} {
		for range 5 {
			res := try(name, "a wrong password")
			res.WantProblem(t, 401, tenancy.CodeUnauthenticated)
			assert.Empty(t, res.Header.Get("Set-Cookie"))
			bodies = append(bodies, res.Body)
		}
		res := try(name, password)
		res.WantProblem(t, 429, tenancy.CodeTooManyAttempts)
		assert.Equal(t, "1", res.Header.Get("Retry-After"))
		waits = append(waits, res.Body)
	}
	for _, body := range bodies {
		assert.Equal(t, string(bodies[0]), string(body))
	}
	assert.Equal(t, string(waits[0]), string(waits[1]))
}

// A browser's request for a page of another origin is refused, whatever headers the page
// can set.
func TestCookieWorksOnlyFromPagesOfTheSameOrigin(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", tenancy.Editor)
	ada := signIn(t, reg, "ada")
	const host = "acme.registry.test"
	for name, c := range map[string]struct {
		header []string
		admits bool
	}{
		"the own page": {
			[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}, true},
		"the own page of an older browser": {[]string{"Origin", "http://" + host}, true},
		"a typed address":                  {[]string{"Sec-Fetch-Site", "none"}, true},
		"no browser":                       {nil, true},
		"a foreign page": {
			[]string{"Sec-Fetch-Site", "cross-site", "Origin", "https://evil.test"}, false},
		"a foreign page of an older browser": {[]string{"Origin", "https://evil.test"},
			false},
		"a foreign page that hides its origin": {[]string{"Sec-Fetch-Site", "cross-site"},
			false},
		"a sibling": {
			[]string{"Sec-Fetch-Site", "same-site", "Origin", "http://evil.registry.test"}, false},
		"a sibling of an older browser": {
			[]string{"Origin", "http://evil.registry.test"}, false},
		"the parent":    {[]string{"Origin", "http://registry.test"}, false},
		"another port":  {[]string{"Origin", "http://" + host + ":8443"}, false},
		"a null origin": {[]string{"Origin", "null"}, false},
		"a sandboxed frame": {
			[]string{"Sec-Fetch-Site", "cross-site", "Origin", "null"}, false},
		"an origin that begins like this": {
			[]string{"Origin", "http://" + host + ".evil.test"}, false},
		"a host as a user": {[]string{"Origin", "http://" + host + "@evil.test"}, false},
		"an unknown site":  {[]string{"Sec-Fetch-Site", "SAME-ORIGIN "}, false},
		"a forwarded host from an untrusted peer": {
			[]string{"Origin", "https://evil.test", "X-Forwarded-Host", "evil.test"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, req := range []apitest.Request{
				{Method: "PUT", Path: "/api/v1/prompts/x", Body: apitest.PromptBody},
				{Method: "DELETE", Path: "/api/v1/prompts/none"},
				{Method: "PUT", Path: "/api/v1/me/password", Body: `{"old":"x","new":"x"}`},
				{Method: "DELETE", Path: "/api/v1/sessions/none"},
			} {
				req.Host = host
				res := reg.Do(t, req.WithCookie(ada, c.header...))
				if !c.admits {
					res.WantProblem(t, 403, httpapi.CodeCrossOrigin)
					continue
				}
				assert.NotContains(t, string(res.Body), string(httpapi.CodeCrossOrigin))
			}
			reg.Do(t, apitest.Request{Path: "/api/v1/me", Host: host}.WithCookie(ada, c.header...)).
				Want(t, 200)
			reg.Do(t, apitest.Request{As: "acme-editor", Method: "PUT", Path: "/api/v1/prompts/y",
				Body: apitest.PromptBody,
				Host: host}.WithCookie(ada, c.header...))
		})
	}
}

// Another site must not sign in the browser as a user of its choice (login CSRF).
func TestSignInFromAnotherOriginIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "mallory", "")
	in := apitest.Request{Method: "POST", Path: "/api/v1/sessions",
		Body: credentials("mallory", password),
		Host: "acme.registry.test"}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.test"}, {"Origin", "null"}} {
		res := reg.Do(t, in.WithCookie("", header...))
		res.WantProblem(t, 403, httpapi.CodeCrossOrigin)
		assert.Empty(t, res.Header.Get("Set-Cookie"))
	}
	for _, form := range []string{"text/plain", "application/x-www-form-urlencoded",
		"multipart/form-data"} {
		reg.Do(t, in.WithCookie("", "Content-Type", form)).
			WantProblem(t, 415, httpapi.CodeUnsupportedMediaType)
	}
}

// No header or parameter turns a safe method into one that changes something.
func TestMethodOverrideIsIgnored(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", tenancy.Editor)
	ada := signIn(t, reg, "ada")
	reg.Do(t, apitest.Request{Method: "PUT", Path: "/api/v1/prompts/x", Tenant: "acme",
		Body: apitest.PromptBody}.WithCookie(ada)).
		Want(t, 201)
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method",
		"X-Method-Override"} {
		reg.Do(t, apitest.Request{Path: "/api/v1/prompts/x", Tenant: "acme"}.WithCookie(ada, header,
			"DELETE",
			"Sec-Fetch-Site", "cross-site")).Want(t, 200)
	}
	reg.Do(t, apitest.Request{Path: "/api/v1/prompts/x?_method=DELETE",
		Tenant: "acme"}.WithCookie(ada)).
		WantProblem(t, 422, tenancy.CodeInvalid)
	reg.Do(t, apitest.Request{Path: "/api/v1/prompts/x", Tenant: "acme"}.WithCookie(ada)).
		Want(t, 200)
}

// The cookie is ignored even if the token is invalid.
func TestTokenOverridesTheCookie(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", tenancy.Admin)
	ada := signIn(t, reg, "ada")
	reg.Do(t, apitest.Get("acme-viewer", "/api/v1/tenants/acme/keys").WithCookie(ada)).
		WantProblem(t, 403, tenancy.CodeForbidden)
	for _, header := range []string{"Bearer bwk_nonsense", "Basic YTpi", " ", "Bearer"} {
		reg.Do(t, apitest.Get(header, "/api/v1/me").WithCookie(ada)).
			WantProblem(t, 401, tenancy.CodeUnauthenticated)
	}
	reg.Do(t, apitest.Delete("acme-viewer", "/api/v1/sessions").WithCookie(ada)).
		WantProblem(t, 404, tenancy.CodeNotFound)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(ada)).Want(t, 200)
}

func TestOnlyTheCookieWithTheSecurePrefixIsAccepted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ prefix, cookie, path string }{
		"the whole host": {"", "__Host-bailiwick", "/"},
		"below a prefix": {"/registry", "__Secure-bailiwick", "/registry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg := apitest.NewUnserved(t, withCheapHashing,
				func(o *httpapi.Options) { o.Prefix = c.prefix })
			addUserWithPassword(t, reg, "ada", tenancy.Editor)
			send := func(method, path, body string, secure bool, cookies ...string) *http.Response {
				r := httptest.NewRequest(method, "http://registry.test"+c.prefix+path,
					strings.NewReader(body))
				r.Header.Set("Cookie", strings.Join(cookies, "; "))
				if secure {
					r.TLS = &tls.ConnectionState{}
				}
				rec := httptest.NewRecorder()
				reg.Handler.ServeHTTP(rec, r)
				return rec.Result()
			}
			in := send("POST", "/api/v1/sessions", credentials("ada", password), true)
			require.Equal(t, 201, in.StatusCode)
			require.Len(t, in.Cookies(), 1)
			given := in.Cookies()[0]
			assert.Equal(t, c.cookie, given.Name)
			assert.Equal(t, c.path, given.Path)
			assert.True(t, given.Secure)
			assert.Empty(t, given.Domain)

			status := func(secure bool, cookies ...string) int {
				return send("GET", "/api/v1/me", "", secure, cookies...).StatusCode
			}
			right := c.cookie + "=" + given.Value
			assert.Equal(t, 200, status(true, right))
			assert.Equal(t, 200, status(true, right, "bailiwick=planted", "other=x"))
			assert.Equal(t, 401, status(true, "bailiwick="+given.Value),
				"over TLS another host may have set the plain name")
			assert.Equal(t, 401, status(false, right), "over plain HTTP the name has no prefix")
			assert.Equal(t, 401, status(true, right, c.cookie+"=planted"))
			assert.Equal(t, 401, status(true, c.cookie+"=planted", right))
			assert.Equal(t, 401, status(true, c.cookie+"="))
		})
	}
}

func TestTrustedProxyReportsTLS(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"10.0.0.1:1": "__Host-bailiwick",
		"192.0.2.1:1": "bailiwick"} {
		reg := apitest.NewUnserved(t, withCheapHashing,
			func(o *httpapi.Options) { o.Resolver = resolverTrusting("10.0.0.0/8") })
		addUserWithPassword(t, reg, "ada", tenancy.Editor)
		r := httptest.NewRequest("POST", "http://registry.test/api/v1/sessions",
			strings.NewReader(credentials("ada", password)))
		r.RemoteAddr = address
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		r.Header.Set("X-Forwarded-Host", "public.test")
		r.Header.Set("Origin", "https://public.test")
		rec := httptest.NewRecorder()
		reg.Handler.ServeHTTP(rec, r)
		if want == "bailiwick" {
			require.Equal(t, 403, rec.Code,
				"the origin must match the host of the request")
			continue
		}
		require.Equal(t, 201, rec.Code, "%s", rec.Body)
		assert.Equal(t, want, rec.Result().Cookies()[0].Name)
		assert.Contains(t, rec.Body.String(), `"address":"203.0.113.7"`)
	}
}

func resolverTrusting(network string) *resolve.Resolver {
	return resolve.New(noTenants{}, resolve.Options{BaseDomain: "registry.test",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix(network)}})
}

// noTenants is a store without methods: the resolver must not call it.
type noTenants struct{ ports.Tenants }

// An attacker who planted their own session in the browser must not share the session
// of the user who then signs in (session fixation).
func TestSignInEndsTheFormerSession(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", tenancy.Editor)
	addUserWithPassword(t, reg, "mallory", "")
	planted := signIn(t, reg, "mallory")
	ada := cookieOf(t, reg.Do(t, apitest.Post("", "/api/v1/sessions", credentials("ada", password)).
		WithCookie(planted)).Want(t, 201))
	assert.NotEqual(t, planted, ada)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(planted)).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	assert.Contains(t, string(reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(ada)).Want(t, 200).
		Body), `"name":"ada"`)
}

// The cookie is renewed once, and the former secret stops working soon after.
func TestNewRoleRenewsTheCookie(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	reg := apitest.New(t, withCheapHashing, func(o *httpapi.Options) {
		o.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	u := addUserWithPassword(t, reg, "ada", tenancy.Viewer)
	former := signIn(t, reg, "ada")
	assert.Empty(t, reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(former)).Want(t, 200).
		Header.Get("Set-Cookie"))
	_, _, err := reg.Services.Members.Put(t.Context(), reg.Tenants["acme"].ID, u.ID, tenancy.Admin)
	require.NoError(t, err)
	res := reg.Do(t, apitest.Get("", "/api/v1/tenants/acme/keys").WithCookie(former)).Want(t, 200)
	newest := cookieOf(t, res)
	assert.NotEqual(t, former, newest)
	assert.Empty(t, reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(former)).Want(t, 200).
		Header.Get("Set-Cookie"))
	mu.Lock()
	now = now.Add(31 * time.Second)
	mu.Unlock()
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(former)).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(newest)).Want(t, 200)

	// With a renewal and a new password in one request the browser keeps the last cookie.
	_, _, err = reg.Services.Members.Put(t.Context(), reg.Tenants["beta"].ID, u.ID, tenancy.Viewer)
	require.NoError(t, err)
	res = reg.Do(t, apitest.Put("", "/api/v1/me/password",
		`{"old":"`+password+`","new":"another password"}`).WithCookie(newest)).Want(t, 204)
	cookies := res.Header.Values("Set-Cookie")
	require.Len(t, cookies, 2)
	last, err := http.ParseSetCookie(cookies[1])
	require.NoError(t, err)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(last.Name+"="+last.Value)).Want(t, 200)
}

func TestSessionsAreListedPageByPage(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", "")
	var last string
	for range 5 {
		last = signIn(t, reg, "ada")
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		page := apitest.Decode[sessionPage](t,
			reg.Do(t, apitest.Get("", "/api/v1/sessions?limit=2"+cursor).WithCookie(last)).
				Want(t, 200))
		for _, s := range page.Items {
			assert.False(t, seen[s.ID])
			seen[s.ID] = true
			assert.Equal(t, "127.0.0.1", s.Address)
		}
		if page.Next == "" {
			break
		}
		cursor = "&cursor=" + page.Next
	}
	assert.Len(t, seen, 5)
	assert.Empty(t, apitest.Decode[sessionPage](t,
		reg.Do(t, apitest.Get("acme-admin", "/api/v1/sessions")).Want(t, 200)).Items)
}

func TestSessionRoutesDontExistWithAuthenticate(t *testing.T) {
	t.Parallel()
	reg := apitest.NewWithUsers(t)
	reg.Do(t, apitest.Post("", "/api/v1/sessions", credentials("ada", password))).
		WantProblem(t, 404, tenancy.CodeNotFound)
	for _, op := range reg.Operations(t) {
		assert.NotContains(t, op.Path, "sessions")
	}
}

func TestGivenPasswordSignsInAndANewOneEndsSessions(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	body := `{"email":"joan@example.com","name":"Joan","password":"` + password + `"}`
	made := apitest.Decode[struct{ ID string }](t,
		reg.Do(t, apitest.Post("root", "/api/v1/users", body)).
			Want(t, 201))
	joan := signIn(t, reg, "joan")
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(joan)).Want(t, 200)
	reg.Do(t, apitest.Put("root", "/api/v1/users/"+made.ID, `{"password":"another password"}`)).
		Want(t, 200)
	reg.Do(t, apitest.Get("", "/api/v1/me").WithCookie(joan)).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
	reg.Do(t, apitest.Post("", "/api/v1/sessions", credentials("joan", password))).
		WantProblem(t, 401, tenancy.CodeUnauthenticated)
}

// Accepting needs no credentials, but a cookie counts, so its origin is checked.
func TestInvitationFromAnotherOriginIsRefused(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", "")
	ada := signIn(t, reg, "ada")
	accept := apitest.Post("", "/api/v1/invitations/accept", `{"token":"x"}`)
	reg.Do(t, accept.WithCookie(ada, "Origin", "https://evil.test")).
		WantProblem(t, 403, httpapi.CodeCrossOrigin)
	assert.NotEqual(t, 403, reg.Do(t, accept.WithCookie(ada)).Status)
}

func TestSessionWorksWithoutSessionRoutes(t *testing.T) {
	t.Parallel()
	reg := apitest.New(t, withCheapHashing)
	addUserWithPassword(t, reg, "ada", tenancy.Editor)
	cookie := signIn(t, reg, "ada")
	off := apitest.Wrap(reg.Services, func(o *httpapi.Options) {
		o.Without = []httpapi.Group{httpapi.SessionRoutes}
	})
	off.Serve(t)
	off.Do(t, apitest.Get("", "/api/v1/me").WithCookie(cookie)).Want(t, http.StatusOK)
}
