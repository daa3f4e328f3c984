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

// cheapCost makes hashing fast.
var cheapCost = signin.Cost{Memory: 64, Passes: 1, Threads: 1}

const password = "correct horse battery"

// fixture is a service over an in-memory store, with a clock that only the test
// advances.
type fixture struct {
	ports.Services
	*signin.Service
	now time.Time
}

func newFixture(t *testing.T, changes ...func(*signin.Options)) *fixture {
	t.Helper()
	f := &fixture{Services: memory.New(nil, memory.Options{}).Services(),
		now: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}
	o := signin.Options{Cost: cheapCost, Refusal: time.Nanosecond,
		Clock: func() time.Time { return f.now }}
	for _, change := range changes {
		change(&o)
	}
	f.Service = signin.New(f.Services, o)
	return f
}

// user creates a user with a name and the password of the tests.
func (f *fixture) user(t *testing.T, name string) identity.User {
	t.Helper()
	u := f.userWithoutPassword(t, name)
	hash, err := f.Hash(t.Context(), password)
	require.NoError(t, err)
	require.NoError(t, f.Passwords.Set(t.Context(), u.ID, hash, ""))
	return u
}

// userWithoutPassword creates a user without a password.
func (f *fixture) userWithoutPassword(t *testing.T, name string) identity.User {
	t.Helper()
	u, err := f.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: name + "@example.com", Name: name}, "")
	require.NoError(t, err)
	return u
}

// withAddress returns the context of a request from an address.
func withAddress(ctx context.Context, address string) context.Context {
	return tenancy.WithRequest(ctx, tenancy.Request{ID: "r", Address: address})
}

// trySignIn signs in, each time from another address.
func (f *fixture) trySignIn(t *testing.T, email, password string) (signin.NewSession, error) {
	t.Helper()
	f.now = f.now.Add(time.Nanosecond)
	address := fmt.Sprintf("10.0.%d.%d", f.now.Nanosecond()/256%256, f.now.Nanosecond()%256)
	return f.SignIn(withAddress(t.Context(), address),
		signin.Attempt{Email: email, Password: password, Agent: "Browser/1"})
}

func (f *fixture) signIn(t *testing.T, name string) signin.NewSession {
	t.Helper()
	g, err := f.trySignIn(t, name+"@example.com", password)
	require.NoError(t, err)
	return g
}

func (f *fixture) member(
	t *testing.T, slug tenancy.Slug, u identity.User, role tenancy.Role,
) tenancy.ID {
	t.Helper()
	tenant, err := f.Tenants.BySlug(t.Context(), slug)
	if err != nil {
		tenant, err = f.Tenants.Create(t.Context(), tenancy.Tenant{ID: tenancy.NewID(), Slug: slug,
			Name: string(slug), State: tenancy.Active})
	}
	require.NoError(t, err)
	_, _, err = f.Members.Put(t.Context(), tenant.ID, u.ID, role)
	require.NoError(t, err)
	return tenant.ID
}

// auditLog returns the entries of the platform's audit log, the newest first.
func (f *fixture) auditLog(t *testing.T) []tenancy.AuditEntry {
	t.Helper()
	all, err := f.PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{Limit: 1000})
	require.NoError(t, err)
	return all
}

func wantCode(t *testing.T, err error, want tenancy.Code) {
	t.Helper()
	require.Equal(t, want, tenancy.CodeOf(err), "%v", err)
}
