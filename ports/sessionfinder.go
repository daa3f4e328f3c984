package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

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
