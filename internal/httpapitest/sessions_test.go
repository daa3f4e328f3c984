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
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

const password = "correct horse battery"

// cheaply makes hashing no work.
func cheaply(o *httpapi.Options) {
	o.SignIn.Cost, o.SignIn.Refusal = signin.Cost{Memory: 64, Passes: 1, Threads: 1},
		time.Nanosecond
}

// addPerson makes a user with the password of the tests and a role in acme, if one
// is given.
func (w *world) addPerson(t *testing.T, name string, role tenancy.Role) identity.User {
	t.Helper()
	u, err := w.services.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: name + "@example.com", Name: name})
	require.NoError(t, err)
	hash, err := signin.New(w.services, signin.Options{
		Cost: signin.Cost{Memory: 64, Passes: 1, Threads: 1}}).Hash(t.Context(), password)
	require.NoError(t, err)
	require.NoError(t, w.services.Passwords.Set(t.Context(), u.ID, hash, ""))
	if role != "" {
		_, _, err = w.services.Members.Put(t.Context(), w.tenants["acme"].ID, u.ID, role)
		require.NoError(t, err)
	}
	return u
}

// signIn answers the cookie of a new session, as a browser sends it.
func (w *world) signIn(t *testing.T, name string) string {
	t.Helper()
	return cookieOf(t, w.do(t,
		ask{method: "POST", path: "/api/v1/sessions", body: credentials(name, password)}).
		ok(t, 201))
}

func credentials(name, password string) string {
	return `{"email":"` + name + `@example.com","password":"` + password + `"}`
}

func cookieOf(t *testing.T, g got) string {
	t.Helper()
	cookie, err := http.ParseSetCookie(g.header.Get("Set-Cookie"))
	require.NoError(t, err)
	return cookie.Name + "=" + cookie.Value
}

// with makes a request one of the browser that has the cookie.
func (a ask) with(cookie string, header ...string) ask {
	sent := map[string]string{"Cookie": cookie}
	for name, value := range a.header {
		sent[name] = value
	}
	for i := 0; i < len(header); i += 2 {
		sent[header[i]] = header[i+1]
	}
	a.header = sent
	return a
}

// sessionsOnce calls every operation upon sessions with success.
func (w *world) sessionsOnce(t *testing.T) {
	t.Helper()
	u := w.addPerson(t, "grace", tenancy.Editor)
	own, other := w.signIn(t, "grace"), w.signIn(t, "grace")
	list := read[sessionsSeen](t, w.do(t, ask{path: "/api/v1/sessions"}.with(own)).ok(t, 200))
	require.Len(t, list.Items, 2)
	assert.Equal(t, []bool{false, true}, []bool{list.Items[0].Current, list.Items[1].Current})
	w.do(t, ask{method: "DELETE", path: "/api/v1/sessions/" + list.Items[0].ID}.with(own)).
		ok(t, 204)
	w.do(t, ask{path: "/api/v1/me"}.with(other)).refused(t, 401, tenancy.CodeUnauthenticated)
	g := w.do(t, ask{method: "PUT", path: "/api/v1/me/password", body: `{"old":"` + password +
		`","new":"another password"}`}.with(own)).ok(t, 204)
	own = cookieOf(t, g)
	w.do(t, ask{as: "root", path: "/api/v1/users/" + u.ID + "/sessions"}).ok(t, 200)
	w.do(t, ask{method: "DELETE", path: "/api/v1/sessions"}.with(own)).ok(t, 204)
	w.do(t, ask{as: "root", method: "DELETE", path: "/api/v1/users/" + u.ID + "/sessions"}).
		ok(t, 204)
}

type sessionsSeen struct {
	Items []struct {
		ID        string
		Address   string
		UserAgent string `json:"user_agent"`
		Current   bool
	}
	Next string `json:"next_cursor"`
}

