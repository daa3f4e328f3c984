package signin_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

func TestSignInByPasswordBeginsASession(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	ada := f.user(t, "ada")
	acme := f.member(t, "acme", ada, tenancy.Editor)
	g, err := f.SignIn(withAddress(t.Context(), "192.0.2.1"),
		signin.Attempt{Email: "ADA@example.com", Password: password,
			Agent: "Browser\x00/1\n" + strings.Repeat("ü", 300)})
	require.NoError(t, err)
	assert.Equal(t, ada.ID, g.Session.User)
	assert.Equal(t, "192.0.2.1", g.Session.Address)
	assert.Equal(t, "Browser/1"+strings.Repeat("ü", 247), g.Session.Agent)

	c, err := f.Authenticate(t.Context(), g.Secret)
	require.NoError(t, err)
	want := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: ada.ID, Name: "ada",
		Roles: map[tenancy.ID]tenancy.Role{acme: tenancy.Editor}}
	assert.Equal(t, want, c.Principal)
	assert.Empty(t, c.Renewed)
	assert.Equal(t, "session.create", f.auditLog(t)[0].Action)
	assert.Equal(t, ada.ID, f.auditLog(t)[0].Actor.ID)
}

// A refusal must not reveal whether an account exists, and the audit log must not
// have what was typed.
func TestRefusedSignInsLookAlike(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, func(o *signin.Options) { o.Refusal = time.Second })
		f.user(t, "ada")
		f.userWithoutPassword(t, "bob")
		old := f.userWithoutPassword(t, "old")
		hash, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
		require.NoError(t, err)
		require.NoError(t, f.Passwords.Set(t.Context(), old.ID, string(hash), ""))
		for name, email := range map[string]string{
			"a wrong password": "ada@example.com", "no password": "bob@example.com",
			"a wrong password with an old hash": "old@example.com",
			"no account":                        "eve@example.com",
			"not an address":                    "hunter2hunter2",
			"empty":                             "", "NUL": "ada@example.com\x00",
		} {
			started := time.Now()
			_, err := f.trySignIn(t, email, "hunter2hunter2")
			require.Equal(t, time.Second, time.Since(started), name)
			wantCode(t, err, tenancy.CodeUnauthenticated)
			shown := err.(*tenancy.Error)
			require.Equal(t, "the e-mail address or the password is wrong", shown.Message, name)
			require.Empty(t, shown.Members, name)
			entry := f.auditLog(t)[0]
			require.Equal(t, "session.create", entry.Action)
			require.Equal(t, tenancy.Denied, entry.Outcome)
			require.Equal(t, tenancy.AnonymousActor, entry.Actor.Kind)
			require.NotContains(t, string(entry.Text), "hunter2")
			require.NotContains(t, string(entry.Text), "eve")
		}
	})
}

// The wait doesn't depend on the existence of the account, on the address of the
// caller, and on the spelling of the e-mail address.
func TestGuessesAtAnAccountBackOffExponentially(t *testing.T) {
	t.Parallel()
	for name, emails := range map[string][]string{
		"an account": {"ada@example.com", "ADA@example.com"},
		"no account": {"eve@example.com", "Eve@EXAMPLE.com "}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.user(t, "ada")
			for i := range 5 {
				_, err := f.trySignIn(t, emails[i%2], "a wrong password")
				wantCode(t, err, tenancy.CodeUnauthenticated)
			}
			for _, wait := range []int64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900} {
				for i := range 3 { // these attempts must not prolong the wait
					_, err := f.trySignIn(t, emails[i%2], password)
					wantCode(t, err, tenancy.CodeTooManyAttempts)
					require.Equal(t, wait, err.(*tenancy.Error).Members["retry_after"])
				}
				f.now = f.now.Add(time.Duration(wait) * time.Second)
				_, err := f.trySignIn(t, emails[0], "a wrong password")
				wantCode(t, err, tenancy.CodeUnauthenticated)
			}
			f.now = f.now.Add(24 * time.Hour)
			_, err := f.trySignIn(t, emails[0], "a wrong password")
			wantCode(t, err, tenancy.CodeUnauthenticated)
		})
	}
}

func TestSuccessfulSignInClearsTheAttemptsOfTheAccount(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, "ada")
	for range 3 {
		for range 4 {
			_, err := f.trySignIn(t, "ada@example.com", "a wrong password")
			wantCode(t, err, tenancy.CodeUnauthenticated)
		}
		f.signIn(t, "ada")
	}
}

