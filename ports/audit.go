package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Audit is the audit log of a tenant. Every method of every port that changes a
// tenant's data or its administration appends an entry in the transaction of the
// change, so that neither happens without the other. A refused write leaves no
// entry of that write. The actor of an entry is [tenancy.ActorFrom] the context;
// its request id, address and reason are [tenancy.RequestFrom] the context. The
// entries of a tenant form a chain that [tenancy.AuditChain] verifies, and no
// entry is older than the one before it.
type Audit interface {
	// Append adds an entry about something that changed no data: a denial, or a
	// read. If [tenancy.Event.Entry] refuses the event, Append returns its error and
	// adds nothing.
	Append(ctx context.Context, tenant tenancy.ID, e tenancy.Event) error

	// List returns at most q.Limit of the tenant's entries that match q, newest
	// first.
	List(ctx context.Context, tenant tenancy.ID, q AuditQuery) ([]tenancy.AuditEntry, error)

	// Export calls begin once with the result of Ends, then yield with each of the
	// tenant's entries that match q, oldest first, all from one snapshot. It ignores
	// q.Before and q.Limit. It stops at the first error of begin or yield and
	// returns it.
	Export(ctx context.Context, tenant tenancy.ID, q AuditQuery,
		begin func(first, last tenancy.AuditChain) error,
		yield func(tenancy.AuditEntry) error) error

	// Ends returns both ends of the tenant's chain: first is the entry before the
	// oldest stored one, the zero chain unless retention has removed entries; last
	// is the newest entry, the zero chain if there is none.
	Ends(ctx context.Context, tenant tenancy.ID) (first, last tenancy.AuditChain, err error)
}

// AuditQuery selects entries of one chain. Its zero value selects all; Limit must
// be positive.
type AuditQuery struct {
	AuditFilter
	Before int64 // only entries with a smaller Seq, unless 0
	Limit  int
}

// AuditFilter selects the entries that match each of its fields that isn't zero.
type AuditFilter struct {
	Actor      string          // only entries of the actor with this id
	Action     string          // only entries of this action
	Outcome    tenancy.Outcome // only entries with this outcome
	TargetKind string          // only entries whose target is of this kind
	TargetName string          // only entries whose target has this name
	Since      time.Time       // only entries at this time or later
	Until      time.Time       // only entries before this time
}
