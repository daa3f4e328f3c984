package pool

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ErrConcurrentWrite says that another write came between a transaction's look at a
// row and its own write.
var ErrConcurrentWrite = tenancy.Errorf(tenancy.CodeUnavailable,
	"somebody else wrote the same item; try again")

// ErrVersionMismatch is the error of a write whose condition on the version fails.
var ErrVersionMismatch = tenancy.Errorf(tenancy.CodeVersionMismatch,
	"it changed since it was read: read it again and repeat")

const txTries = 5

// InTx runs fn in a transaction of the tenant in ctx. What a concurrent write
// undid (a name that was taken meanwhile, a row that was referred to or
// removed, a deadlock) is tried again: the second look finds the right answer.
func (p *Pool) InTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return RetryTx(ctx, p.App, fn)
}

// RetryTx is [Pool.InTx], of a pool.
func RetryTx(ctx context.Context, pool *bun.DB, fn func(context.Context, bun.Tx) error) error {
	for try := 1; ; try++ {
		err := pool.RunInTx(ctx, nil, fn)
		if err == nil || try == txTries || !retryable(err) {
			return pgerr.Translate(err)
		}
	}
}

func retryable(err error) bool {
	if err == error(ErrConcurrentWrite) { // itself, not its code
		return true
	}
	switch pgerr.State(err) {
	case pgerr.StateUnique, pgerr.StateForeignKey, pgerr.StateSerialization, pgerr.StateDeadlock:
		return true
	}
	return false
}

// SystemTx runs fn in a transaction of the system role.
func (p *Pool) SystemTx(
	ctx context.Context, reason string, fn func(context.Context, bun.Tx) error,
) error {
	return pgerr.Translate(p.System.RunInTx(CrossTenant(ctx, reason), nil, fn))
}
