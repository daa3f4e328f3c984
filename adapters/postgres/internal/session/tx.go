package session

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tx is a transaction. It keeps the tenant that it began with.
type tx struct {
	conn   *conn
	tenant tenancy.ID
	limit  timeLimit // that its statements have at present, by the server
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tenant, err := c.connector.config.Scope(ctx)
	if err != nil {
		return nil, err
	}
	begin := "BEGIN"
	if level := sql.IsolationLevel(opts.Isolation); level != sql.LevelDefault {
		begin += " ISOLATION LEVEL " + level.String()
	}
	if opts.ReadOnly {
		begin += " READ ONLY"
	}
	wait, err := c.connector.timeLimit(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.begin(ctx, begin, tenant, wait); err != nil {
		return nil, err
	}
	return c.tx, nil
}

// propagateToWorkers has Citus send settings on to its workers; to PostgreSQL it means
// nothing.
const propagateToWorkers = "SET LOCAL citus.propagate_set_commands='local';"

func (c *conn) begin(ctx context.Context, begin string, tenant tenancy.ID, wait timeLimit) error {
	scope, err := c.connector.scope(tenant, wait)
	if err != nil {
		return err
	}
	if c.connector.config.Explicit {
		scope = propagateToWorkers + scope
	}
	if _, err := c.exec(ctx, statement{text: begin + ";" + scope, limit: wait}); err != nil {
		_ = c.inner.Close() // it may stand in an aborted transaction
		return err
	}
	c.tx = &tx{conn: c, tenant: tenant, limit: wait}
	return nil
}

// withLimit puts in front of a statement the deadline that it has, if it differs
// from that of the statement before. A transaction that failed takes nothing but
// its end, or a way back; and what is in force after that is what was before the
// savepoint.
func (t *tx) withLimit(wait timeLimit, found message, query string) string {
	same := wait.Duration == t.limit.Duration || wait.isDefault && t.limit.isDefault
	if !same && !found.startsWithRollback {
		query = wait.setLocal() + query
		t.limit = wait
	}
	if found.rollsBack {
		t.limit = timeLimit{}
	}
	return query
}

var errFailedTx = tenancy.Errorf(tenancy.CodeInternal,
	"the transaction failed before, and the error was passed over: nothing of it is committed")

const stateFailedTx = "25P02" // in_failed_sql_transaction

// Commit ends the transaction. PostgreSQL takes COMMIT of one that failed for a
// ROLLBACK, and says so in a word that pgdriver doesn't pass on. So something
// goes before it that a failed transaction refuses: COMMIT's own deadline.
func (t *tx) Commit() error {
	wait := timeLimit{Duration: t.conn.connector.config.Timeout}
	err := t.end(wait.setLocal() + "COMMIT")
	if failed, ok := errors.AsType[pgdriver.Error](err); ok && failed.Field('C') == stateFailedTx {
		return errFailedTx.Because(err)
	}
	return err
}

func (t *tx) Rollback() error { return t.end("ROLLBACK") }

// end leaves the transaction. A connection whose transaction didn't end is of
// no use to anybody.
func (t *tx) end(how string) error {
	t.conn.tx = nil
	wait := timeLimit{Duration: t.conn.connector.config.Timeout}
	_, err := t.conn.exec(context.Background(), statement{text: how, limit: wait})
	if err != nil {
		_ = t.conn.inner.Close()
	}
	return err
}
