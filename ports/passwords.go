package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Passwords stores the password hashes of users. Passwords cross tenants as users
// do, and only sign-in uses them. Its writes are in the platform's audit log:
// password.set, password.improve.
type Passwords interface {
	// Get returns the password of a user; its Hash is empty if the user has none.
	// [tenancy.CodeNotFound] if there is no such user.
	Get(ctx context.Context, user string) (identity.Password, error)

	// Set gives a user the password with this hash and ends all their sessions
	// except the one with the id keep ("" keeps none). [tenancy.CodeNotFound] if
	// there is no such user.
	Set(ctx context.Context, user, hash, keep string) error

	// Rehash replaces from by to, another hash of the same password. Sessions stay.
	// It does nothing if the user has another hash by now.
	Rehash(ctx context.Context, user, from, to string) error
}
