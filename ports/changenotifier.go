package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ChangeNotifier tells what others change of tenants, keys and people, so that
// what is remembered of them can be forgotten. It crosses tenants by nature, and
// says nothing of them but that one has changed.
type ChangeNotifier interface {
	// Subscribe has heard called with each change of a tenant, of a key but for its
	// use, of a person and of a person's place in a tenant, whoever makes it; a key
	// or a person that is new is no change. One call follows another, each after the
	// commit, until stop is called. Where something may have been missed, or a great
	// many things change at once, it is called with [AnythingChanged].
	Subscribe(heard func(ChangeNotification)) (stop func())

	// Current reports whether all has been heard that was committed up to half a
	// second ago. While it is false, announcements may come late or be lost.
	Healthy() bool

	// Settle waits until all has been heard that was committed before the call.
	// [tenancy.CodeUnavailable] if that can't be said, or not before ctx ends.
	Flush(ctx context.Context) error
}

// ChangeNotification is one thing that has changed.
type ChangeNotification struct {
	Kind ChangeKind
	ID   tenancy.ID // of the tenant, the key or the person; zero of [AnythingChanged]
}

// ChangeKind says what has changed.
type ChangeKind byte

// What is announced.
const (
	TenantChanged   ChangeKind = 't'
	KeyChanged      ChangeKind = 'k'
	UserChanged     ChangeKind = 'u' // the person, or their place in a tenant
	AnythingChanged ChangeKind = '*'
)