func TestASignedInUserWorksWithTheirRole(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	u := w.addPerson(t, "ada", tenancy.Editor)
	g := w.do(t, ask{method: "POST", path: "/api/v1/sessions", body: credentials("ada", password),
		header: map[string]string{"User-Agent": "Browser/1"}}).ok(t, 201)
	cookie, err := http.ParseSetCookie(g.header.Get("Set-Cookie"))
	require.NoError(t, err)
	assert.True(t, cookie.HttpOnly)
	assert.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	assert.Empty(t, cookie.Domain)
	assert.Equal(t, "/", cookie.Path)
	assert.InDelta(t, 30*24*3600, cookie.MaxAge, 60)
	assert.NotContains(t, string(g.body), cookie.Value)
	ada := cookie.Name + "=" + cookie.Value

	me := read[struct {
		ID          string
		Memberships []struct{ Role tenancy.Role }
	}](t, w.do(t, ask{path: "/api/v1/me"}.with(ada)).ok(t, 200))
	assert.Equal(t, u.ID, me.ID)
	assert.Equal(t, tenancy.Editor, me.Memberships[0].Role)
	w.do(t, ask{method: "PUT", path: "/api/v1/prompts/x", tenant: "acme", body: aPrompt}.with(ada)).
		ok(t, 201)
	w.do(t, ask{path: "/api/v1/tenants/acme/keys"}.with(ada)).refused(t, 403, tenancy.CodeForbidden)
	w.do(t, ask{path: "/api/v1/prompts", tenant: "beta"}.with(ada)).
		refused(t, 404, tenancy.CodeTenantNotFound)
	w.do(t, ask{path: "/api/v1/users/" + u.ID + "/sessions"}.with(ada)).
		refused(t, 403, tenancy.CodeForbidden)

	w.do(t, ask{method: "DELETE", path: "/api/v1/sessions"}.with(ada)).ok(t, 204)
	w.do(t, ask{path: "/api/v1/me"}.with(ada)).refused(t, 401, tenancy.CodeUnauthenticated)
}

func TestARefusedSignInTellsNothingAndManyWait(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", tenancy.Editor)
	try := func(name, password string) got {
		return w.do(t, ask{method: "POST", path: "/api/v1/sessions",
			body: credentials(name, password), header: map[string]string{"X-Request-ID": "same"}})
	}
	var bodies, waits [][]byte
	for _, name := range []string{"ada", "eve"} {
		for range 5 {
			g := try(name, "a wrong password")
			g.refused(t, 401, tenancy.CodeUnauthenticated)
			assert.Empty(t, g.header.Get("Set-Cookie"))
			bodies = append(bodies, g.body)
		}
		g := try(name, password)
		g.refused(t, 429, tenancy.CodeTooManyAttempts)
		assert.Equal(t, "1", g.header.Get("Retry-After"))
		waits = append(waits, g.body)
	}
	for _, body := range bodies {
		assert.Equal(t, string(bodies[0]), string(body))
	}
	assert.Equal(t, string(waits[0]), string(waits[1]))
}

// TestOnlyPagesOfTheSameOriginActWithTheCookie: what a browser sends on behalf of
// another page is refused, whatever the page makes of it.
func TestOnlyPagesOfTheSameOriginActWithTheCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", tenancy.Editor)
	ada := w.signIn(t, "ada")
	const host = "acme.registry.test"
	for name, c := range map[string]struct {
		header []string
		admits bool
	}{
		"the own page": {
			[]string{"Sec-Fetch-Site", "same-origin", "Origin", "http://" + host}, true},
		"the own page of an older browser": {[]string{"Origin", "http://" + host}, true},
		"a person":                         {[]string{"Sec-Fetch-Site", "none"}, true},
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
		"a forwarded host from nobody to be trusted": {
			[]string{"Origin", "https://evil.test", "X-Forwarded-Host", "evil.test"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			for _, a := range []ask{
				{method: "PUT", path: "/api/v1/prompts/x", body: aPrompt},
				{method: "DELETE", path: "/api/v1/prompts/none"},
				{method: "PUT", path: "/api/v1/me/password", body: `{"old":"x","new":"x"}`},
				{method: "DELETE", path: "/api/v1/sessions/none"},
			} {
				a.host = host
				g := w.do(t, a.with(ada, c.header...))
				if !c.admits {
					g.refused(t, 403, httpapi.CodeCrossOrigin)
					continue
				}
				assert.NotContains(t, string(g.body), string(httpapi.CodeCrossOrigin))
			}
			w.do(t, ask{path: "/api/v1/me", host: host}.with(ada, c.header...)).ok(t, 200)
			w.do(t, ask{as: "acme-editor", method: "PUT", path: "/api/v1/prompts/y", body: aPrompt,
				host: host}.with(ada, c.header...))
		})
	}
}

