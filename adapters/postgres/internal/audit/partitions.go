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
	monthsAhead        = 3 // months whose partitions exist before the months begin
	partitionsInterval = 24 * time.Hour
	partitionsRetry    = 10 * time.Minute // after a failure, such as a lock timeout
)

// partitionKeeper creates the partitions of the audit log and drops those older than the
// retention.
type partitionKeeper struct {
	pool      *pool.Pool
	retention time.Duration // 0 keeps every partition
}

// KeepPartitions starts the background work that creates the partitions of the audit log and
// drops those older than retention (0 drops none). It runs until p is closed.
func KeepPartitions(p *pool.Pool, retention time.Duration) {
	p.Background.Start((&partitionKeeper{p, retention}).run)
}

// run maintains the partitions once a day, and sooner after a failure. Every instance does it;
// locks in the database keep them apart.
func (k *partitionKeeper) run(ctx context.Context) {
	for {
		wait := partitionsInterval
		if err := k.maintain(ctx); err != nil && ctx.Err() == nil {
			wait = partitionsRetry
			k.pool.Settings.Logger.WarnContext(ctx,
				"the partitions of the audit log could not be created or dropped; retry in "+
					wait.String(), "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// maintain creates the partitions of the months to come, then drops the expired ones.
func (k *partitionKeeper) maintain(ctx context.Context) error {
	_, err := k.pool.System.NewRaw("SELECT bailiwick.audit_prepare(?)", monthsAhead).
		Exec(pool.CrossTenant(ctx, "make the months of the audit log"))
	if err != nil || k.retention == 0 {
		return pgerr.Translate(err)
	}
	return pgerr.Translate(k.dropExpired(pool.CrossTenant(ctx, "drop old months of the audit log")))
}

// droppedPartition is a partition in the details of the entry audit.expire.
type droppedPartition struct {
	Part    string `json:"part"`
	Entries int64  `json:"entries"`
}

// dropExpired drops the partitions older than the retention, and records that in the platform's
// audit log in the same transaction.
func (k *partitionKeeper) dropExpired(ctx context.Context) error {
	return k.pool.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		var dropped []droppedPartition
		err := tx.NewRaw(
			"SELECT part, entries FROM bailiwick.audit_expire(make_interval(secs => ?))",
			k.retention.Seconds()).Scan(ctx, &dropped)
		if err != nil || len(dropped) == 0 {
			return err
		}
		return RecordPlatform(ctx, tx, tenancy.Event{
			Action: "audit.expire", Target: tenancy.AuditTarget{Kind: "audit"},
			Details: map[string]any{"dropped": dropped, "retention": k.retention.String()},
		})
	})
}
