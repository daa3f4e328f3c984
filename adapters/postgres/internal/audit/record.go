package audit

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// eventJSON is the argument of the function bailiwick.log: an entry of the audit log without
// the members that the database adds.
type eventJSON struct {
	Actor     tenancy.Actor       `json:"actor"`
	Action    string              `json:"action"`
	Target    tenancy.AuditTarget `json:"target"`
	RequestID string              `json:"request_id"`
	Address   string              `json:"ip"`
	Outcome   tenancy.Outcome     `json:"outcome"`
	Details   json.RawMessage     `json:"details"`
}

// marshalEvent completes e with the actor and the request of ctx, checks it, and returns it as
// JSON.
func marshalEvent(ctx context.Context, e tenancy.Event) (string, error) {
	entry, err := e.Entry(ctx)
	if err != nil {
		return "", err
	}
	raw, err := json.Marshal(eventJSON{
		Actor: entry.Actor, Action: entry.Action, Target: entry.Target,
		RequestID: entry.RequestID, Address: entry.Address,
		Outcome: entry.Outcome, Details: entry.Details,
	})
	return string(raw), err
}

// Record appends e to the audit log of the tenant that db's transaction is scoped to. Call it
// last in a transaction: it locks the end of the tenant's chain until the commit.
func Record(ctx context.Context, db bun.IDB, e tenancy.Event) error {
	return callLog(ctx, db, "log", e)
}

// RecordPlatform appends e to the platform's audit log, which belongs to no tenant. Only the
// system role may call it.
func RecordPlatform(ctx context.Context, db bun.IDB, e tenancy.Event) error {
	return callLog(ctx, db, "log_platform", e)
}

// RecordForTenant appends e to a tenant's audit log in a transaction that is scoped to no
// tenant. Only the system role may call it. A transaction that appends to several logs goes
// through them in the order of the tenants' ids, and to the platform's log last, so that
// transactions don't deadlock.
func RecordForTenant(ctx context.Context, db bun.IDB, tenant tenancy.ID, e tenancy.Event) error {
	event, err := marshalEvent(ctx, e)
	if err != nil {
		return err
	}
	_, err = db.NewRaw("SELECT bailiwick.log_in(?, ?, ?::jsonb)", tenant, pool.NewID(), event).
		Exec(ctx)
	return err
}

// callLog calls the function of this name in the schema bailiwick.
func callLog(ctx context.Context, db bun.IDB, function string, e tenancy.Event) error {
	event, err := marshalEvent(ctx, e)
	if err != nil {
		return err
	}
	_, err = db.NewRaw("SELECT bailiwick."+function+"(?, ?::jsonb)", pool.NewID(), event).Exec(ctx)
	return err
}

// Chain adds the entries that an import left pending to the chain of the tenant in ctx.
func Chain(ctx context.Context, p *pool.Pool) error {
	_, err := p.App.NewRaw("SELECT bailiwick.chain_audit()").Exec(ctx)
	return pgerr.Translate(err)
}
