package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Audit is the audit log of a tenant. What changes a tenant's data or its
// administration appends to it by itself: every method of every port that writes
// does so in the transaction of the write, so that neither happens without the
// other. What is refused leaves no entry of the write. Who did it is
// [tenancy.ActorFrom] the context, in which request, from where and why
// [tenancy.RequestFrom]. The entries of a tenant are a chain that
// [tenancy.AuditChain] verifies, and none is older than the one before it.
type Audit interface {
	// Append adds what changes nothing and is to be known nevertheless: a denial,
	// or that somebody read. What [tenancy.Event.Entry] refuses is its error, and
	// isn't added.
	Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error

	// List answers at most q.Limit of the tenant's entries that q admits, the
	// newest first.
	List(ctx context.Context, tenant tenancy.ID, q AuditQuery) ([]tenancy.AuditEntry, error)

	// Export calls begin once with what Ends answers, and then yield with each of
	// the tenant's entries that q admits, the oldest first, all from one snapshot;
	// q.Before and q.Limit are not looked at. It ends with the first error of
	// begin or yield and answers that.
	Export(ctx context.Context, tenant tenancy.ID, q AuditQuery,
		begin func(first, last tenancy.AuditChain) error,
		yield func(tenancy.AuditEntry) error) error

	// Ends answers where the tenant's chain begins and ends: first is the entry
	// before the oldest that is kept, the zero chain unless retention has removed
	// some; last is the newest one, the zero chain if there is none.
	Ends(ctx context.Context, tenant tenancy.ID) (first, last tenancy.AuditChain, err error)
}

// PlatformAudit is the audit log of what belongs to no tenant, and the view over
// all of them. It crosses tenants by nature: only super-admins use it.
type PlatformAudit interface {
	// Append adds an entry that belongs to no tenant. What [tenancy.Event.Entry]
	// refuses is its error, and isn't added.
	Append(ctx context.Context, e tenancy.Event) error

	// List answers at most q.Limit entries of all tenants and of none that q
	// admits, the newest first, and those of one time in the descending order of
	// their ids.
	List(ctx context.Context, q PlatformAuditQuery) ([]tenancy.AuditEntry, error)
}

// AuditQuery selects entries of one chain. Its zero value selects all; Limit must
// be positive.
type AuditQuery struct {
	Actor  string    // only by the actor of this id
	Action string    // only this action
	Since  time.Time // not before
	Until  time.Time // before
	Before int64     // only entries of a smaller Seq, unless 0
	Limit  int
}

// PlatformAuditQuery selects entries of all chains. Its zero value selects all;
// Limit must be positive.
type PlatformAuditQuery struct {
	Actor  string     // only by the actor of this id
	Action string     // only this action
	Since  time.Time  // not before
	Until  time.Time  // before
	Before AuditPlace // only entries behind this one in the list, unless zero
	Limit  int
}

// AuditPlace is where an entry stands among those of all chains.
type AuditPlace struct {
	At time.Time
	ID string
}
