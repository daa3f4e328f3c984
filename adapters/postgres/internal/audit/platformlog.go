package audit

import (
	"context"
	"database/sql"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// platformLog is [ports.PlatformAudit] on the system role's pool.
type platformLog struct{ pool *pool.Pool }

var _ ports.PlatformAudit = (*platformLog)(nil)

func (l *platformLog) Append(ctx context.Context, e tenancy.Event) error {
	ctx = pool.CrossTenant(ctx, "log what belongs to no tenant")
	return pgerr.Translate(RecordPlatform(ctx, l.pool.System, e))
}

// List pages by time and id: seq counts the entries of one chain only.
func (l *platformLog) List(
	ctx context.Context, q ports.PlatformAuditQuery,
) ([]tenancy.AuditEntry, error) {
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	ctx = pool.CrossTenant(ctx, "read the audit log of all tenants")
	if err := l.chainAll(ctx); err != nil {
		return nil, err
	}
	query := selectEntries(l.pool.System, q.AuditFilter).
		Order("at DESC", "id DESC").Limit(int64(q.Limit))
	if q.Before.ID != "" {
		id, err := uuid.Parse(q.Before.ID)
		if err != nil {
			return nil, tenancy.Errorf(tenancy.CodeInvalidCursor,
				"invalid cursor: it isn't the id of an audit entry")
		}
		query = query.Where("(at, id) < (?, ?::uuid)", q.Before.At, id.String())
	}
	return scanEntries(ctx, query)
}

// chainAll adds the pending entries of every chain to it. Each statement does one chain, so that
// no transaction holds one chain's end while it waits for another's: that could deadlock. It
// returns the chain's tenant, after which the next statement continues; NULL ends the loop.
func (l *platformLog) chainAll(ctx context.Context) error {
	var chained sql.NullString
	for {
		err := l.pool.System.NewRaw("SELECT bailiwick.chain_next_audit(?)::text", chained).
			Scan(ctx, &chained)
		if err != nil || !chained.Valid {
			return pgerr.Translate(err)
		}
	}
}
