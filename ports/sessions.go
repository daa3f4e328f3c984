package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Sessions stores the sessions of users, across tenants as users are, and for
// sign-in alone. Its writes are in the platform's audit log: session.create,
// session.revoke.
type Sessions interface {
	// Create stores s for a user whose password still has the hash that was
	// verified; "" asks for no password. [tenancy.CodeUnauthenticated] if it has
	// another by now, or if there is no such user. An id or a hash that is there
	// already is [tenancy.CodeAlreadyExists]. Of more than [identity.MaxSessions] of
	// one user, the oldest end.
	Create(ctx context.Context, s identity.Session, verified string) error

	// List answers the user's sessions that haven't expired at now, the newest
	// first. Hash and Rights are not answered: they are zero.
	List(ctx context.Context, user string, now time.Time) ([]identity.Session, error)

	// Revoke ends a session: [SessionFinder.Find] doesn't find it from then on.
	// [tenancy.CodeNotFound] if the user has no such session, also when another
	// user has.
	Revoke(ctx context.Context, user, id string) error

	// RevokeAll ends all sessions of a user. That there are none is no error.
	RevokeAll(ctx context.Context, user string) error
}

// SessionFinder finds the session of a secret, before it is known whose it is. A
// renewal is in the platform's audit log: session.renew.
type SessionFinder interface {
	// Find answers the session whose secret has this hash, or had it before it was
	// renewed and may be used until after now. The hash of the answer is that of the
	// newest secret. [tenancy.CodeUnauthenticated] if there is none, if it has
	// expired at now, or if its user is gone.
	Find(ctx context.Context, hash identity.SessionHash, now time.Time) (identity.Session, error)

	// See notes that a session was used, to the minute. It never goes back, and a
	// session that is gone is no error.
	Touch(ctx context.Context, id string, at time.Time) error

	// Renew gives a session another secret, and notes the rights with which it was
	// issued. The one before may be used until overlap, and none that was before
	// that. [tenancy.CodeVersionMismatch] if its newest secret hasn't the hash from:
	// it was renewed meanwhile, or is gone.
	Renew(ctx context.Context, id string, from identity.SessionHash, to SessionRenewal) error
}

// SessionRenewal is what a session gets when it is renewed.
type SessionRenewal struct {
	Hash    identity.SessionHash
	Rights  [32]byte
	Overlap time.Time
}