// TestNobodyIsSignedInByAnotherPage: as the attacker, say.
func TestNobodyIsSignedInByAnotherPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "mallory", "")
	in := ask{method: "POST", path: "/api/v1/sessions", body: credentials("mallory", password),
		host: "acme.registry.test"}
	for _, header := range [][]string{{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.test"}, {"Origin", "null"}} {
		g := w.do(t, in.with("", header...))
		g.refused(t, 403, httpapi.CodeCrossOrigin)
		assert.Empty(t, g.header.Get("Set-Cookie"))
	}
	for _, form := range []string{"text/plain", "application/x-www-form-urlencoded",
		"multipart/form-data"} {
		w.do(t, in.with("", "Content-Type", form)).refused(t, 415, httpapi.CodeUnsupportedMediaType)
	}
}

// TestAMethodIsWhatItSays: nothing makes a safe request one that changes.
func TestAMethodIsWhatItSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", tenancy.Editor)
	ada := w.signIn(t, "ada")
	w.do(t, ask{method: "PUT", path: "/api/v1/prompts/x", tenant: "acme", body: aPrompt}.with(ada)).
		ok(t, 201)
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method",
		"X-Method-Override"} {
		w.do(t, ask{path: "/api/v1/prompts/x", tenant: "acme"}.with(ada, header, "DELETE",
			"Sec-Fetch-Site", "cross-site")).ok(t, 200)
	}
	w.do(t, ask{path: "/api/v1/prompts/x?_method=DELETE", tenant: "acme"}.with(ada)).
		refused(t, 422, tenancy.CodeInvalid)
	w.do(t, ask{path: "/api/v1/prompts/x", tenant: "acme"}.with(ada)).ok(t, 200)
}

// TestATokenIsItsBearersWhateverCookieIsBesideIt, be the token good or not.
func TestATokenIsItsBearersWhateverCookieIsBesideIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", tenancy.Admin)
	ada := w.signIn(t, "ada")
	w.do(t, ask{as: "acme-viewer", path: "/api/v1/tenants/acme/keys"}.with(ada)).
		refused(t, 403, tenancy.CodeForbidden)
	for _, header := range []string{"Bearer bwk_nonsense", "Basic YTpi", " ", "Bearer"} {
		w.do(t, ask{as: header, path: "/api/v1/me"}.with(ada)).
			refused(t, 401, tenancy.CodeUnauthenticated)
	}
	w.do(t, ask{as: "acme-viewer", method: "DELETE", path: "/api/v1/sessions"}.with(ada)).
		refused(t, 404, tenancy.CodeNotFound)
	w.do(t, ask{path: "/api/v1/me"}.with(ada)).ok(t, 200)
}

