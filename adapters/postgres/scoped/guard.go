package scoped

import (
	"context"
	"database/sql"
	"database/sql/driver"

	"github.com/uptrace/bun"
)

// guard is what the handle's statements run on: those of a query, and those
// that bun makes itself for its relations.
type guard struct {
	scoped *Handle
	// the last look of the query that it was made for, if any
	recheck func(statement string) (string, error)
}

var _ bun.IConn = guard{}

func (g guard) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	ctx = g.scoped.enter(ctx)
	statement, err := g.prepare(ctx, statement)
	if err != nil {
		return nil, err
	}
	return g.conn().QueryContext(ctx, statement, args...)
}

func (g guard) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	ctx = g.scoped.enter(ctx)
	statement, err := g.prepare(ctx, statement)
	if err != nil {
		return nil, err
	}
	return g.conn().ExecContext(ctx, statement, args...)
}

func (g guard) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	ctx = g.scoped.enter(ctx)
	statement, err := g.prepare(ctx, statement)
	if err != nil {
		return refusedRow(err)
	}
	return g.conn().QueryRowContext(ctx, statement, args...)
}

func (g guard) prepare(ctx context.Context, statement string) (string, error) {
	if err := g.scoped.check(ctx); err != nil {
		return "", err
	}
	if g.recheck != nil {
		settled, err := g.recheck(statement)
		if err != nil {
			return "", err
		}
		statement = settled
	}
	statement, err := withoutMarks(statement)
	if err == nil && g.scoped.unbound {
		err = g.scoped.factory.observer.admit(ctx, statement)
	}
	return statement, err
}

// conn is database/sql's own: bun's would format the statement once more.
func (g guard) conn() bun.IConn {
	if g.scoped.tx != nil {
		return g.scoped.tx.sql
	}
	return g.scoped.factory.app.DB
}

// refusing is a connection to nowhere.
type refusing struct{ err error }

func (r refusing) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil,
		r.err
}

func (r refusing) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil,
		r.err
}

func (r refusing) QueryRowContext(context.Context, string,
	...any) *sql.Row {
	return refusedRow(r.err)
}

// refusedRow is a row whose Scan is err. database/sql makes one only when a
// connection can't be had.
func refusedRow(err error) *sql.Row {
	db := sql.OpenDB(unconnected{err})
	defer db.Close()
	return db.QueryRowContext(context.Background(), "")
}

type unconnected struct{ err error }

func (u unconnected) Connect(context.Context) (driver.Conn, error) { return nil, u.err }

func (u unconnected) Driver() driver.Driver { return nil }
