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

// people are who the provider knows.
type people map[string]*storage.User

func (p people) GetUserByID(id string) *storage.User { return p[id] }

func (p people) GetUserByUsername(name string) *storage.User { return p[name] }

func (p people) ExampleClientID() string { return "service" }

func knownPeople() people {
	return people{
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

// withProvider starts a provider and a registry that relies on it.
func withProvider(t *testing.T, createUsers bool) (r *registry, issuer string) {
	t.Helper()
	home, handler := listen(t)
	issuer, provider := listen(t)
	clients := map[string]*storage.Client{
		clientID: storage.WebClient(clientID, clientSecret, home+callbackPath)}
	provider.set(exampleop.SetupServer(issuer,
		storage.NewStorageWithClients(knownPeople(), clients), nil, false))
	return newRegistry(t, home, handler, issuer, createUsers), issuer
}

// passThrough signs in at the provider and answers the callback's address.
func (b browser) passThrough(issuer, at, name string) string {
	b.t.Helper()
	login := b.get(at)
	require.Equal(b.t, http.StatusFound, login.status, login.body)
	u, err := url.Parse(login.to)
	require.NoError(b.t, err)
	form := url.Values{"username": {name}, "password": {"verysecure"},
		"id": {u.Query().Get("authRequestID")}}
	in := b.answer(b.PostForm(issuer+"/login/username", form))
	require.Equal(b.t, http.StatusFound, in.status, in.body)
	if strings.HasPrefix(in.to, "/") {
		in.to = issuer + in.to
	}
	back := b.get(in.to)
	require.Equal(b.t, http.StatusFound, back.status, back.body)
	return back.to
}

func TestUserSignsInThroughProvider(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, false)
	ada := r.user(t, "ada@example.com")
	for range 2 { // bound, and found again
		b := newBrowser(t)
		p := b.get(b.passThrough(issuer, b.start(r, "?return_to=/agents%3Fq%3D1"), "ada"))
		require.Equal(t, http.StatusFound, p.status, p.body)
		assert.Equal(t, "/agents?q=1", p.to)
		assert.Equal(t, ada.ID, b.me(r))
	}
	user, err := r.Identities.Find(t.Context(), identity.Identity{Issuer: issuer, Subject: "ada"})
	require.NoError(t, err)
	assert.Equal(t, ada.ID, user)
}

// TestUnverifiedOrBoundAddressIsRefused, nor is one whose user is somebody else
// there, or that no user has.
func TestUnverifiedOrBoundAddressIsRefused(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, false)
	r.user(t, "ada@example.com")
	callback := func(name string) (browser, page) {
		b := newBrowser(t)
		return b, b.get(b.passThrough(issuer, b.start(r, ""), name))
	}
	b, p := callback("eve")
	b.refused(r, p, 401, "unauthenticated")
	b, p = callback("new")
	b.refused(r, p, 401, "unauthenticated")
	_, p = callback("ada")
	require.Equal(t, http.StatusFound, p.status)
	b, p = callback("two") // whose address was ada's, or is by now
	b.refused(r, p, 401, "unauthenticated")
}

func TestUnknownPersonBecomesUserWithCreateUsers(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, true)
	b := newBrowser(t)
	require.Equal(t, http.StatusFound, b.get(b.passThrough(issuer, b.start(r, ""), "new")).status)
	u, err := r.Users.ByEmail(t.Context(), "new@example.com")
	require.NoError(t, err)
	assert.Equal(t, u.ID, b.me(r))
	assert.False(t, u.SuperAdmin)
	places, err := r.Memberships.Of(t.Context(), u.ID)
	require.NoError(t, err)
	assert.Empty(t, places)
}

// TestCallbackWorksOnceAndOnlyInItsBrowser: whoever has its address, has
// nothing.
func TestCallbackWorksOnceAndOnlyInItsBrowser(t *testing.T) {
	t.Parallel()
	r, issuer := withProvider(t, false)
	r.user(t, "ada@example.com")
	victim, thief := newBrowser(t), newBrowser(t)
	callback := victim.passThrough(issuer, victim.start(r, ""), "ada")

	thief.refused(r, thief.get(callback), 401, "unauthenticated")
	thief.start(r, "")
	thief.refused(r, thief.get(callback), 401, "unauthenticated") // the state is another's
	thief.start(r, "")
	u, err := url.Parse(callback)
	require.NoError(t, err)
	query := u.Query()
	own, err := url.Parse(thief.start(r, ""))
	require.NoError(t, err)
	query.Set("state", own.Query().Get("state"))
	u.RawQuery = query.Encode()
	// the code is bound to another verifier
	thief.refused(r, thief.get(u.String()), 401, "unauthenticated")

	replayer := newBrowser(t)
	again := replayer.passThrough(issuer, replayer.start(r, ""), "ada")
	home, err := url.Parse(r.url)
	require.NoError(t, err)
	kept := replayer.Jar.Cookies(home)
	require.Equal(t, http.StatusFound, replayer.get(again).status)
	replayer.get(r.url + "/livez")
	stolen := newBrowser(t)
	// without the cookie, which is gone
	stolen.refused(r, stolen.get(again), 401, "unauthenticated")
	stolen.Jar.SetCookies(home, kept)
	stolen.refused(r, stolen.get(again), 401, "unauthenticated") // with it, but the code is used up
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
