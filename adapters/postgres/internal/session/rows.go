package session

import (
	"context"
	"database/sql/driver"
	"io"
)

// rows is a statement's result. The exchange lasts until it is closed, which database/sql
// does after the last row.
type rows struct {
	driver.Rows
	exchange   exchange
	implicitTx *tx // the transaction begun for this statement, or nil
	closed     bool
}

// Next reads the next row. It returns io.EOF after the implicit transaction has ended: a
// failed commit is the statement's error.
func (r *rows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err == nil {
		return nil
	}
	if err != io.EOF {
		_ = r.Rows.Close() // reads the rest of the answer, or closes the connection
		return r.finish(err)
	}
	if r.implicitTx == nil {
		return err
	}
	if failed := r.finish(nil); failed != nil {
		return failed
	}
	return io.EOF
}

func (r *rows) Close() error { return r.finish(r.Rows.Close()) }

// finish ends the exchange and the implicit transaction, once. It returns their error.
func (r *rows) finish(err error) error {
	if r.closed {
		return err
	}
	r.closed = true
	err = r.exchange.finish(err)
	if r.implicitTx == nil {
		return err
	}
	return r.implicitTx.commitOrRollback(err)
}

// commitOrRollback commits if err is nil, and otherwise rolls back and returns err.
func (t *tx) commitOrRollback(err error) error {
	if err != nil {
		_ = t.Rollback()
		return err
	}
	return t.Commit()
}

// modes returns the modes of the transaction for a statement.
func (s statement) modes() string {
	if s.readOnly {
		return " READ ONLY"
	}
	return ""
}

// execInTx runs a statement in an implicit transaction, which Config.Explicit asks for.
func (c *conn) execInTx(ctx context.Context, s statement) (driver.Result, error) {
	if err := c.begin(ctx, s.modes(), s.tenant, s.limit); err != nil {
		return nil, err
	}
	started := c.tx
	result, err := c.exec(ctx, s)
	if err = started.commitOrRollback(err); err != nil {
		return nil, err
	}
	return result, nil
}

// queryInTx is execInTx for a statement with rows. The rows end the transaction.
func (c *conn) queryInTx(ctx context.Context, s statement) (driver.Rows, error) {
	if err := c.begin(ctx, s.modes(), s.tenant, s.limit); err != nil {
		return nil, err
	}
	started := c.tx
	found, err := c.query(ctx, s)
	if err != nil {
		return nil, started.commitOrRollback(err)
	}
	r := found.(*rows)
	r.implicitTx = started
	return r, nil
}
