package ports

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// LoginAttempts counts attempts at what can be guessed, for all instances together. It
// belongs to no tenant: whoever guesses hasn't said for which.
type LoginAttempts interface {
	// Begin counts an attempt at each of the subjects, as [identity.AttemptState.Add] does.
	// If one has to wait none is counted, and the longest wait is answered.
	// Attempts at the same time are counted one after the other.
	Begin(ctx context.Context, now time.Time, subjects ...Subject) (wait time.Duration, err error)

	// Clear forgets the attempts at a subject.
	Clear(ctx context.Context, key SubjectKey) error

	// TakeBack counts one attempt less at a subject, and none less than none.
	Refund(ctx context.Context, key SubjectKey) error
}

// Subject is something that attempts are made at, or where they come from.
type Subject struct {
	Key     SubjectKey
	Backoff identity.Backoff
}

// SubjectKey names a subject without showing it.
type SubjectKey [sha256.Size]byte
