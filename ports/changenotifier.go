package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ChangeNotifier reports changes of tenants, API keys, users and memberships, so
// that callers can invalidate their caches. It crosses tenants by design, and
// reports what has changed but not how.
type ChangeNotifier interface {
	// Subscribe calls notify after the commit of every change to a tenant, API key,
	// user or membership, no matter who makes it. The use of an API key isn't a
	// change. A new API key or a new user isn't a change. Subscribe makes one call
	// at a time, each after the commit, until stop is called. When a change may have
	// been missed, or when very many things change at once, it calls notify with
	// [AnythingChanged].
	Subscribe(notify func(ChangeNotification)) (stop func())

	// Healthy reports whether every change committed more than half a second ago has
	// been delivered. While it is false, notifications may be late or lost.
	Healthy() bool

	// Flush waits until every change committed before the call has been delivered.
	// [tenancy.CodeUnavailable] if it can't know that, or not before ctx ends.
	Flush(ctx context.Context) error
}

// ChangeNotification names one thing that has changed.
type ChangeNotification struct {
	Kind ChangeKind
	ID   tenancy.ID // of the tenant, API key or user; zero for [AnythingChanged]
}

// ChangeKind says what has changed.
type ChangeKind byte

// The kinds of changes.
const (
	TenantChanged   ChangeKind = 't'
	KeyChanged      ChangeKind = 'k'
	UserChanged     ChangeKind = 'u' // the user, or one of their memberships
	AnythingChanged ChangeKind = '*'
)
