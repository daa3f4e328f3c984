package postgres

import (
	"context"
	"database/sql"
	"strings"

	"github.com/uptrace/bun"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// CrossTenant returns a [bun.IDB] that reads the rows of all tenants, as the system role. It is
// for reports and for support, never for a tenant's request. The reason says why, for the
// platform's audit log, in which CrossTenant appends an entry "platform.cross_tenant_read" before it
// returns; the actor is [tenancy.ActorFrom] the context. An empty reason is
// [tenancy.CodeReasonRequired].
//
// It reads the declared tables and bailiwick.tenants; other tables and functions of the library are
// refused. It only reads: any other statement is refused, and the database refuses what writes within a
// read. Write with [DB.EachTenant], in the context of each tenant. A transaction needs RunInTx,
// whose function must use the context that it gets; BeginTx is refused. Deadlines hold as for
// [DB.Scoped].
func (db *DB) CrossTenant(ctx context.Context, reason string) (bun.IDB, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" {
		return nil, tenancy.Errorf(tenancy.CodeReasonRequired,
			"reading across tenants needs a reason")
	}
	err := db.services.PlatformAudit.Append(ctx, tenancy.CrossTenantReadEvent(reason))
	if err != nil {
		return nil, err
	}
	return crossTenant{db.crossTenant, reason}, nil
}

// crossTenant marks the context of each statement with the reason, without which the system
// role's connections refuse it.
type crossTenant struct {
	db     *bun.DB
	reason string
}

func (c crossTenant) mark(ctx context.Context) context.Context {
	return pool.CrossTenantRead(ctx, c.reason)
}

func (c crossTenant) QueryContext(
	ctx context.Context, query string, args ...any,
) (*sql.Rows, error) {
	return c.db.QueryContext(c.mark(ctx), query, args...)
}

func (c crossTenant) ExecContext(
	ctx context.Context, query string, args ...any,
) (sql.Result, error) {
	return c.db.ExecContext(c.mark(ctx), query, args...)
}

func (c crossTenant) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return c.db.QueryRowContext(c.mark(ctx), query, args...)
}

var errCrossTenantTx = tenancy.Errorf(tenancy.CodeInternal,
	"a transaction across tenants needs RunInTx, whose context has the reason")

func (c crossTenant) BeginTx(context.Context, *sql.TxOptions) (bun.Tx, error) {
	return bun.Tx{}, errCrossTenantTx
}

func (c crossTenant) RunInTx(
	ctx context.Context, opts *sql.TxOptions, fn func(context.Context, bun.Tx) error,
) error {
	return c.db.RunInTx(c.mark(ctx), opts, fn)
}

// conn is the connection of the queries, whose text bun has formatted.
func (c crossTenant) conn() crossTenantConn { return crossTenantConn{c.db.DB, c} }

type crossTenantConn struct {
	db *sql.DB
	of crossTenant
}

func (c crossTenantConn) QueryContext(
	ctx context.Context, query string, args ...any,
) (*sql.Rows, error) {
	return c.db.QueryContext(c.of.mark(ctx), query, args...)
}

func (c crossTenantConn) ExecContext(
	ctx context.Context, query string, args ...any,
) (sql.Result, error) {
	return c.db.ExecContext(c.of.mark(ctx), query, args...)
}

func (c crossTenantConn) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return c.db.QueryRowContext(c.of.mark(ctx), query, args...)
}

func (c crossTenant) Dialect() bunschema.Dialect { return c.db.Dialect() }

func (c crossTenant) NewSelect() *bun.SelectQuery { return c.db.NewSelect().Conn(c.conn()) }

func (c crossTenant) NewRaw(query string, args ...any) *bun.RawQuery {
	return c.db.NewRaw(query, args...).Conn(c.conn())
}

func (c crossTenant) NewValues(model any) *bun.ValuesQuery {
	return c.db.NewValues(model).Conn(c.conn())
}
