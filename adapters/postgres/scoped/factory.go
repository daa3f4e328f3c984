package scoped

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Config is what the handles of one database work with. Observer and CheckRight may be nil.
type Config struct {
	App  *bun.DB // sends the statements, each with the tenant of its context
	Host *bun.DB // begins the transactions of [Factory.IDB]

	Models  []any           // the models that the handles know
	Hooks   []bun.QueryHook // are called for the statements that bun formats
	Options []bun.DBOption  // without a connection resolver, which a handle doesn't ask

	// Observer lets statements without a tenant run on tables with the mode Observe; nil: every
	// table has the mode Enforce.
	Observer *Observer

	// DefaultTenant makes a context without a tenant one of the default tenant.
	DefaultTenant bool

	// CheckRight is called by [Handle.RunInTx] before each commit, in the transaction. The
	// transaction is rolled back if it returns an error.
	CheckRight func(ctx context.Context, tx *Handle) error
}

// Factory creates the handles of one database. postgres.DB has one.
type Factory struct {
	config Config
	scoped *bun.DB // has no connections; formats the statements of handles
	plain  *bun.DB // has no connections; sends raw statements unchanged
}

// NewFactory creates a factory.
func NewFactory(c Config) *Factory {
	// A query gives its bun.DB to every caller of q.DB().
	none := sql.OpenDB(refusingConnector{errNoHandle})
	scoped := scopedDB(none, c.Models, c.Options)
	plain := bun.NewDB(none, pgdialect.New(), c.Options...)
	for _, hook := range append([]bun.QueryHook{scopedHook{}}, c.Hooks...) {
		scoped, plain = scoped.WithQueryHook(hook), plain.WithQueryHook(hook)
	}
	return &Factory{config: c, scoped: scoped, plain: plain}
}

var errNoHandle = tenancy.Errorf(tenancy.CodeInternal,
	"a query's DB() has no connection, because its statements would have no tenant's"+
		" condition: use the handle")

// Close ends the factory's work. Its handles can't be used afterwards.
func (f *Factory) Close() error { return f.plain.Close() }

// Bind returns a handle that is bound to the tenant in ctx. When ctx has no tenant, every
// statement of the handle is refused with [tenancy.CodeNoTenant], except on tables with the
// mode Observe, or with Config.DefaultTenant. In a context of [Handle.RunInTx], every statement
// of the handle is refused: it would run outside the transaction.
func (f *Factory) Bind(ctx context.Context) *Handle {
	tenant, err := tenancy.FromContext(ctx)
	s := &Handle{factory: f, tenant: tenant, err: err, completes: f.config.DefaultTenant}
	if err != nil && (f.config.DefaultTenant || f.config.Observer != nil) {
		s.tenant, s.err, s.completes = tenancy.DefaultID, nil, true
		s.unbound = f.config.Observer != nil
	}
	s.err = s.check(s.withDefaultTenant(ctx))
	s.db = f.scoped.WithNamedArg(tenantArg, schema.Safe("'"+s.tenant.String()+"'"))
	return s
}
