package audit

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Record appends e to the audit log of the tenant that db's transaction is scoped to. Call it
// last in a transaction: it locks the end of the tenant's chain until the commit. The same
// statement checks the right of the transaction's call before, unless that is done.
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
	event, err := e.Text(ctx)
	if err != nil {
		return err
	}
	return pool.CallChecked(ctx, db, "bailiwick.log_in(?, ?, ?::jsonb)", tenant, pool.NewID(),
		string(event))
}

// callLog calls the function of this name in the schema bailiwick.
func callLog(ctx context.Context, db bun.IDB, function string, e tenancy.Event) error {
	event, err := e.Text(ctx)
	if err != nil {
		return err
	}
	return pool.CallChecked(ctx, db, "bailiwick."+function+"(?, ?::jsonb)", pool.NewID(),
		string(event))
}

// Chain adds the entries that an import left pending to the chain of the tenant in ctx.
func Chain(ctx context.Context, p *pool.Pool) error {
	_, err := p.App.NewRaw("SELECT bailiwick.chain_audit()").Exec(ctx)
	return pgerr.Translate(err)
}
