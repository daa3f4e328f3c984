package scoped

import (
	"context"
	"database/sql"
	"strconv"
	"sync/atomic"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errOtherTx = tenancy.Errorf(tenancy.CodeInternal,
	"the context belongs to a transaction and the handle doesn't: within RunInTx, use the handle"+
		" that it gives to the function, not db.Scoped")

// transaction is a transaction that [Handle.RunInTx] began.
type transaction struct {
	sql        *sql.Tx
	savepoints atomic.Int64 // how many were set; numbers their names
	ended      atomic.Bool
}

type transactionKey struct{ factory *Factory }

// transactionIn returns the factory's transaction that ctx belongs to. It is nil outside a
// transaction and after its end.
func transactionIn(ctx context.Context, factory *Factory) *transaction {
	tx, _ := ctx.Value(transactionKey{factory}).(*transaction)
	if tx == nil || tx.ended.Load() {
		return nil
	}
	return tx
}

// RunInTx runs fn in a transaction, and passes it a handle that is bound to the transaction
// and to the same tenant. If fn returns an error or panics, the transaction is rolled back.
// Called on the handle of a transaction, RunInTx sets a savepoint, to which it rolls back
// when fn returns an error; it ignores opts then.
//
// If ctx carries the right of a call ([tenancy.Right]), the transaction is committed only if
// the caller still has it then; the error is that of [tenancy.Right.Check]. A transaction of a
// stricter isolation than READ COMMITTED may miss that the right has ended, since it reads
// what was there when it began. A statement outside of RunInTx checks no right.
func (s *Handle) RunInTx(
	ctx context.Context, opts *sql.TxOptions, fn func(ctx context.Context, tx *Handle) error,
) error {
	ctx = s.withDefaultTenant(ctx)
	if err := s.check(ctx); err != nil {
		return err
	}
	if s.tx != nil {
		return s.tx.savepoint(ctx, func() error { return fn(s.tx.context(ctx, s.factory), s) })
	}
	begun, err := s.factory.config.App.DB.BeginTx(ctx, opts)
	if err != nil {
		return err
	}
	inner := *s
	inner.tx = &transaction{sql: begun}
	defer inner.tx.end()
	ctx = inner.tx.context(ctx, s.factory)
	if err := fn(ctx, &inner); err != nil {
		return err
	}
	if check := s.factory.config.CheckRight; check != nil && (opts == nil || !opts.ReadOnly) {
		if err := check(ctx, &inner); err != nil {
			return err
		}
	}
	return begun.Commit()
}

// context returns a context that belongs to the transaction.
func (t *transaction) context(ctx context.Context, factory *Factory) context.Context {
	return context.WithValue(ctx, transactionKey{factory}, t)
}

// end marks the transaction as ended and rolls it back if it wasn't committed.
func (t *transaction) end() {
	t.ended.Store(true)
	_ = t.sql.Rollback()
}

// savepoint runs fn after a savepoint, and rolls back to the savepoint if fn fails. It does
// so even when ctx has ended, because the outer function may continue and commit. If the
// rollback fails, the whole transaction is rolled back.
func (t *transaction) savepoint(ctx context.Context, fn func() error) error {
	name := "bailiwick_" + strconv.FormatInt(t.savepoints.Add(1), 10)
	if _, err := t.sql.ExecContext(ctx, "SAVEPOINT "+name); err != nil {
		return err
	}
	released := false
	defer func() {
		if released {
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
	released = err == nil
	return err
}