// TestACookieIsBelievedUnderTheNameThatNobodyElseCanSet.
func TestACookieIsBelievedUnderTheNameThatNobodyElseCanSet(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ prefix, cookie, path string }{
		"the whole host": {"", "__Host-bailiwick", "/"},
		"below a prefix": {"/registry", "__Secure-bailiwick", "/registry"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := bareWorld(t, cheaply, func(o *httpapi.Options) { o.Prefix = c.prefix })
			w.addPerson(t, "ada", tenancy.Editor)
			send := func(method, path, body string, secure bool, cookies ...string) *http.Response {
				r := httptest.NewRequest(method, "http://registry.test"+c.prefix+path,
					strings.NewReader(body))
				r.Header.Set("Cookie", strings.Join(cookies, "; "))
				if secure {
					r.TLS = &tls.ConnectionState{}
				}
				answered := httptest.NewRecorder()
				w.handler.ServeHTTP(answered, r)
				return answered.Result()
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
				"over TLS the plain name is anybody's")
			assert.Equal(t, 401, status(false, right), "over plain HTTP there is no such name")
			assert.Equal(t, 401, status(true, right, c.cookie+"=planted"))
			assert.Equal(t, 401, status(true, c.cookie+"=planted", right))
			assert.Equal(t, 401, status(true, c.cookie+"="))
		})
	}
}

func TestATrustedProxySaysThatTheBrowserIsOverTLS(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"10.0.0.1:1": "__Host-bailiwick",
		"192.0.2.1:1": "bailiwick"} {
		w := bareWorld(t, cheaply, func(o *httpapi.Options) { o.Resolver = trusting("10.0.0.0/8") })
		w.addPerson(t, "ada", tenancy.Editor)
		r := httptest.NewRequest("POST", "http://registry.test/api/v1/sessions",
			strings.NewReader(credentials("ada", password)))
		r.RemoteAddr = address
		r.Header.Set("X-Forwarded-Proto", "https")
		r.Header.Set("X-Forwarded-For", "203.0.113.7")
		r.Header.Set("X-Forwarded-Host", "public.test")
		r.Header.Set("Origin", "https://public.test")
		answered := httptest.NewRecorder()
		w.handler.ServeHTTP(answered, r)
		if want == "bailiwick" {
			require.Equal(t, 403, answered.Code,
				"the origin is held against the host that was asked for")
			continue
		}
		require.Equal(t, 201, answered.Code, "%s", answered.Body)
		assert.Equal(t, want, answered.Result().Cookies()[0].Name)
		assert.Contains(t, answered.Body.String(), `"address":"203.0.113.7"`)
	}
}

func trusting(network string) *resolve.Resolver {
	return resolve.New(nobodysTenants{}, resolve.Options{BaseDomain: "registry.test",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix(network)}})
}

// nobodysTenants are none.
type nobodysTenants struct{ ports.Tenants }

// TestSigningInAgainLeavesTheFormerSession, so that one that was planted in the
// browser is not the one that its user has then.
func TestSigningInAgainLeavesTheFormerSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", tenancy.Editor)
	w.addPerson(t, "mallory", "")
	planted := w.signIn(t, "mallory")
	ada := cookieOf(t, w.do(t,
		ask{method: "POST", path: "/api/v1/sessions",
			body: credentials("ada", password)}.with(planted)).ok(t, 201))
	assert.NotEqual(t, planted, ada)
	w.do(t, ask{path: "/api/v1/me"}.with(planted)).refused(t, 401, tenancy.CodeUnauthenticated)
	assert.Contains(t, string(w.do(t, ask{path: "/api/v1/me"}.with(ada)).ok(t, 200).body),
		`"name":"ada"`)
}

