package scoped

import (
	"context"
	"database/sql"
	"strconv"
	"sync/atomic"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errOtherTx = tenancy.Errorf(tenancy.CodeInternal,
	"the context is of a transaction, and the handle isn't: within RunInTx, use the handle that"+
		" it gives, and no db.Scoped")

// transaction is one that [Scoped.RunInTx] has begun.
type transaction struct {
	sql        *sql.Tx
	savepoints atomic.Int64
	over       atomic.Bool
}

type transactionKey struct{ factory *Factory }

// transactionIn is the source's transaction that ctx belongs to, as long as it lasts.
func transactionIn(ctx context.Context, source *Factory) *transaction {
	tx, _ := ctx.Value(transactionKey{source}).(*transaction)
	if tx == nil || tx.over.Load() {
		return nil
	}
	return tx
}

// RunInTx runs fn in a transaction, with a handle bound to it and to the same
// tenant. An error of fn rolls back, and so does a panic. Called on that handle,
// it sets a savepoint, which an error of fn goes back to; opts are the outer
// ones then.
func (s *Handle) RunInTx(
	ctx context.Context, opts *sql.TxOptions, fn func(ctx context.Context, tx *Handle) error,
) error {
	ctx = s.enter(ctx)
	if err := s.check(ctx); err != nil {
		return err
	}
	if s.tx != nil {
		return s.tx.savepoint(ctx, func() error { return fn(s.tx.mark(ctx, s.factory), s) })
	}
	begun, err := s.factory.app.DB.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	inner := *s
	inner.tx = &transaction{sql: begun}
	defer inner.tx.end()
	if err := fn(inner.tx.mark(ctx, s.factory), &inner); err != nil {
		return err
	}
	return begun.Commit()
}

func (t *transaction) mark(ctx context.Context, source *Factory) context.Context {
	return context.WithValue(ctx, transactionKey{source}, t)
}

// end rolls back what wasn't committed.
func (t *transaction) end() {
	t.over.Store(true)
	_ = t.sql.Rollback()
}

// savepoint runs fn, and undoes what it did if it fails: also when ctx is over
// by then, since the outer function may go on and commit.
func (t *transaction) savepoint(ctx context.Context, fn func() error) error {
	name := "bailiwick_" + strconv.FormatInt(t.savepoints.Add(1), 10)
	if _, err := t.sql.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	kept := false
	defer func() {
		if kept {
			return
		}
		if _, err := t.sql.ExecContext(context.WithoutCancel(ctx),
			"ROLLBACK TO SAVEPOINT "+name); err != nil {
			_ = t.sql.Rollback()
		}
	}()
	if err := fn(); err != nil {
		return err
	}
	_, err := t.sql.ExecContext(ctx, "RELEASE SAVEPOINT "+name)
	kept = err == nil
	return err
}
