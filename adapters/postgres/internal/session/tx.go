package session

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tx is a transaction, bound to the tenant of its BEGIN.
type tx struct {
	conn   *conn
	tenant tenancy.ID
	limit  timeLimit // the one in force on the server
}

func (c *conn) Begin() (driver.Tx, error) {
	return c.BeginTx(context.Background(), driver.TxOptions{})
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	tenant, err := c.connector.config.Scope(ctx)
	if err != nil {
		return nil, err
	}
	modes := ""
	level := sql.IsolationLevel(opts.Isolation)
	if level != sql.LevelDefault {
		modes += " ISOLATION LEVEL " + level.String()
	}
	if opts.ReadOnly || c.connector.config.readOnly(ctx) {
		modes += " READ ONLY"
	}
	wait, err := c.connector.timeLimit(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.begin(ctx, modes, tenant, wait); err != nil {
		return nil, err
	}
	return c.tx, nil
}

// propagateToWorkers makes Citus send SET LOCAL to its workers. PostgreSQL ignores it.
const propagateToWorkers = "SET LOCAL citus.propagate_set_commands='local';"

// begin begins a transaction with these modes. They come after pins, which may set other modes.
func (c *conn) begin(ctx context.Context, modes string, tenant tenancy.ID, wait timeLimit) error {
	scope, err := c.connector.scope(tenant, wait)
	if err != nil {
		return err
	}
	if c.connector.config.Explicit {
		scope = propagateToWorkers + scope
	}
	text := "BEGIN" + modes + ";" + c.wire.pooledPins + scope
	if c.wire.pinsModes && modes != "" {
		text = "BEGIN;" + c.wire.pooledPins + "SET TRANSACTION" + modes + ";" + scope
	}
	if _, err := c.exec(ctx, statement{text: text, limit: wait}); err != nil {
		_ = c.inner.Close() // it may be in an aborted transaction
		if Lost(err) {
			return errors.Join(driver.ErrBadConn, err) // BEGIN can be sent again
		}
		return err
	}
	c.tx = &tx{conn: c, tenant: tenant, limit: wait}
	return nil
}

// withLimit puts the statement's timeout before it, if it differs from the one in force. It
// doesn't before ROLLBACK TO: a failed transaction accepts only that or its end. The
// rollback restores the timeout of the savepoint, which isn't known here: t.limit is then
// zero, and the next statement sets its own.
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
	"a statement of the transaction failed and its error was ignored: nothing of it is committed")

const stateFailedTx = "25P02" // in_failed_sql_transaction

// Commit ends the transaction. PostgreSQL treats COMMIT of a failed transaction as ROLLBACK,
// and reports that only in the command tag, which pgdriver drops. So COMMIT's own timeout
// goes before it, a statement that a failed transaction refuses.
func (t *tx) Commit() error {
	wait := timeLimit{Duration: t.conn.connector.config.Timeout}
	err := t.end(wait.setLocal() + "COMMIT")
	if failed, ok := errors.AsType[pgdriver.Error](err); ok && failed.Field('C') == stateFailedTx {
		return errFailedTx.Because(err)
	}
	return err
}

func (t *tx) Rollback() error { return t.end("ROLLBACK") }

// end ends the transaction. If that fails it closes the connection, whose transaction may
// still be open.
func (t *tx) end(how string) error {
	t.conn.tx = nil
	wait := timeLimit{Duration: t.conn.connector.config.Timeout}
	_, err := t.conn.exec(context.Background(), statement{text: how, limit: wait})
	if err != nil {
		_ = t.conn.inner.Close()
	}
	return err
}
