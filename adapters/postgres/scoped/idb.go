package scoped

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
)

// IDB returns a handle as [Factory.Bind] does, for code that is written for a [bun.IDB]. Its
// queries are the handle's, with the tenant's condition. Its transactions are bun's own and
// can't add it: in a [bun.Tx] row-level security alone confines the statements, and a model
// whose tenant_id is zero or another tenant's is refused by the database, not stamped. With
// tenancy off nothing confines them.
//
// A transaction is bound to the tenant of its BeginTx or RunInTx: a statement whose context
// names another tenant or none is refused. If the context of its beginning carries the right of
// a call, Commit checks the right as [Handle.RunInTx] does. Prefer [Handle.RunInTx], whose
// transaction keeps the condition.
func (f *Factory) IDB(ctx context.Context) bun.IDB { return idb{f.Bind(ctx)} }

type idb struct{ *Handle }

// BeginTx begins a transaction of bun: see [Factory.IDB].
func (d idb) BeginTx(ctx context.Context, opts *sql.TxOptions) (bun.Tx, error) {
	ctx = d.withDefaultTenant(ctx)
	if err := d.check(ctx); err != nil {
		return bun.Tx{}, err
	}
	return d.factory.config.Host.BeginTx(ctx, opts)
}

// RunInTx runs fn in a transaction of bun: see [Factory.IDB].
func (d idb) RunInTx(
	ctx context.Context, opts *sql.TxOptions, fn func(ctx context.Context, tx bun.Tx) error,
) error {
	ctx = d.withDefaultTenant(ctx)
	if err := d.check(ctx); err != nil {
		return err
	}
	return d.factory.config.Host.RunInTx(ctx, opts, fn)
}
