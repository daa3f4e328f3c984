package pool

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ErrConcurrentWrite is the error of a transaction whose row another transaction wrote between
// its read and its write. [Pool.InTx] retries it.
var ErrConcurrentWrite = tenancy.Errorf(tenancy.CodeUnavailable,
	"another transaction wrote the same item; try again")

// maxTxAttempts is how often a transaction is run before its error is returned.
const maxTxAttempts = 5

// InTx runs fn in a transaction of the tenant in ctx. A transaction that fails because of a
// concurrent write is retried, up to five attempts in all: a name that was taken meanwhile, a
// row that was referred to or deleted, a deadlock. When the cause isn't a concurrent write,
// the retry finds that out and returns the right error. A transaction whose connection was lost
// before its COMMIT is repeated once.
func (p *Pool) InTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return RetryTx(ctx, p.App, fn)
}

// RetryTx is like [Pool.InTx], with a choice of the pool.
func RetryTx(ctx context.Context, pool *bun.DB, fn func(context.Context, bun.Tx) error) error {
	lostBefore := false
	for attempt := 1; ; attempt++ {
		committing, err := runTx(ctx, pool, fn)
		if !committing && !lostBefore && session.Lost(err) && ctx.Err() == nil {
			lostBefore = true // nothing was written: repeat it once on another connection
			continue
		}
		if err == nil || attempt >= maxTxAttempts || !retryable(err) {
			return pgerr.Translate(err)
		}
	}
}

// runTx runs fn in a transaction. It reports whether COMMIT was sent.
func runTx(
	ctx context.Context, pool *bun.DB, fn func(context.Context, bun.Tx) error,
) (committing bool, err error) {
	err = pool.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		err := fn(ctx, tx)
		committing = err == nil
		return err
	})
	return committing, err
}

// retryable reports whether a concurrent write may have caused the error.
func retryable(err error) bool {
	if err == error(ErrConcurrentWrite) { // not errors.Is, which compares the codes
		return true
	}
	switch pgerr.State(err) {
	case pgerr.StateUnique, pgerr.StateForeignKey, pgerr.StateSerialization, pgerr.StateDeadlock:
		return true
	}
	return false
}

// SystemTx runs fn in a transaction of the system role, for cross-tenant work with this
// reason. It isn't retried.
func (p *Pool) SystemTx(
	ctx context.Context, reason string, fn func(context.Context, bun.Tx) error,
) error {
	return pgerr.Translate(p.System.RunInTx(CrossTenant(ctx, reason), nil, fn))
}
