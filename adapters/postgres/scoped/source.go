package scoped

import (
	"context"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Factory makes the handles of one database. [postgres.DB] has one.
type Factory struct {
	app      *bun.DB   // sends the statements, each scoped by its context's tenant
	scoped   *bun.DB   // the same connections; makes the statements of handles
	observer *Observer // nil: every table enforces
}

// NewFactory makes a source whose handles know models. The statements
// run on the connections of app; hooks see those that bun makes. A nil observer
// refuses every statement without a tenant.
func NewFactory(app *bun.DB, models []any, hooks []bun.QueryHook, observer *Observer) *Factory {
	scoped := scopedDB(app.DB, models)
	if len(hooks) > 0 {
		scoped = scoped.WithQueryHook(scopedHook{})
	}
	for _, hook := range hooks {
		scoped = scoped.WithQueryHook(hook)
	}
	return &Factory{app: app, scoped: scoped, observer: observer}
}

// Bind binds a handle to the tenant in ctx. Without one, every statement that it
// makes is an error with [tenancy.CodeNoTenant]. Within [Scoped.RunInTx] the handle
// is the one given to the function: another one of the same context would run
// outside the transaction, and is an error therefore.
func (src *Factory) Bind(ctx context.Context) *Handle {
	tenant, err := tenancy.FromContext(ctx)
	s := &Handle{factory: src, tenant: tenant, err: err}
	if err != nil && src.observer != nil {
		s.tenant, s.err, s.unbound = tenancy.DefaultID, nil, true
	}
	s.err = s.check(s.enter(ctx))
	s.db = src.scoped.WithNamedArg(tenantArg, schema.Safe("'"+tenant.String()+"'"))
	return s
}
