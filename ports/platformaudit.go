package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// PlatformAudit is the audit log of everything that belongs to no tenant, and the
// view of all audit logs. It crosses tenants by design: only super-admins use it.
type PlatformAudit interface {
	// Append adds an entry that belongs to no tenant. If [tenancy.Event.Entry]
	// refuses the event, Append returns its error and adds nothing.
	Append(ctx context.Context, e tenancy.Event) error

	// List returns at most q.Limit entries that match q, of all tenants and of none,
	// newest first; entries of the same time are in the descending order of their
	// ids.
	List(ctx context.Context, q PlatformAuditQuery) ([]tenancy.AuditEntry, error)
}

// PlatformAuditQuery selects entries of all chains. Its zero value selects all;
// Limit must be positive.
type PlatformAuditQuery struct {
	AuditFilter
	Before AuditCursor // only entries after this one in the list, unless zero
	Limit  int
}

// AuditCursor is the position of an entry in the list of all chains' entries.
type AuditCursor struct {
	At time.Time
	ID string
}
