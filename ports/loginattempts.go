package ports

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// LoginAttempts counts attempts at secrets that can be guessed, for all instances
// together. It belongs to no tenant: an attempt doesn't say for which tenant it is.
type LoginAttempts interface {
	// Begin counts an attempt for each subject, as [identity.AttemptState.Add] does.
	// If one subject has to wait, none is counted, and the longest wait is returned.
	// Attempts at the same time are counted one after the other.
	Begin(ctx context.Context, now time.Time, subjects ...Subject) (wait time.Duration, err error)

	// Clear forgets the attempts for a subject.
	Clear(ctx context.Context, key SubjectKey) error

	// Refund takes one attempt back from a subject's count, which never goes below
	// zero.
	Refund(ctx context.Context, key SubjectKey) error
}

// Subject is the target of attempts, or where they come from.
type Subject struct {
	Key     SubjectKey
	Backoff identity.Backoff
}

// SubjectKey identifies a subject without revealing it.
type SubjectKey [sha256.Size]byte