// TestANewRoleComesWithANewCookie, once, and the former one ends.
func TestANewRoleComesWithANewCookie(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	now := time.Now()
	w := newWorld(t, cheaply, func(o *httpapi.Options) {
		o.Clock = func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	})
	u := w.addPerson(t, "ada", tenancy.Viewer)
	former := w.signIn(t, "ada")
	assert.Empty(t, w.do(t, ask{path: "/api/v1/me"}.with(former)).ok(t, 200).
		header.Get("Set-Cookie"))
	_, _, err := w.services.Members.Put(t.Context(), w.tenants["acme"].ID, u.ID, tenancy.Admin)
	require.NoError(t, err)
	g := w.do(t, ask{path: "/api/v1/tenants/acme/keys"}.with(former)).ok(t, 200)
	newest := cookieOf(t, g)
	assert.NotEqual(t, former, newest)
	assert.Empty(t, w.do(t, ask{path: "/api/v1/me"}.with(former)).ok(t, 200).
		header.Get("Set-Cookie"))
	mu.Lock()
	now = now.Add(31 * time.Second)
	mu.Unlock()
	w.do(t, ask{path: "/api/v1/me"}.with(former)).refused(t, 401, tenancy.CodeUnauthenticated)
	w.do(t, ask{path: "/api/v1/me"}.with(newest)).ok(t, 200)

	// A renewal and a new password in one request: the browser keeps the last.
	_, _, err = w.services.Members.Put(t.Context(), w.tenants["beta"].ID, u.ID, tenancy.Viewer)
	require.NoError(t, err)
	g = w.do(t, ask{method: "PUT", path: "/api/v1/me/password", body: `{"old":"` + password +
		`","new":"another password"}`}.with(newest)).ok(t, 204)
	cookies := g.header.Values("Set-Cookie")
	require.Len(t, cookies, 2)
	last, err := http.ParseSetCookie(cookies[1])
	require.NoError(t, err)
	w.do(t, ask{path: "/api/v1/me"}.with(last.Name+"="+last.Value)).ok(t, 200)
}

func TestSessionsAreListedInPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", "")
	var last string
	for range 5 {
		last = w.signIn(t, "ada")
	}
	seen := map[string]bool{}
	for cursor := ""; ; {
		page := read[sessionsSeen](t,
			w.do(t, ask{path: "/api/v1/sessions?limit=2" + cursor}.with(last)).ok(t, 200))
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
	assert.Empty(t, read[sessionsSeen](t, w.do(t, ask{as: "acme-admin", path: "/api/v1/sessions"}).
		ok(t, 200)).Items)
}

// TestAHostThatFindsItsCallersItselfHasNoSessionsOfOurs.
func TestAHostThatFindsItsCallersItselfHasNoSessionsOfOurs(t *testing.T) {
	t.Parallel()
	w := newWorldOfUsers(t)
	w.do(t, ask{method: "POST", path: "/api/v1/sessions", body: credentials("ada", password)}).
		refused(t, 404, tenancy.CodeNotFound)
	for _, op := range w.operations(t) {
		assert.NotContains(t, op.path, "sessions")
	}
}

// TestThePasswordThatAUserIsGivenSignsThemIn, and another one ends their sessions.
func TestThePasswordThatAUserIsGivenSignsThemIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	body := `{"email":"joan@example.com","name":"Joan","password":"` + password + `"}`
	made := read[struct{ ID string }](t,
		w.do(t, ask{as: "root", method: "POST", path: "/api/v1/users", body: body}).ok(t, 201))
	joan := w.signIn(t, "joan")
	w.do(t, ask{path: "/api/v1/me"}.with(joan)).ok(t, 200)
	w.do(t, ask{as: "root", method: "PUT", path: "/api/v1/users/" + made.ID,
		body: `{"password":"another password"}`}).ok(t, 200)
	w.do(t, ask{path: "/api/v1/me"}.with(joan)).refused(t, 401, tenancy.CodeUnauthenticated)
	w.do(t, ask{method: "POST", path: "/api/v1/sessions", body: credentials("joan", password)}).
		refused(t, 401, tenancy.CodeUnauthenticated)
}

// TestAnotherPageAcceptsNoInvitation for the user of the cookie, though anybody
// may accept one.
func TestAnotherPageAcceptsNoInvitation(t *testing.T) {
	t.Parallel()
	w := newWorld(t, cheaply)
	w.addPerson(t, "ada", "")
	ada := w.signIn(t, "ada")
	accept := ask{method: "POST", path: "/api/v1/invitations/accept", body: `{"token":"x"}`}
	w.do(t, accept.with(ada, "Origin", "https://evil.test")).
		refused(t, 403, httpapi.CodeCrossOrigin)
	assert.NotEqual(t, 403, w.do(t, accept.with(ada)).status)
}
