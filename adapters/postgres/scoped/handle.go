package scoped

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Handle makes statements for one tenant:
//
//	notes := db.Scoped(ctx)
//	err := notes.NewSelect().Model(&found).Where("title = ?", a).WhereOr("title = ?", b).Scan(ctx)
//	// … WHERE "note".tenant_id = '…' AND (title = 'a' OR title = 'b')
//
//	err = notes.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
//		_, err := tx.NewUpdate().Model(&note).WherePK().Exec(ctx)
//		return err
//	})
//
// It has the methods of [bun.IDB] but BeginTx; [Scoped.RunInTx] gives the
// function such a handle.
//
//   - SELECT, UPDATE and DELETE carry the tenant's condition, whatever ends them
//     (Scan, Count, Exists, Rows, a sub-query, a CTE, a union). The caller's
//     conditions stand in brackets behind it, WhereOr included. It holds for the
//     model's table, and for those of Table and TableExpr that are plain names;
//     TableExpr("(?) AS q", inner) and a CTE carry their own. Anything else there
//     is refused.
//   - The tables of a relation carry it as well. The model of a many-to-many
//     relation's join table stands in [Options.Tables], before those that refer
//     to it.
//   - INSERT stamps its rows: a tenant_id that is zero, or that the model doesn't
//     have, becomes the tenant's. ON CONFLICT … DO UPDATE changes no other
//     tenant's row. INSERT … SELECT reads sub-queries and CTEs.
//   - A model, a Set or a context that names another tenant is an error with
//     [tenancy.CodeTenantMismatch], before the database is asked.
//   - MERGE, and what changes the schema, is refused. UPDATE and DELETE need a
//     condition of the caller's, as bun has it.
//
// Raw SQL and the text given to Join carry no condition: row-level security alone
// holds there. They are also how to read a table that has no tenant_id.
//
// A handle is safe for concurrent use. One within a transaction runs one
// statement at a time, until its rows are closed.
type Handle struct {
	factory *Factory
	tenant  tenancy.ID
	db      *bun.DB      // makes the statements: its generator knows the tenant
	tx      *transaction // nil outside one
	err     error        // why nothing may run
	unbound bool         // the context had no tenant, and some tables only observe that
}

// NewSelect begins a SELECT of the tenant's rows.
func (s *Handle) NewSelect() *bun.SelectQuery {
	q := bun.NewSelectQuery(s.db)
	return q.Conn(guard{scoped: s}).Err(s.err).ModelTableExpr("?", modelTable(0)).
		Where("?", filter(s.tenant)).Join("?", beforeWhere(func(at query) {
		if at.is(q) {
			group(bun.NewSelectQuery(s.db), q, s.tenant)
		}
	}))
}

// NewUpdate begins an UPDATE of the tenant's rows.
func (s *Handle) NewUpdate() *bun.UpdateQuery {
	q := bun.NewUpdateQuery(s.db)
	settle := func(statement string) (string, error) { return statement, s.checkUpdate(q) }
	return q.Conn(guard{s, settle}).Err(s.err).
		Where("?", filter(s.tenant)).Join("?", beforeWhere(func(at query) {
		if at.is(q) {
			group(bun.NewUpdateQuery(s.db), q, s.tenant)
		}
	}))
}

// NewDelete begins a DELETE of the tenant's rows.
func (s *Handle) NewDelete() *bun.DeleteQuery {
	q := bun.NewDeleteQuery(s.db)
	settle := func(statement string) (string, error) { return s.regroup(q, statement) }
	return q.Conn(guard{s, settle}).Err(s.err).Where("?", filter(s.tenant))
}

// NewInsert begins an INSERT of rows that become the tenant's.
func (s *Handle) NewInsert() *bun.InsertQuery {
	q := bun.NewInsertQuery(s.db)
	settle := func(statement string) (string, error) { return statement, s.checkInsert(q) }
	return q.Conn(guard{s, settle}).Err(s.err).Where("?", filter(s.tenant))
}

// NewValues begins a list of rows for a CTE or a sub-query.
func (s *Handle) NewValues(model any) *bun.ValuesQuery {
	return bun.NewValuesQuery(s.db, model).Conn(guard{scoped: s}).Err(s.err)
}

// NewRaw begins a statement of the caller's own, which row-level security alone
// confines to the tenant. Scoped queries among its arguments carry their
// condition.
func (s *Handle) NewRaw(statement string, args ...any) *bun.RawQuery {
	db := s.db
	if len(args) == 0 {
		db = s.factory.app // whose generator knows no names: the text stays as it is
	}
	return bun.NewRawQuery(db, statement, args...).Conn(guard{scoped: s}).Err(s.err)
}

// Dialect is bun's for PostgreSQL.
func (s *Handle) Dialect() schema.Dialect { return s.db.Dialect() }

// QueryContext runs a statement of the caller's own, as [Scoped.NewRaw] does.
func (s *Handle) QueryContext(
	ctx context.Context, statement string, args ...any,
) (*sql.Rows, error) {
	return guard{scoped: s}.QueryContext(ctx, s.format(statement, args))
}

// ExecContext runs a statement of the caller's own, as [Scoped.NewRaw] does.
func (s *Handle) ExecContext(
	ctx context.Context, statement string, args ...any,
) (sql.Result, error) {
	return guard{scoped: s}.ExecContext(ctx, s.format(statement, args))
}

// QueryRowContext runs a statement of the caller's own, as [Scoped.NewRaw] does.
func (s *Handle) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	return guard{scoped: s}.QueryRowContext(ctx, s.format(statement, args))
}

func (s *Handle) format(statement string, args []any) string {
	if len(args) == 0 {
		return statement
	}
	return s.db.QueryGen().FormatQuery(statement, args...)
}

// enter gives the context of a handle that was bound to no tenant the default
// one's.
func (s *Handle) enter(ctx context.Context) context.Context {
	if _, err := tenancy.FromContext(ctx); err != nil && s.unbound {
		return tenancy.NewContext(ctx, s.tenant)
	}
	return ctx
}

// check refuses a context of no tenant, of another than the handle's, and of a
// transaction that the handle isn't in.
func (s *Handle) check(ctx context.Context) error {
	if s.err != nil {
		return s.err
	}
	tenant, err := tenancy.FromContext(ctx)
	if err != nil {
		return err
	}
	if tenant != s.tenant {
		return tenancy.Errorf(tenancy.CodeTenantMismatch,
			"the context names another tenant than the handle")
	}
	if tx := transactionIn(ctx, s.factory); tx != nil && tx != s.tx {
		return errOtherTx
	}
	return errLayout
}