// An attempt must be counted before its result is known.
func TestParallelGuessesAreLimitedLikeSequentialOnes(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.user(t, "ada")
	var refused, waits atomic.Int64
	var guesses sync.WaitGroup
	for range 60 {
		guesses.Go(func() {
			_, err := f.SignIn(t.Context(),
				signin.Attempt{Email: "ada@example.com", Password: "a wrong password"})
			switch tenancy.CodeOf(err) {
			case tenancy.CodeUnauthenticated:
				refused.Add(1)
			case tenancy.CodeTooManyAttempts:
				waits.Add(1)
			}
		})
	}
	guesses.Wait()
	assert.Equal(t, int64(5), refused.Load())
	assert.Equal(t, int64(55), waits.Load())
}

// A successful sign-in to the attacker's own account must not clear the attempts of
// the address.
func TestGuessesFromAnAddressAreLimitedAcrossAccounts(t *testing.T) {
	t.Parallel()
	for name, addresses := range map[string][]string{
		"IPv4": {"192.0.2.7", "::ffff:192.0.2.7"},
		"IPv6": {"2001:db8:1:2::1", "2001:db8:1:2:ffff::9"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.user(t, "mallory")
			guess := func(i int, email, password string) error {
				_, err := f.SignIn(withAddress(t.Context(), addresses[i%2]),
					signin.Attempt{Email: email, Password: password})
				return err
			}
			for i := range 49 {
				wantCode(t, guess(i, "victim"+strings.Repeat("x", i)+"@example.com",
					"password1234"),
					tenancy.CodeUnauthenticated)
				if i < 48 {
					require.NoError(t, guess(i, "mallory@example.com", password))
				}
			}
			wantCode(t, guess(1, "last@example.com", "password1234"), tenancy.CodeUnauthenticated)
			wantCode(t, guess(0, "another@example.com", "password1234"),
				tenancy.CodeTooManyAttempts)
			f.now = f.now.Add(time.Nanosecond)
			_, err := f.SignIn(withAddress(t.Context(), "192.0.2.8"),
				signin.Attempt{Email: "another@example.com", Password: "password1234"})
			wantCode(t, err, tenancy.CodeUnauthenticated)
		})
	}
}

// Older hashes are those of earlier versions, and those made at another cost.
func TestOlderHashesAreVerifiedAndRehashed(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	older := newFixture(t, func(o *signin.Options) {
		o.Cost = signin.Cost{Memory: 32, Passes: 2, Threads: 2}
	})
	argon, err := older.Hash(t.Context(), password)
	require.NoError(t, err)
	crypt, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	require.NoError(t, err)
	for name, hash := range map[string]string{"argon2id": argon, "bcrypt": string(crypt),
		"bcrypt2y": "$2y$" + string(crypt[4:])} {
		u := f.userWithoutPassword(t, name)
		require.NoError(t, f.Passwords.Set(t.Context(), u.ID, hash, ""))
		_, err := f.trySignIn(t, name+"@example.com", "a wrong password")
		wantCode(t, err, tenancy.CodeUnauthenticated)
		stored, err := f.Passwords.Get(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, hash, stored.Hash)

		f.signIn(t, name)
		stored, err = f.Passwords.Get(t.Context(), u.ID)
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(stored.Hash, "$argon2id$v=19$m=64,t=1,p=1$"), stored.Hash)
		f.signIn(t, name)
		again, err := f.Passwords.Get(t.Context(), u.ID)
		require.NoError(t, err)
		require.Equal(t, stored, again, "a hash at the configured cost must not change")
	}
}

// A stored hash may come from elsewhere. An unknown one must match no password and
// must be cheap to verify.
func TestHashOfUnknownFormMatchesNoPassword(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const salt, digest = "c2FsdHNhbHRzYWx0c2FsdA", "ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGlnZXN0ZGc"
	for i, hash := range []string{
		password, "$argon2id$", "{SHA}x", "$1$salt$hash", "$2a$31$" + strings.Repeat("a", 53),
		"$argon2i$v=19$m=64,t=1,p=1$" + salt + "$" + digest,
		"$argon2id$v=19$m=4294967295,t=1,p=1$" + salt + "$" + digest,
		"$argon2id$v=19$m=64,t=4294967295,p=1$" + salt + "$" + digest,
		"$argon2id$v=19$m=64,t=0,p=1$" + salt + "$" + digest, "$argon2id$v=19$m=64,t=1,p=0$" +
			salt + "$" + digest,
		"$argon2id$v=19$m=64,t=1,p=1$" + salt + "$", "$argon2id$v=19$m=64,t=1,p=1$$" + digest,
		"$argon2id$v=16$m=64,t=1,p=1$" + salt + "$" + digest,
		"$argon2id$v=19$m=64,t=1,p=1,x=2$" + salt + "$" + digest,
		" $argon2id$v=19$m=64,t=1,p=1$" + salt + "$" + digest,
	} {
		name := "u" + strings.Repeat("x", i)
		u := f.userWithoutPassword(t, name)
		require.NoError(t, f.Passwords.Set(t.Context(), u.ID, hash, ""))
		started := time.Now()
		for _, guess := range []string{password, "", hash} {
			_, err := f.trySignIn(t, name+"@example.com", guess)
			wantCode(t, err, tenancy.CodeUnauthenticated)
		}
		require.Less(t, time.Since(started), 5*time.Second, hash)
	}
}

