package scoped

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Factory creates the handles of one database. postgres.DB has one.
type Factory struct {
	app      *bun.DB   // sends the statements, each with the tenant of its context
	scoped   *bun.DB   // has no connections; formats the statements of handles
	plain    *bun.DB   // has no connections; sends raw statements unchanged
	observer *Observer // nil: every table has the mode Enforce

	declared   declarations
	checkRight func(context.Context, *Handle) error // nil: transactions check none
}

// NewFactory creates a factory whose handles know models and tables. The statements run on the
// connections of app, and hooks are called for those that bun formats. With a nil observer,
// every statement without a tenant is refused.
func NewFactory(
	app *bun.DB, models []any, tables Tables, hooks []bun.QueryHook, observer *Observer,
) *Factory {
	declared := newDeclarations(tables)
	// A query gives its bun.DB to every caller of q.DB().
	none := sql.OpenDB(refusingConnector{errNoHandle})
	scoped, plain := scopedDB(none, models, declared), bun.NewDB(none, pgdialect.New())
	for _, hook := range append([]bun.QueryHook{scopedHook{}}, hooks...) {
		scoped, plain = scoped.WithQueryHook(hook), plain.WithQueryHook(hook)
	}
	return &Factory{app: app, scoped: scoped, plain: plain, observer: observer,
		declared: declared}
}

var errNoHandle = tenancy.Errorf(tenancy.CodeInternal,
	"a query's DB() has no connection, because its statements would have no tenant's"+
		" condition: use the handle")

// Close ends the factory's work. Its handles can't be used afterwards.
func (f *Factory) Close() error { return f.plain.Close() }

// CheckRights makes [Handle.RunInTx] call check before each commit, in the transaction. The
// transaction is rolled back if it returns an error.
func (f *Factory) CheckRights(check func(ctx context.Context, tx *Handle) error) {
	f.checkRight = check
}

// Bind returns a handle that is bound to the tenant in ctx. When ctx has no tenant, every
// statement of the handle is refused with [tenancy.CodeNoTenant], except on tables with the
// mode Observe. In a context of [Handle.RunInTx], every statement of the handle is refused:
// it would run outside the transaction.
func (f *Factory) Bind(ctx context.Context) *Handle {
	tenant, err := tenancy.FromContext(ctx)
	s := &Handle{factory: f, tenant: tenant, err: err}
	if err != nil && f.observer != nil {
		s.tenant, s.err, s.unbound = tenancy.DefaultID, nil, true
	}
	s.err = s.check(s.withDefaultTenant(ctx))
	s.db = f.scoped.WithNamedArg(tenantArg, schema.Safe("'"+s.tenant.String()+"'"))
	return s
}
