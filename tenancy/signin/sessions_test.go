package signin_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

func TestSessionEndsByAgeAndByIdleness(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.user(t, "ada")
	idle, used := f.signIn(t, "ada"), f.signIn(t, "ada")
	for day := range 29 {
		f.now = f.now.Add(23*time.Hour + 59*time.Minute)
		_, err := f.Authenticate(t.Context(), used.Secret)
		require.NoError(t, err, "day %d", day)
	}
	_, err := f.Authenticate(t.Context(), idle.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
	all, err := f.List(t.Context(), tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID}, u.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, f.now.Truncate(time.Minute), all[0].SeenAt)
	f.now = used.Session.ExpiresAt
	_, err = f.Authenticate(t.Context(), used.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
}

func TestInvalidSessionSecretIsUnauthenticated(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, "ada")
	g := f.signIn(t, "ada")
	for _, secret := range []string{"", g.Secret[1:], g.Secret + "A", " " + g.Secret,
		g.Secret + "\n", identity.NewSessionSecret(), g.Session.ID, string(g.Session.Hash[:])} {
		_, err := f.Authenticate(t.Context(), secret)
		wantCode(t, err, tenancy.CodeUnauthenticated)
	}
}

// The old secret must remain valid for a while, for requests that were sent before
// the renewal.
func TestSecretIsRenewedWhenTheRightsOfItsUserChange(t *testing.T) {
	t.Parallel()
	yes := true
	for name, change := range map[string]func(t *testing.T, f *fixture, u identity.User){
		"a new membership": func(t *testing.T, f *fixture, u identity.User) {
			f.member(t, "beta", u, tenancy.Viewer)
		},
		"a new role": func(t *testing.T, f *fixture, u identity.User) {
			f.member(t, "acme", u, tenancy.Admin)
		},
		"a lost membership": func(t *testing.T, f *fixture, u identity.User) {
			require.NoError(t, f.Members.Remove(t.Context(), f.member(t, "acme", u, tenancy.Viewer),
				u.ID))
		},
		"a new super-admin": func(t *testing.T, f *fixture, u identity.User) {
			_, err := f.Users.Update(t.Context(), u.ID, ports.UserChange{SuperAdmin: &yes})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			u := f.user(t, "ada")
			f.member(t, "acme", u, tenancy.Viewer)
			g := f.signIn(t, "ada")
			change(t, f, u)

			first, err := f.Authenticate(t.Context(), g.Secret)
			require.NoError(t, err)
			require.NotEmpty(t, first.Renewed)
			second, err := f.Authenticate(t.Context(), g.Secret)
			require.NoError(t, err)
			assert.Equal(t, first.Principal, second.Principal,
				"both must have the present rights")
			assert.Empty(t, second.Renewed, "only one renewal is needed")
			f.now = f.now.Add(30*time.Second - time.Microsecond)
			_, err = f.Authenticate(t.Context(), g.Secret)
			require.NoError(t, err)
			f.now = f.now.Add(time.Millisecond)
			_, err = f.Authenticate(t.Context(), g.Secret)
			wantCode(t, err, tenancy.CodeUnauthenticated)
			after, err := f.Authenticate(t.Context(), first.Renewed)
			require.NoError(t, err)
			assert.Empty(t, after.Renewed)
			assert.Equal(t, g.Session.ID, after.Session.ID)
		})
	}
}

func TestNewPasswordEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, "ada")
	own, other := f.signIn(t, "ada"), f.signIn(t, "ada")
	c, err := f.Authenticate(t.Context(), own.Secret)
	require.NoError(t, err)
	for range 4 {
		_, err = f.ChangePassword(t.Context(), c, "a wrong password", "another password")
		wantCode(t, err, tenancy.CodeForbidden)
	}
	_, err = f.ChangePassword(t.Context(), c, password, "too short")
	wantCode(t, err, tenancy.CodeInvalid)
	renewed, err := f.ChangePassword(t.Context(), c, password, "another password")
	require.NoError(t, err)

	_, err = f.Authenticate(t.Context(), other.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
	_, err = f.Authenticate(t.Context(), renewed)
	require.NoError(t, err)
	f.now = f.now.Add(time.Minute)
	_, err = f.Authenticate(t.Context(), own.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
	_, err = f.trySignIn(t, "ada@example.com", password)
	wantCode(t, err, tenancy.CodeUnauthenticated)
	_, err = f.trySignIn(t, "ada@example.com", "another password")
	require.NoError(t, err)
}

// Guesses within a stolen session must be limited like guesses at sign-in.
func TestPasswordGuessesWithinASessionAreLimited(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, "ada")
	g := f.signIn(t, "ada")
	c, err := f.Authenticate(t.Context(), g.Secret)
	require.NoError(t, err)
	for range 5 {
		_, err = f.ChangePassword(t.Context(), c, "a wrong password", "another password")
		wantCode(t, err, tenancy.CodeForbidden)
	}
	_, err = f.ChangePassword(t.Context(), c, password, "another password")
	wantCode(t, err, tenancy.CodeTooManyAttempts)
}

func TestChangePasswordNeedsASessionAndAPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.userWithoutPassword(t, "bob")
	_, err := f.ChangePassword(t.Context(),
		signin.Caller{Principal: tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID}}, "",
		"another password")
	wantCode(t, err, tenancy.CodeForbidden)
	session := identity.Session{ID: tenancy.NewID().String(), User: u.ID}
	_, err = f.ChangePassword(t.Context(), signin.Caller{Session: session}, "", "another password")
	wantCode(t, err, tenancy.CodeForbidden)
}

func TestSessionsAreForTheirUserAndSuperAdmins(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada, bob := f.user(t, "ada"), f.user(t, "bob")
	g := f.signIn(t, "ada")
	f.signIn(t, "bob")
	own := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: ada.ID}
	super := tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
	for name, by := range map[string]tenancy.Principal{
		"another user":           {Kind: tenancy.UserPrincipal, ID: bob.ID},
		"a key of the user's id": {Kind: tenancy.KeyPrincipal, ID: ada.ID},
		"an admin": {Kind: tenancy.UserPrincipal, ID: bob.ID,
			Roles: map[tenancy.ID]tenancy.Role{tenancy.DefaultID: tenancy.Admin}},
	} {
		_, err := f.List(t.Context(), by, ada.ID)
		wantCode(t, err, tenancy.CodeForbidden)
		wantCode(t, f.End(t.Context(), by, ada.ID, g.Session.ID), tenancy.CodeForbidden)
		wantCode(t, f.EndAll(t.Context(), by, ada.ID), tenancy.CodeForbidden)
		_, err = f.Authenticate(t.Context(), g.Secret)
		require.NoError(t, err, name)
	}
	_, err := f.List(t.Context(), tenancy.Principal{}, "")
	wantCode(t, err, tenancy.CodeUnauthenticated)
	wantCode(t, f.End(t.Context(), tenancy.Principal{Kind: tenancy.UserPrincipal, ID: bob.ID},
		bob.ID,
		g.Session.ID), tenancy.CodeNotFound)

	for _, by := range []tenancy.Principal{own, super} {
		all, err := f.List(t.Context(), by, ada.ID)
		require.NoError(t, err)
		require.Len(t, all, 1)
	}
	require.NoError(t, f.End(t.Context(), own, ada.ID, g.Session.ID))
	_, err = f.Authenticate(t.Context(), g.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
	again := f.signIn(t, "ada")
	require.NoError(t, f.EndAll(t.Context(), super, ada.ID))
	_, err = f.Authenticate(t.Context(), again.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
}

func TestSessionEndsWhenItsUserIsRemoved(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.user(t, "ada")
	g := f.signIn(t, "ada")
	require.NoError(t, f.Users.Remove(t.Context(), u.ID))
	_, err := f.Authenticate(t.Context(), g.Secret)
	wantCode(t, err, tenancy.CodeUnauthenticated)
}