func TestPasswordIsNormalizedBeforeHashing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	u := f.userWithoutPassword(t, "zoe")
	hash, err := f.Hash(t.Context(), "Zoe\u0308 \u00fcber alles")
	require.NoError(t, err)
	require.NoError(t, f.Passwords.Set(t.Context(), u.ID, hash, ""))
	_, err = f.trySignIn(t, "zoe@example.com", "Zo\u00eb\u00a0u\u0308ber alles")
	require.NoError(t, err)
	_, err = f.trySignIn(t, "zoe@example.com", "Zoe uber alles")
	wantCode(t, err, tenancy.CodeUnauthenticated)
}

func TestPasswordHas10To1024CharactersOfAnyKind(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{strings.Repeat("x", 10), strings.Repeat(" ", 10),
		strings.Repeat("ü", 1024), strings.Repeat("🏢", 1024)} {
		assert.NoError(t, signin.CheckPassword(ok))
	}
	for _, bad := range []string{"", strings.Repeat("x", 9), strings.Repeat("e\u0301", 9),
		strings.Repeat("x", 1025), "\xff" + strings.Repeat("x", 20)} {
		wantCode(t, signin.CheckPassword(bad), tenancy.CodeInvalid)
		f := newFixture(t)
		_, err := f.Hash(t.Context(), bad)
		wantCode(t, err, tenancy.CodeInvalid)
	}
}

func TestHashingWaitsForASlotUntilTheContextEnds(t *testing.T) {
	t.Parallel()
	f := newFixture(t, func(o *signin.Options) {
		o.MaxConcurrentHashes = 1
		o.Cost = signin.Cost{Memory: 64 << 10, Passes: 8, Threads: 1}
	})
	working := make(chan struct{})
	var busy sync.WaitGroup
	busy.Go(func() {
		close(working)
		_, err := f.Hash(context.WithoutCancel(t.Context()), password)
		assert.NoError(t, err)
	})
	<-working
	time.Sleep(20 * time.Millisecond)
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	_, err := f.Hash(ctx, password)
	wantCode(t, err, tenancy.CodeUnavailable)
	busy.Wait()
}

// sessionsWithHook runs a hook before it creates a session, which is after the
// password was verified.
type sessionsWithHook struct {
	ports.Sessions
	beforeCreate func()
}

func (r sessionsWithHook) Create(ctx context.Context, s identity.Session, verified string) error {
	r.beforeCreate()
	return r.Sessions.Create(ctx, s, verified)
}

func TestPasswordThatChangesDuringSignInBeginsNoSession(t *testing.T) {
	t.Parallel()
	s := memory.New(nil, memory.Options{}).Services()
	plain := signin.New(s, signin.Options{Cost: cheapCost})
	u, err := s.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: "ada@example.com", Name: "ada"}, "")
	require.NoError(t, err)
	set := func(password string) {
		hash, err := plain.Hash(t.Context(), password)
		require.NoError(t, err)
		require.NoError(t, s.Passwords.Set(t.Context(), u.ID, hash, ""))
	}
	set(password)
	s.Sessions = sessionsWithHook{s.Sessions, func() { set("another password") }}
	raced := signin.New(s, signin.Options{Cost: cheapCost, Refusal: time.Nanosecond})
	_, err = raced.SignIn(t.Context(), signin.Attempt{Email: "ada@example.com", Password: password})
	wantCode(t, err, tenancy.CodeUnauthenticated)
	all, err := s.Sessions.List(t.Context(), u.ID, time.Now())
	require.NoError(t, err)
	assert.Empty(t, all)
}
