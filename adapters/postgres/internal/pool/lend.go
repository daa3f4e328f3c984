package pool

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// lend returns a pool for code that isn't the library's. It has no connections: each use borrows
// one of from, within the limits of from, and gives it back. So whatever is done to the pool, even
// Close or SetMaxOpenConns, does nothing to from. bind completes the context of each statement.
func lend(from *sql.DB, bind func(context.Context) context.Context) *sql.DB {
	return sql.OpenDB(lender{from, bind})
}

type lender struct {
	from *sql.DB
	bind func(context.Context) context.Context
}

// Connect borrows a connection. It waits while all connections are in use.
func (l lender) Connect(ctx context.Context) (driver.Conn, error) {
	owner, err := l.from.Conn(ctx)
	if err != nil {
		return nil, err
	}
	c := &lentConn{owner: owner, bind: l.bind}
	err = owner.Raw(func(inner any) error {
		c.inner = inner.(scopedConn) // it stays the owner's until the owner is closed
		return nil
	})
	return c, err
}

func (l lender) Driver() driver.Driver { return l.from.Driver() }

// scopedConn is a connection of [session.Connector].
type scopedConn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.Pinger
	session.Executor
}

// lentConn is a borrowed connection.
type lentConn struct {
	inner scopedConn
	owner *sql.Conn
	bind  func(context.Context) context.Context
}

func (c *lentConn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	return c.inner.QueryContext(c.bind(ctx), query, args)
}

func (c *lentConn) ExecContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Result, error) {
	return c.inner.ExecContext(c.bind(ctx), query, args)
}

func (c *lentConn) Prepare(query string) (driver.Stmt, error) {
	return session.NewPrepared(c, query), nil
}

func (c *lentConn) Ping(ctx context.Context) error { return c.inner.Ping(ctx) }

func (c *lentConn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *lentConn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	ctx = c.bind(ctx)
	begun, err := c.inner.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	if _, ok := tenancy.RightFrom(ctx); !ok || opts.ReadOnly {
		return begun, nil
	}
	return &checkedTx{Tx: begun, ctx: ctx, conn: c.inner}, nil
}

// Close gives the connection back.
func (c *lentConn) Close() error { return c.owner.Close() }

// IsValid makes database/sql give the connection back after each use, whatever number of idle
// connections it may keep.
func (c *lentConn) IsValid() bool { return false }

// checkedTx is a transaction that is committed only if the caller of its BEGIN still has the
// right of the call.
type checkedTx struct {
	driver.Tx
	ctx  context.Context // of BEGIN
	conn scopedConn
}

func (t *checkedTx) Commit() error {
	one := bun.NewDB(sql.OpenDB(onlyConn{t.conn}), pgdialect.New())
	defer one.Close()
	if err := CheckHostRight(t.ctx, one); err != nil {
		_ = t.Rollback()
		return pgerr.Translate(err)
	}
	return t.Tx.Commit()
}

// onlyConn makes a pool of one connection, which the pool doesn't close.
type onlyConn struct{ scopedConn }

func (c onlyConn) Connect(context.Context) (driver.Conn, error) { return c, nil }

func (c onlyConn) Driver() driver.Driver { return nil }

func (c onlyConn) Close() error { return nil }
