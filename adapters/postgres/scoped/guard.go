package scoped

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
)

// guard is the connection that the handle's statements run on: those of a query, and those
// that bun creates for the relations of a model.
type guard struct {
	handle *Handle

	// recheck checks the statement of the guard's query before it is sent, and may replace
	// it; nil: no check.
	recheck func(statement string) (string, error)

	// raw says that the guard's query is raw SQL, which only row-level security confines.
	raw bool
}

var _ bun.IConn = guard{}

func (g guard) QueryContext(ctx context.Context, statement string, args ...any) (*sql.Rows, error) {
	ctx = g.handle.withDefaultTenant(ctx)
	statement, err := g.prepare(ctx, statement)
	if err != nil {
		return nil, err
	}
	return g.conn().QueryContext(ctx, statement, args...)
}

func (g guard) ExecContext(ctx context.Context, statement string, args ...any) (sql.Result, error) {
	ctx = g.handle.withDefaultTenant(ctx)
	statement, err := g.prepare(ctx, statement)
	if err != nil {
		return nil, err
	}
	return g.conn().ExecContext(ctx, statement, args...)
}

func (g guard) QueryRowContext(ctx context.Context, statement string, args ...any) *sql.Row {
	ctx = g.handle.withDefaultTenant(ctx)
	statement, err := g.prepare(ctx, statement)
	if err != nil {
		return refusedRow(err)
	}
	return g.conn().QueryRowContext(ctx, statement, args...)
}

// prepare checks the context and the statement, and returns the statement to send.
func (g guard) prepare(ctx context.Context, statement string) (string, error) {
	if err := g.handle.check(ctx); err != nil {
		return "", err
	}
	if g.recheck != nil {
		checked, err := g.recheck(statement)
		if err != nil {
			return "", err
		}
		statement = checked
	}
	statement, err := withoutMarks(statement)
	if err != nil {
		return "", err
	}
	// Queries that are made with a raw query (q.NewSelect()) have its guard and aren't raw.
	if !(g.raw && isRaw(ctx)) && !filterbypass.Bypassed(ctx) {
		if statement, err = prove(statement, g.handle.tenant); err != nil {
			return "", err
		}
	}
	statement = strings.ReplaceAll(statement, markConfined, "")
	if config := &g.handle.factory.config; g.handle.unbound {
		if err := config.Observer.admit(ctx, statement); err != nil && !config.DefaultTenant {
			return "", err
		}
	}
	return statement, nil
}

// conn returns a connection of database/sql: bun's would format the statement a second time.
func (g guard) conn() bun.IConn {
	if g.handle.tx != nil {
		return g.handle.tx.sql
	}
	return g.handle.factory.config.App.DB
}

// refusing is a connection that returns err for every statement.
type refusing struct{ err error }

func (r refusing) QueryContext(context.Context, string, ...any) (*sql.Rows, error) {
	return nil, r.err
}

func (r refusing) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, r.err
}

func (r refusing) QueryRowContext(context.Context, string, ...any) *sql.Row {
	return refusedRow(r.err)
}

// refusedRow returns a row whose Scan returns err. Only database/sql can create such a row,
// and it does so only when it gets no connection.
func refusedRow(err error) *sql.Row {
	db := sql.OpenDB(refusingConnector{err})
	defer db.Close()
	return db.QueryRowContext(context.Background(), "")
}

type refusingConnector struct{ err error }

func (c refusingConnector) Connect(context.Context) (driver.Conn, error) { return nil, c.err }

func (c refusingConnector) Driver() driver.Driver { return nil }
