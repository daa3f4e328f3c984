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
	// [tenancy.CodeAlreadyExists]. If the user has more than [identity.MaxSessions]
	// then, the oldest end.
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

// SessionFinder finds the session of a secret before the user is known. A renewal
// is in the platform's audit log: session.renew.
type SessionFinder interface {
	// Find returns the session whose newest secret has this hash, or whose secret
	// before that has it and may still be used at now. The returned Hash is that of
	// the newest secret. [tenancy.CodeUnauthenticated] if there is none, if it has
	// expired at now, or if its user was removed.
	Find(ctx context.Context, hash identity.SessionHash, now time.Time) (identity.Session, error)

	// Touch records that a session was used, to the minute. The time never goes back,
	// and it is no error if there is no such session.
	Touch(ctx context.Context, id string, at time.Time) error

	// Renew gives a session another secret, and stores the rights with which it was
	// issued. The secret before it may be used until to.Overlap; older ones can't be
	// used. [tenancy.CodeVersionMismatch] if the session's newest secret doesn't have
	// the hash from: it was renewed meanwhile, or doesn't exist any more.
	Renew(ctx context.Context, id string, from identity.SessionHash, to SessionRenewal) error
}

// SessionRenewal is what a session gets when it is renewed.
type SessionRenewal struct {
	Hash    identity.SessionHash
	Rights  [32]byte
	Overlap time.Time
}
