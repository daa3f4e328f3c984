package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Passwords keeps what is known of the passwords of users, across tenants as users
// are, and for sign-in alone. Its writes are in the platform's audit log:
// password.set, password.improve.
type Passwords interface {
	// Of answers the password of a user. [tenancy.CodeNotFound] if there is none.
	Of(ctx context.Context, user string) (identity.Password, error)

	// Set gives a user the password of this hash and ends all sessions of theirs
	// but the one with the id keep ("" keeps none). [tenancy.CodeNotFound] if there
	// is no such user.
	Set(ctx context.Context, user, hash, keep string) error

	// Improve puts another hash of the same password in the place of from. Sessions
	// stay. It does nothing when the user has another hash by now.
	Rehash(ctx context.Context, user, from, to string) error
}
