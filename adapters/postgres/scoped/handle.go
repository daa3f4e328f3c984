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
// It has the methods of [bun.IDB] except BeginTx. [Handle.RunInTx] passes such a handle to
// its function.
//
//   - SELECT, UPDATE and DELETE have the tenant's condition, however they are executed
//     (Scan, Count, Exists, Rows, as a sub-query, in a CTE or a union). The caller's
//     conditions, WhereOr included, follow it in brackets. It applies to the model's table
//     and to each plain table name in Table and TableExpr. TableExpr("(?) AS q", inner) and
//     a CTE contain queries with their own condition. Anything else there is refused.
//   - The tables of a relation have the condition too. The model of the join table of a
//     many-to-many relation must be in Options.Tables (package postgres), before the models
//     that refer to it.
//   - INSERT sets the tenant of its rows: a tenant_id that is zero, or that the model
//     doesn't have, becomes the handle's tenant. ON CONFLICT … DO UPDATE doesn't change
//     rows of other tenants. INSERT … SELECT can read sub-queries and CTEs, names its
//     columns, and fails when a row has another tenant_id.
//   - A model, a Set or a context that names another tenant is refused with
//     [tenancy.CodeTenantMismatch], before the statement is sent.
//   - MERGE and statements that change the schema are refused. UPDATE and DELETE need a
//     condition from the caller, as bun requires.
//
// Raw SQL (NewRaw, and the methods that take a whole statement) and the tables that the text of
// a Join names have no condition: only row-level security applies there. Use them also to
// read a table that has no tenant_id. In any other text a table is refused: make a sub-query
// with the handle and pass it as an argument, Where("id IN (?)", query). So is every other
// statement without the condition, before it is sent: of q.NewSelect() and of q.DB(), of a
// query whose connection was replaced (Conn), with a query of another tenant's handle, with
// text that leaves its brackets.
//
// A handle is safe for concurrent use. A handle within a transaction runs one statement at a
// time: the next one waits until the rows of the previous one are closed.
type Handle struct {
	factory *Factory
	tenant  tenancy.ID
	db      *bun.DB      // formats the statements: its formatter knows the tenant
	tx      *transaction // nil outside a transaction
	err     error        // why every statement is refused; nil if none is

	unbound   bool // the context had no tenant, and some tables have the mode Observe
	completes bool // a context without a tenant gets the handle's, the default one
}

// NewSelect starts a SELECT of the tenant's rows.
func (s *Handle) NewSelect() *bun.SelectQuery {
	q := bun.NewSelectQuery(s.db)
	bracket := beforeWhere(func(rendered query) {
		if rendered.is(q) {
			group(bun.NewSelectQuery(s.db), q, s.tenant)
		}
	})
	return q.Conn(guard{handle: s}).Err(s.err).ModelTableExpr("?", modelTable(0)).
		Where("?", filter(s.tenant)).Join("?", bracket)
}

// NewUpdate starts an UPDATE of the tenant's rows.
func (s *Handle) NewUpdate() *bun.UpdateQuery {
	q := bun.NewUpdateQuery(s.db)
	recheck := func(statement string) (string, error) { return statement, s.checkUpdate(q) }
	bracket := beforeWhere(func(rendered query) {
		if rendered.is(q) {
			group(bun.NewUpdateQuery(s.db), q, s.tenant)
		}
	})
	return q.Conn(guard{handle: s, recheck: recheck}).Err(s.err).
		Where("?", filter(s.tenant)).Join("?", bracket)
}

// NewDelete starts a DELETE of the tenant's rows.
func (s *Handle) NewDelete() *bun.DeleteQuery {
	q := bun.NewDeleteQuery(s.db)
	recheck := func(statement string) (string, error) { return s.regroup(q, statement) }
	return q.Conn(guard{handle: s, recheck: recheck}).Err(s.err).Where("?", filter(s.tenant))
}

// NewInsert starts an INSERT of rows that become the tenant's.
func (s *Handle) NewInsert() *bun.InsertQuery {
	q := bun.NewInsertQuery(s.db)
	recheck := func(statement string) (string, error) { return statement, s.checkInsert(q) }
	return q.Conn(guard{handle: s, recheck: recheck}).Err(s.err).Where("?", filter(s.tenant))
}

// NewValues starts a list of rows for a CTE or a sub-query.
func (s *Handle) NewValues(model any) *bun.ValuesQuery {
	return bun.NewValuesQuery(s.db, model).Conn(guard{handle: s}).Err(s.err)
}

// NewRaw starts a raw SQL statement. Only row-level security confines it to the tenant.
// Scoped queries among its arguments keep their condition.
func (s *Handle) NewRaw(statement string, args ...any) *bun.RawQuery {
	db := s.db
	if len(args) == 0 {
		db = s.factory.plain // its formatter has no named arguments: the text stays unchanged
	}
	return bun.NewRawQuery(db, statement, args...).Conn(guard{handle: s, raw: true}).Err(s.err)
}

// Dialect returns bun's dialect for PostgreSQL.
func (s *Handle) Dialect() schema.Dialect { return s.db.Dialect() }

// QueryContext runs a raw SQL statement, as [Handle.NewRaw] does.
func (s *Handle) QueryContext(
	ctx context.Context, statement string, args ...any,
) (*sql.Rows, error) {
	return guard{handle: s, raw: true}.QueryContext(asRaw(ctx), s.format(statement, args))
}

// ExecContext runs a raw SQL statement, as [Handle.NewRaw] does.
func (s *Handle) ExecContext(
	ctx context.Context, statement string, args ...any,
) (sql.Result, error) {
	return guard{handle: s, raw: true}.ExecContext(asRaw(ctx), s.format(statement, args))
}

// QueryRowContext runs a raw SQL statement, as [Handle.NewRaw] does.
func (s *Handle) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	return guard{handle: s, raw: true}.QueryRowContext(asRaw(ctx), s.format(statement, args))
}

// format replaces the placeholders of a raw statement. Without arguments the text stays unchanged.
func (s *Handle) format(statement string, args []any) string {
	if len(args) == 0 {
		return statement
	}
	return s.db.QueryGen().FormatQuery(statement, args...)
}

// withDefaultTenant adds the default tenant to ctx when ctx has none and may go without.
func (s *Handle) withDefaultTenant(ctx context.Context) context.Context {
	if _, err := tenancy.FromContext(ctx); err != nil && s.completes {
		return tenancy.NewContext(ctx, tenancy.DefaultID)
	}
	return ctx
}

// check refuses a context without a tenant, a context of another tenant than the handle's,
// and a context of a transaction that the handle doesn't belong to.
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
