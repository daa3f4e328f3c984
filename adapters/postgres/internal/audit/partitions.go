package audit

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	auditAhead = 3 // months whose partitions are made before they come
	auditTick  = 24 * time.Hour
	auditAgain = 10 * time.Minute // after a failure: somebody held what was to be locked
)

// keeper makes the partitions of the audit log and drops those that are too old.
type keeper struct {
	pool      *pool.Pool
	retention time.Duration // 0: for ever
}

// KeepPartitions starts what keeps the partitions of the audit log, until the pool is closed.
func KeepPartitions(p *pool.Pool, retention time.Duration) {
	p.Background.Start((&keeper{p, retention}).run)
}

func (k *keeper) run(ctx context.Context) {
	for {
		wait := auditTick
		if err := k.turn(ctx); err != nil && ctx.Err() == nil {
			wait = auditAgain
			k.pool.Settings.Logger.WarnContext(ctx,
				"the months of the audit log couldn't be looked after; it is tried again", "error",
				err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (k *keeper) turn(ctx context.Context) error {
	_, err := k.pool.System.NewRaw("SELECT bailiwick.audit_prepare(?)", auditAhead).
		Exec(pool.CrossTenant(ctx, "make the months of the audit log"))
	if err != nil || k.retention == 0 {
		return pgerr.Translate(err)
	}
	return pgerr.Translate(k.expire(pool.CrossTenant(ctx, "drop old months of the audit log")))
}

// expired is a part of the audit log that is gone.
type expired struct {
	Part    string `json:"part"`
	Entries int64  `json:"entries"`
}

// expireAudit drops what is too old, and says so in the log that stays.
func (k *keeper) expire(ctx context.Context) error {
	return k.pool.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var dropped []expired
		err := tx.NewRaw("SELECT part, entries FROM bailiwick.audit_expire(make_interval(secs =>"+
			" ?))", k.retention.Seconds()).Scan(ctx, &dropped)
		if err != nil || len(dropped) == 0 {
			return err
		}
		return RecordPlatform(ctx, tx, tenancy.Event{
			Action: "audit.expire", Target: tenancy.AuditTarget{Kind: "audit"},
			Details: map[string]any{"dropped": dropped,
				"retention": k.retention.String()},
		})
	})
}
