package audit

import (
	"context"
	"database/sql"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

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

// execer is a transaction of a host.
type execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

var literals = schema.NewQueryGen(pgdialect.New())

// RecordHost appends an event of the host to the audit log of the tenant that tx is scoped to.
// The text has no arguments, which not every kind of transaction replaces, and no question
// marks, which bun would take for placeholders: JSON has them only within strings.
func RecordHost(ctx context.Context, tx execer, e tenancy.Event) error {
	if err := e.CheckHost(); err != nil {
		return err
	}
	event, err := e.Text(ctx)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(string(event), "?", `\u003f`)
	_, err = tx.ExecContext(ctx, literals.FormatQuery("SELECT bailiwick.log(?, ?::jsonb)",
		pool.NewID(), text))
	return pgerr.Translate(err)
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
