package postgres

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errConcurrentWrite says that another write came between a transaction's look at a
// row and its own write.
var errConcurrentWrite = tenancy.Errorf(tenancy.CodeUnavailable,
	"somebody else wrote the same item; try again")

const txTries = 5

// InTx runs fn in a transaction of the tenant in ctx. What a concurrent write
// undid (a name that was taken meanwhile, a row that was referred to or
// removed, a deadlock) is tried again: the second look finds the right answer.
func (p *Pool) InTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return retryTx(ctx, p.App, fn)
}

// retryTx is [Pool.InTx], of a pool.
func retryTx(ctx context.Context, pool *bun.DB, fn func(context.Context, bun.Tx) error) error {
	for try := 1; ; try++ {
		err := pool.RunInTx(ctx, nil, fn)
		if err == nil || try == txTries || !retryable(err) {
			return translate(err)
		}
	}
}

func retryable(err error) bool {
	if err == error(errConcurrentWrite) { // itself, not its code
		return true
	}
	switch sqlState(err) {
	case stateUnique, stateForeignKey, stateSerialization, stateDeadlock:
		return true
	}
	return false
}

// SystemTx runs fn in a transaction of the system role.
func (p *Pool) SystemTx(
	ctx context.Context, reason string, fn func(context.Context, bun.Tx) error,
) error {
	return translate(p.System.RunInTx(crossTenant(ctx, reason), nil, fn))
}
