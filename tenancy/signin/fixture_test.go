package signin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
	"github.com/bailiwick-go/bailiwick/tenancy/signin"
)

// cheap makes hashing no work.
var cheap = signin.Cost{Memory: 64, Passes: 1, Threads: 1}

const password = "correct horse battery"

// world is sign-in over a store in memory, with a clock that stands still.
type world struct {
	ports.Services
	*signin.Service
	now time.Time
}

func newWorld(t *testing.T, changes ...func(*signin.Options)) *world {
	t.Helper()
	w := &world{Services: memory.New(nil, memory.Options{}).Services(),
		now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	o := signin.Options{Cost: cheap, Refusal: time.Nanosecond,
		Clock: func() time.Time { return w.now }}
	for _, change := range changes {
		change(&o)
	}
	w.Service = signin.New(w.Services, o)
	return w
}

// user makes a user of this name with the password of the tests.
func (w *world) user(t *testing.T, name string) identity.User {
	t.Helper()
	u := w.stranger(t, name)
	hash, err := w.Hash(t.Context(), password)
	require.NoError(t, err)
	require.NoError(t, w.Passwords.Set(t.Context(), u.ID, hash, ""))
	return u
}

// stranger makes a user without a password.
func (w *world) stranger(t *testing.T, name string) identity.User {
	t.Helper()
	u, err := w.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: name + "@example.com", Name: name})
	require.NoError(t, err)
	return u
}

// from is a context of a request from an address.
func from(ctx context.Context, address string) context.Context {
	return tenancy.WithRequest(ctx, tenancy.Request{ID: "r", Address: address})
}

// try signs in, each time from another address.
func (w *world) try(t *testing.T, email, password string) (signin.NewSession, error) {
	t.Helper()
	w.now = w.now.Add(time.Nanosecond)
	address := fmt.Sprintf("10.0.%d.%d", w.now.Nanosecond()/256%256, w.now.Nanosecond()%256)
	return w.SignIn(from(t.Context(), address),
		signin.Attempt{Email: email, Password: password, Agent: "Browser/1"})
}

func (w *world) signIn(t *testing.T, name string) signin.NewSession {
	t.Helper()
	g, err := w.try(t, name+"@example.com", password)
	require.NoError(t, err)
	return g
}

func (w *world) member(
	t *testing.T, slug tenancy.Slug, u identity.User, role tenancy.Role,
) tenancy.ID {
	t.Helper()
	made, err := w.Tenants.BySlug(t.Context(), slug)
	if err != nil {
		made, err = w.Tenants.Create(t.Context(), tenancy.Tenant{ID: tenancy.NewID(), Slug: slug,
			Name: string(slug), State: tenancy.Active})
	}
	require.NoError(t, err)
	_, _, err = w.Members.Put(t.Context(), made.ID, u.ID, role)
	require.NoError(t, err)
	return made.ID
}

// log answers the platform's log, the newest first.
func (w *world) log(t *testing.T) []tenancy.AuditEntry {
	t.Helper()
	all, err := w.PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{Limit: 1000})
	require.NoError(t, err)
	return all
}

func code(t *testing.T, err error, want tenancy.Code) {
	t.Helper()
	require.Equal(t, want, tenancy.CodeOf(err), "%v", err)
}
