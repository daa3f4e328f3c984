package signintest_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// accounts are the users of the provider by their names.
type accounts map[string]*storage.User

func (a accounts) GetUserByID(id string) *storage.User { return a[id] }

func (a accounts) GetUserByUsername(name string) *storage.User { return a[name] }

func (a accounts) ExampleClientID() string { return "service" }

func newAccounts() accounts {
	return accounts{
		"ada": {ID: "ada", Username: "ada", Password: "verysecure", FirstName: "Ada",
			Email: "Ada@Example.com", EmailVerified: true},
		"eve": {ID: "eve", Username: "eve", Password: "verysecure", FirstName: "Eve",
			Email: "ada@example.com"},
		"new": {ID: "new", Username: "new", Password: "verysecure", FirstName: "New",
			Email: "new@example.com", EmailVerified: true},
		"two": {ID: "two", Username: "two", Password: "verysecure", FirstName: "Two",
			Email: "ada@example.com", EmailVerified: true},
	}
}

// withProvider starts a provider and a registry that uses it.
func withProvider(t *testing.T, createUsers bool) (r *registry, issuer string) {
	t.Helper()
	address, handler := listen(t)
	issuer, provider := listen(t)
	clients := map[string]*storage.Client{
		clientID: storage.WebClient(clientID, clientSecret, address+callbackPath)}
	provider.set(exampleop.SetupServer(issuer,
		storage.NewStorageWithClients(newAccounts(), clients), nil, false))
	return newRegistry(t, address, handler, issuer, createUsers), issuer
}

// logIn logs in at the provider as name and returns the URL of the callback.
func (b browser) logIn(issuer, loginURL, name string) string {
	b.t.Helper()
	login := b.get(loginURL)
	require.Equal(b.t, http.StatusFound, login.status, login.body)
	u, err := url.Parse(login.to)
	require.NoError(b.t, err)
	form := url.Values{"username": {name}, "password": {"verysecure"},
		"id": {u.Query().Get("authRequestID")}}
	loggedIn := b.page(b.PostForm(issuer+"/login/username", form))
	require.Equal(b.t, http.StatusFound, loggedIn.status, loggedIn.body)
	if strings.HasPrefix(loggedIn.to, "/") {
		loggedIn.to = issuer + loggedIn.to
	}
	callback := b.get(loggedIn.to)
	require.Equal(b.t, http.StatusFound, callback.status, callback.body)
	return callback.to
}

func TestUserSignsInThroughProvider(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, false)
	ada := r.user(t, "ada@example.com")
	for range 2 { // the first sign-in binds the identity, the second finds it
		b := newBrowser(t)
		p := b.get(b.logIn(issuer, b.start(r, "?return_to=/agents%3Fq%3D1"), "ada"))
		require.Equal(t, http.StatusFound, p.status, p.body)
		assert.Equal(t, "/agents?q=1", p.to)
		assert.Equal(t, ada.ID, b.me(r))
	}
	user, err := r.Identities.Find(t.Context(), identity.Identity{Issuer: issuer, Subject: "ada"})
	require.NoError(t, err)
	assert.Equal(t, ada.ID, user)
}

// TestUnverifiedOrBoundAddressIsRefused also refuses an address that no user has.
func TestUnverifiedOrBoundAddressIsRefused(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, false)
	r.user(t, "ada@example.com")
	callback := func(name string) (browser, page) {
		b := newBrowser(t)
		return b, b.get(b.logIn(issuer, b.start(r, ""), name))
	}
	b, p := callback("eve")
	b.refused(r, p, 401, "unauthenticated")
	b, p = callback("new")
	b.refused(r, p, 401, "unauthenticated")
	_, p = callback("ada")
	require.Equal(t, http.StatusFound, p.status)
	b, p = callback("two") // another identity with ada's address
	b.refused(r, p, 401, "unauthenticated")
}

func TestUnknownPersonBecomesUserWithCreateUsers(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, true)
	b := newBrowser(t)
	require.Equal(t, http.StatusFound, b.get(b.logIn(issuer, b.start(r, ""), "new")).status)
	u, err := r.Users.ByEmail(t.Context(), "new@example.com")
	require.NoError(t, err)
	assert.Equal(t, u.ID, b.me(r))
	assert.False(t, u.SuperAdmin)
	memberships, err := r.Memberships.ForUser(t.Context(), u.ID)
	require.NoError(t, err)
	assert.Empty(t, memberships)
}

// TestCallbackWorksOnceAndOnlyInItsBrowser checks that the URL of a callback alone
// signs no one in.
func TestCallbackWorksOnceAndOnlyInItsBrowser(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, false)
	r.user(t, "ada@example.com")
	victim, thief := newBrowser(t), newBrowser(t)
	callback := victim.logIn(issuer, victim.start(r, ""), "ada")

	thief.refused(r, thief.get(callback), 401, "unauthenticated")
	thief.start(r, "")
	thief.refused(r, thief.get(callback), 401, "unauthenticated") // the state isn't the thief's
	thief.start(r, "")
	u, err := url.Parse(callback)
	require.NoError(t, err)
	query := u.Query()
	own, err := url.Parse(thief.start(r, ""))
	require.NoError(t, err)
	query.Set("state", own.Query().Get("state"))
	u.RawQuery = query.Encode()
	// The code is bound to another verifier.
	thief.refused(r, thief.get(u.String()), 401, "unauthenticated")

	replayer := newBrowser(t)
	again := replayer.logIn(issuer, replayer.start(r, ""), "ada")
	address, err := url.Parse(r.url)
	require.NoError(t, err)
	cookies := replayer.Jar.Cookies(address)
	require.Equal(t, http.StatusFound, replayer.get(again).status)
	replayer.get(r.url + "/livez")
	attacker := newBrowser(t)
	attacker.refused(r, attacker.get(again), 401, "unauthenticated") // without the cookies
	attacker.Jar.SetCookies(address, cookies)
	// With the cookies, but the code was already redeemed.
	attacker.refused(r, attacker.get(again), 401, "unauthenticated")
}

func TestReturnToOtherHostIsRefused(t *testing.T) {
	t.Parallel()
	r, _ := withProvider(t, false)
	b := newBrowser(t)
	for _, to := range []string{
		"//evil.test", "/\\evil.test", "\\\\evil.test", "https://evil.test", "javascript:alert(1)",
		"evil.test", "", "/%2fevil.test", "/%5cevil.test",
		"/%252fevil.test", "/\t/evil.test", "/\n/evil.test", "/%09/evil.test",
		"/%0d%0aSet-Cookie:x=y", ".//evil.test", "/.//evil.test", "/a//evil.test",
		"/ /evil.test", "///evil.test", "/x?\x00", "@evil.test", "?x", "#x",
	} {
		p := b.get(r.url + startPath + "?return_to=" + url.QueryEscape(to))
		if to == "" {
			require.Equal(t, http.StatusFound, p.status)
			continue
		}
		require.Equal(t, http.StatusUnprocessableEntity, p.status, "%q leads to %s", to, p.to)
	}
	for _, to := range []string{"/", "/agents", "/agents?q=a%2Fb&x=//y", "/a/%C3%BC"} {
		b.start(r, "?return_to="+url.QueryEscape(to))
	}
}
