package postgres

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Scoped makes queries for one tenant: every select, update and delete carries
// WHERE tenant_id = …, by the alias of its model, whatever ends it (Scan, Count,
// Exists, Rows, a sub-query). Inserts are stamped by the column's default: tag
// the model's field "nullzero", or leave it out. A row or a context that names
// another tenant is an error.
//
// Raw SQL carries no filter. Row-level security holds for it all the same.
type Scoped struct {
	db     bun.IDB
	tenant tenancy.ID
	err    error
}

// Scoped binds a handle to the tenant in ctx. Without one, every query that it
// makes is an error with [tenancy.CodeNoTenant].
func (db *DB) Scoped(ctx context.Context) *Scoped {
	tenant, err := tenancy.FromContext(ctx)
	return &Scoped{db: db.app, tenant: tenant, err: err}
}

// NewSelect begins a SELECT of the tenant's rows.
func (s *Scoped) NewSelect() *bun.SelectQuery {
	q := s.db.NewSelect().Conn(s.guard()).Err(s.err)
	return q.Where("?", filter{q, s.tenant})
}

// NewUpdate begins an UPDATE of the tenant's rows.
func (s *Scoped) NewUpdate() *bun.UpdateQuery {
	q := s.db.NewUpdate().Conn(s.guard()).Err(s.err)
	return q.Where("?", filter{q, s.tenant})
}

// NewDelete begins a DELETE of the tenant's rows.
func (s *Scoped) NewDelete() *bun.DeleteQuery {
	q := s.db.NewDelete().Conn(s.guard()).Err(s.err)
	return q.Where("?", filter{q, s.tenant})
}

// NewInsert begins an INSERT, which the database stamps with the tenant.
func (s *Scoped) NewInsert() *bun.InsertQuery {
	return s.db.NewInsert().Conn(s.guard()).Err(s.err)
}

// NewRaw begins a statement of the caller's own, which row-level security alone
// confines to the tenant.
func (s *Scoped) NewRaw(query string, args ...any) *bun.RawQuery {
	return s.db.NewRaw(query, args...).Conn(s.guard()).Err(s.err)
}

// RunInTx runs fn in a transaction, with a handle bound to it and to the same
// tenant. An error of fn rolls back.
func (s *Scoped) RunInTx(ctx context.Context, opts *sql.TxOptions, fn func(ctx context.Context, tx *Scoped) error) error {
	if err := s.check(ctx); err != nil {
		return err
	}
	return s.db.RunInTx(ctx, opts, func(ctx context.Context, tx bun.Tx) error {
		return fn(ctx, &Scoped{db: tx, tenant: s.tenant})
	})
}

// check refuses a context of no tenant, or of another than the handle's.
func (s *Scoped) check(ctx context.Context) error {
	if s.err != nil {
		return s.err
	}
	tenant, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	if tenant != s.tenant {
		return tenancy.Errorf(tenancy.CodeTenantMismatch, "the context names another tenant than the handle")
	}
	return nil
}

func (s *Scoped) guard() bun.IConn { return guard{s} }

// guard is what the handle's queries run on.
type guard struct{ scoped *Scoped }

func (g guard) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if err := g.scoped.check(ctx); err != nil {
		return nil, err
	}
	return g.scoped.db.QueryContext(ctx, query, args...)
}

func (g guard) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if err := g.scoped.check(ctx); err != nil {
		return nil, err
	}
	return g.scoped.db.ExecContext(ctx, query, args...)
}

// QueryRowContext can't answer an error of its own: a context that the check
// refuses is cancelled, with the reason as its cause.
func (g guard) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if err := g.scoped.check(ctx); err != nil {
		refused, cancel := context.WithCancelCause(ctx)
		cancel(err)
		ctx = refused
	}
	return g.scoped.db.QueryRowContext(ctx, query, args...)
}

// filter writes the tenant's condition when the query's model is known.
type filter struct {
	query  interface{ GetModel() bun.Model }
	tenant tenancy.ID
}

func (f filter) AppendQuery(_ schema.QueryGen, b []byte) ([]byte, error) {
	model, ok := f.query.GetModel().(bun.TableModel)
	if !ok {
		return nil, fmt.Errorf("a scoped query needs a model: without one there is nothing to filter by")
	}
	b = append(b, model.Table().SQLAlias...)
	b = append(b, ".tenant_id = '"...)
	b = append(b, f.tenant.String()...)
	return append(b, '\''), nil
}
