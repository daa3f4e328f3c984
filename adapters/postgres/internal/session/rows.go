package session

import (
	"context"
	"database/sql/driver"
	"io"
)

// rows are what a statement answers. The exchange lasts until they are closed,
// which database/sql does at their end.
type rows struct {
	driver.Rows
	exchange   exchange
	implicitTx *tx // the transaction that was made for them, if any
	closed     bool
}

// Next answers the next row. The end is told when the transaction around the
// statement has ended too: a commit that fails is an error of the statement.
func (r *rows) Next(dest []driver.Value) error {
	err := r.Rows.Next(dest)
	if err == nil {
		return nil
	}
	if err != io.EOF {
		_ = r.Rows.Close() // reads what is still to come, or gives the connection up
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

// commitOrRollback commits what went well.
func (t *tx) commitOrRollback(err error) error {
	if err != nil {
		_ = t.Rollback()
		return err
	}
	return t.Commit()
}

func (c *conn) execInTx(ctx context.Context, s statement) (driver.Result, error) {
	if err := c.begin(ctx, "BEGIN", s.tenant, s.limit); err != nil {
		return nil, err
	}
	around := c.tx
	result, err := c.exec(ctx, s)
	if err = around.commitOrRollback(err); err != nil {
		return nil, err
	}
	return result, nil
}

func (c *conn) queryInTx(ctx context.Context, s statement) (driver.Rows, error) {
	if err := c.begin(ctx, "BEGIN", s.tenant, s.limit); err != nil {
		return nil, err
	}
	around := c.tx
	found, err := c.query(ctx, s)
	if err != nil {
		return nil, around.commitOrRollback(err)
	}
	r := found.(*rows)
	r.implicitTx = around
	return r, nil
}
