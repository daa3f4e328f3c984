package session

import (
	"context"
	"database/sql/driver"
)

// Executor is a connection that sends statements with their arguments.
type Executor interface {
	driver.QueryerContext
	driver.ExecerContext
}

// prepared keeps the text of a statement and sends it with each execution. The server prepares
// nothing: a prepared statement would stay on the connection for its next user, and a pooler
// may have given the next transaction another session.
type prepared struct {
	conn  Executor
	query string
}

var (
	_ driver.StmtExecContext  = prepared{}
	_ driver.StmtQueryContext = prepared{}
)

// NewPrepared returns a statement that conn executes, with the tenant of each execution.
func NewPrepared(conn Executor, query string) driver.Stmt { return prepared{conn, query} }

func (p prepared) ExecContext(
	ctx context.Context, args []driver.NamedValue,
) (driver.Result, error) {
	return p.conn.ExecContext(ctx, p.query, args)
}

func (p prepared) QueryContext(
	ctx context.Context, args []driver.NamedValue,
) (driver.Rows, error) {
	return p.conn.QueryContext(ctx, p.query, args)
}

// Exec has no context, so no tenant. database/sql calls ExecContext.
func (p prepared) Exec([]driver.Value) (driver.Result, error) {
	return p.conn.ExecContext(context.Background(), p.query, nil)
}

// Query has no context, so no tenant. database/sql calls QueryContext.
func (p prepared) Query([]driver.Value) (driver.Rows, error) {
	return p.conn.QueryContext(context.Background(), p.query, nil)
}

// NumInput says that the number of arguments is checked when the statement is sent.
func (p prepared) NumInput() int { return -1 }

func (p prepared) Close() error { return nil }
