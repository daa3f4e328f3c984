package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Sessions stores the sessions of users. Sessions cross tenants as users do, and
// only sign-in uses them. Its writes are in the platform's audit log:
// session.create, session.revoke.
type Sessions interface {
	// Create stores s if the user's password still has the hash verified; "" skips
	// this check. [tenancy.CodeUnauthenticated] if the password has another hash by
	// now, or if there is no such user. An id or a hash that exists already is
	// [tenancy.CodeAlreadyExists]. If the user then has more than
	// [identity.MaxSessions] sessions, the oldest end.
	Create(ctx context.Context, s identity.Session, verified string) error

	// List returns the user's sessions that haven't expired at now, newest first. It
	// leaves Hash and Rights zero.
	List(ctx context.Context, user string, now time.Time) ([]identity.Session, error)

	// Revoke ends a session: from then on [SessionFinder.Find] doesn't find it.
	// [tenancy.CodeNotFound] if the user has no such session, even if another user
	// has it.
	Revoke(ctx context.Context, user, id string) error

	// RevokeAll ends all sessions of a user. It is no error if there are none.
	RevokeAll(ctx context.Context, user string) error
}
