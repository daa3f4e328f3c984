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

func TestASessionEndsByItsAgeAndByNotBeingUsed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user(t, "ada")
	idle, used := w.signIn(t, "ada"), w.signIn(t, "ada")
	for day := range 29 {
		w.now = w.now.Add(23*time.Hour + 59*time.Minute)
		_, err := w.Authenticate(t.Context(), used.Secret)
		require.NoError(t, err, "day %d", day)
	}
	_, err := w.Authenticate(t.Context(), idle.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
	all, err := w.List(t.Context(), tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID}, u.ID)
	require.NoError(t, err)
	require.Len(t, all, 1)
	assert.Equal(t, w.now.Truncate(time.Minute), all[0].SeenAt)
	w.now = used.Session.ExpiresAt
	_, err = w.Authenticate(t.Context(), used.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
}

func TestWhatIsNoSecretIsNobodys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "ada")
	g := w.signIn(t, "ada")
	for _, secret := range []string{"", g.Secret[1:], g.Secret + "A", " " + g.Secret,
		g.Secret + "\n", identity.NewSessionSecret(), g.Session.ID, string(g.Session.Hash[:])} {
		_, err := w.Authenticate(t.Context(), secret)
		code(t, err, tenancy.CodeUnauthenticated)
	}
}

// TestASecretIsRenewedWhenWhatItsUserMayDoChanges, and the one before lives on for
// the requests under way.
func TestASecretIsRenewedWhenWhatItsUserMayDoChanges(t *testing.T) {
	t.Parallel()
	yes := true
	for name, change := range map[string]func(t *testing.T, w *world, u identity.User){
		"a new place": func(t *testing.T, w *world, u identity.User) {
			w.member(t, "beta", u, tenancy.Viewer)
		},
		"a new role": func(t *testing.T, w *world, u identity.User) {
			w.member(t, "acme", u, tenancy.Admin)
		},
		"a lost place": func(t *testing.T, w *world, u identity.User) {
			require.NoError(t, w.Members.Remove(t.Context(), w.member(t, "acme", u, tenancy.Viewer),
				u.ID))
		},
		"a super-admin": func(t *testing.T, w *world, u identity.User) {
			_, err := w.Users.Update(t.Context(), u.ID, ports.UserChange{SuperAdmin: &yes})
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			u := w.user(t, "ada")
			w.member(t, "acme", u, tenancy.Viewer)
			g := w.signIn(t, "ada")
			change(t, w, u)

			first, err := w.Authenticate(t.Context(), g.Secret)
			require.NoError(t, err)
			require.NotEmpty(t, first.Renewed)
			beside, err := w.Authenticate(t.Context(), g.Secret)
			require.NoError(t, err)
			assert.Equal(t, first.Principal, beside.Principal,
				"both may do what the user may do now")
			assert.Empty(t, beside.Renewed, "one secret is enough")
			w.now = w.now.Add(30*time.Second - time.Microsecond)
			_, err = w.Authenticate(t.Context(), g.Secret)
			require.NoError(t, err)
			w.now = w.now.Add(time.Millisecond)
			_, err = w.Authenticate(t.Context(), g.Secret)
			code(t, err, tenancy.CodeUnauthenticated)
			after, err := w.Authenticate(t.Context(), first.Renewed)
			require.NoError(t, err)
			assert.Empty(t, after.Renewed)
			assert.Equal(t, g.Session.ID, after.Session.ID)
		})
	}
}

func TestANewPasswordEndsAllOtherSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "ada")
	own, other := w.signIn(t, "ada"), w.signIn(t, "ada")
	c, err := w.Authenticate(t.Context(), own.Secret)
	require.NoError(t, err)
	for range 4 {
		_, err = w.ChangePassword(t.Context(), c, "a wrong password", "another password")
		code(t, err, tenancy.CodeForbidden)
	}
	_, err = w.ChangePassword(t.Context(), c, password, "too short")
	code(t, err, tenancy.CodeInvalid)
	renewed, err := w.ChangePassword(t.Context(), c, password, "another password")
	require.NoError(t, err)

	_, err = w.Authenticate(t.Context(), other.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
	_, err = w.Authenticate(t.Context(), renewed)
	require.NoError(t, err)
	w.now = w.now.Add(time.Minute)
	_, err = w.Authenticate(t.Context(), own.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
	_, err = w.try(t, "ada@example.com", password)
	code(t, err, tenancy.CodeUnauthenticated)
	_, err = w.try(t, "ada@example.com", "another password")
	require.NoError(t, err)
}

// TestAStolenSessionDoesNotGuessThePassword: it is slowed down as a stranger is.
func TestAStolenSessionDoesNotGuessThePassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.user(t, "ada")
	g := w.signIn(t, "ada")
	c, err := w.Authenticate(t.Context(), g.Secret)
	require.NoError(t, err)
	for range 5 {
		_, err = w.ChangePassword(t.Context(), c, "a wrong password", "another password")
		code(t, err, tenancy.CodeForbidden)
	}
	_, err = w.ChangePassword(t.Context(), c, password, "another password")
	code(t, err, tenancy.CodeTooManyAttempts)
}

func TestWhoHasNoSessionOrNoPasswordChangesNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.stranger(t, "bob")
	_, err := w.ChangePassword(t.Context(),
		signin.Caller{Principal: tenancy.Principal{Kind: tenancy.UserPrincipal, ID: u.ID}}, "",
		"another password")
	code(t, err, tenancy.CodeForbidden)
	session := identity.Session{ID: tenancy.NewID().String(), User: u.ID}
	_, err = w.ChangePassword(t.Context(), signin.Caller{Session: session}, "", "another password")
	code(t, err, tenancy.CodeForbidden)
}

func TestSessionsAreTheirUsersAndSuperAdmins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.user(t, "ada"), w.user(t, "bob")
	g := w.signIn(t, "ada")
	w.signIn(t, "bob")
	own := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: ada.ID}
	super := tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
	for name, by := range map[string]tenancy.Principal{
		"another user":           {Kind: tenancy.UserPrincipal, ID: bob.ID},
		"a key of the user's id": {Kind: tenancy.KeyPrincipal, ID: ada.ID},
		"an admin": {Kind: tenancy.UserPrincipal, ID: bob.ID,
			Roles: map[tenancy.ID]tenancy.Role{tenancy.DefaultID: tenancy.Admin}},
	} {
		_, err := w.List(t.Context(), by, ada.ID)
		code(t, err, tenancy.CodeForbidden)
		code(t, w.End(t.Context(), by, ada.ID, g.Session.ID), tenancy.CodeForbidden)
		code(t, w.EndAll(t.Context(), by, ada.ID), tenancy.CodeForbidden)
		_, err = w.Authenticate(t.Context(), g.Secret)
		require.NoError(t, err, name)
	}
	_, err := w.List(t.Context(), tenancy.Principal{}, "")
	code(t, err, tenancy.CodeUnauthenticated)
	code(t, w.End(t.Context(), tenancy.Principal{Kind: tenancy.UserPrincipal, ID: bob.ID}, bob.ID,
		g.Session.ID), tenancy.CodeNotFound)

	for _, by := range []tenancy.Principal{own, super} {
		all, err := w.List(t.Context(), by, ada.ID)
		require.NoError(t, err)
		require.Len(t, all, 1)
	}
	require.NoError(t, w.End(t.Context(), own, ada.ID, g.Session.ID))
	_, err = w.Authenticate(t.Context(), g.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
	again := w.signIn(t, "ada")
	require.NoError(t, w.EndAll(t.Context(), super, ada.ID))
	_, err = w.Authenticate(t.Context(), again.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
}

func TestASessionEndsWithItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	u := w.user(t, "ada")
	g := w.signIn(t, "ada")
	require.NoError(t, w.Users.Remove(t.Context(), u.ID))
	_, err := w.Authenticate(t.Context(), g.Secret)
	code(t, err, tenancy.CodeUnauthenticated)
}
