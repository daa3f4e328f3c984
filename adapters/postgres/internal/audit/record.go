package audit

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// eventText is an event as bailiwick.log takes it: an entry of the audit log but
// for what the database adds.
type eventText struct {
	Actor     tenancy.Actor       `json:"actor"`
	Action    string              `json:"action"`
	Target    tenancy.AuditTarget `json:"target"`
	RequestID string              `json:"request_id"`
	Address   string              `json:"ip"`
	Outcome   tenancy.Outcome     `json:"outcome"`
	Details   json.RawMessage     `json:"details"`
}

func eventOf(ctx context.Context, e tenancy.Event) (string, error) {
	entry, err := e.Entry(ctx)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(eventText{
		Actor: entry.Actor, Action: entry.Action, Target: entry.Target, RequestID: entry.RequestID,
		Address: entry.Address,
		Outcome: entry.Outcome, Details: entry.Details,
	})
	return string(raw), err
}

// Record appends to the audit log of the tenant that db's transaction is scoped
// to. It is the last thing that a transaction does: it holds the end of the
// tenant's chain until the commit.
func Record(ctx context.Context, db bun.IDB, e tenancy.Event) error {
	return recordBy(ctx, db, "log", e)
}

// RecordPlatform appends to the log of what belongs to no tenant. Only the system
// role may.
func RecordPlatform(ctx context.Context, db bun.IDB, e tenancy.Event) error {
	return recordBy(ctx, db, "log_platform", e)
}

// RecordForTenant appends to the log of a tenant in a transaction that is scoped to none.
// Only the system role may. Who appends to several takes them in the order of the
// tenants' ids, and the platform's last: so nobody waits in a circle.
func RecordForTenant(ctx context.Context, db bun.IDB, tenant tenancy.ID, e tenancy.Event) error {
	text, err := eventOf(ctx, e)
	if err != nil {
		return err
	}
	_, err = db.NewRaw("SELECT bailiwick.log_in(?, ?, ?::jsonb)", tenant, pool.NewID(), text).
		Exec(ctx)
	return err
}

func recordBy(ctx context.Context, db bun.IDB, function string, e tenancy.Event) error {
	text, err := eventOf(ctx, e)
	if err != nil {
		return err
	}
	_, err = db.NewRaw("SELECT bailiwick."+function+"(?, ?::jsonb)", pool.NewID(), text).Exec(ctx)
	return err
}
