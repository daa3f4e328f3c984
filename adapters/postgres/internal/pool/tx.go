package pool

import (
	"context"
	"database/sql"

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
//
// The transaction checks the right of the call ([tenancy.Right]) with the entry in the audit
// log, or after fn. The check locks what the right rests on, so it comes late: fn may wait for
// other writes. If the right has ended, its error replaces an error of fn, which may describe
// what the caller may not know any more.
func (p *Pool) InTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return writeTx{db: p.App, again: concurrentWrite}.run(ctx, fn)
}

// SystemTx is [Pool.InTx] of the system role, for cross-tenant work with this reason. It is
// retried only after a deadlock.
func (p *Pool) SystemTx(
	ctx context.Context, reason string, fn func(context.Context, bun.Tx) error,
) error {
	return p.CrossTenantTx(CrossTenant(ctx, reason), fn)
}

// CrossTenantTx is [Pool.SystemTx] with a context that has the reason already.
func (p *Pool) CrossTenantTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return writeTx{db: p.System, system: true, again: lostRace}.run(ctx, fn)
}

// RetryCrossTenantTx is [Pool.CrossTenantTx], retried as [Pool.InTx] is.
func (p *Pool) RetryCrossTenantTx(
	ctx context.Context, fn func(context.Context, bun.Tx) error,
) error {
	return writeTx{db: p.System, system: true, again: concurrentWrite}.run(ctx, fn)
}

// writeTx is how a transaction that writes is run.
type writeTx struct {
	db     *bun.DB
	system bool             // db is the system role's
	again  func(error) bool // reports whether to retry after an error
}

// readCommitted is the isolation that the check of a right needs: it must read what was
// committed after it got its locks.
var readCommitted = &sql.TxOptions{Isolation: sql.LevelReadCommitted}

func (w writeTx) run(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	ctx = session.ByLibrary(ctx)
	lostBefore := false
	for attempt := 1; ; attempt++ {
		checked := withRightCheck(ctx, w.system)
		committing, err := w.once(checked, fn)
		if err == nil {
			return nil
		}
		if !committing && !lostBefore && session.Lost(err) && ctx.Err() == nil {
			lostBefore = true // nothing was written: repeat it once on another connection
			continue
		}
		if attempt >= maxTxAttempts || !w.again(err) {
			return w.hide(checked, pgerr.Translate(err))
		}
	}
}

// once runs fn in a transaction and checks the right. It reports whether COMMIT was sent.
func (w writeTx) once(
	ctx context.Context, fn func(context.Context, bun.Tx) error,
) (committing bool, err error) {
	err = w.db.RunInTx(ctx, readCommitted, func(ctx context.Context, tx bun.Tx) error {
		err := fn(ctx, tx)
		if err == nil {
			err = CheckRight(ctx, tx)
		}
		committing = err == nil
		return err
	})
	return committing, err
}

// hide returns err, or the error of the call's right if the right has ended and the
// transaction failed before it found that out.
func (w writeTx) hide(ctx context.Context, err error) error {
	switch tenancy.CodeOf(err) {
	case tenancy.CodeInternal, tenancy.CodeUnavailable:
		return err
	}
	ended := pgerr.Translate(CheckRight(ctx, w.db))
	switch tenancy.CodeOf(ended) {
	case "", tenancy.CodeInternal, tenancy.CodeUnavailable:
		return err
	}
	return ended
}

// HideUnlessAllowed returns err, the failure of a write before its transaction, or the error
// of the call's right if the right has ended.
func (p *Pool) HideUnlessAllowed(ctx context.Context, err error) error {
	ctx = withRightCheck(CrossTenant(ctx, "check the right of a failed call"), true)
	return writeTx{db: p.System}.hide(ctx, pgerr.Translate(err))
}

// CommitWithRight checks the right of ctx's call and runs commit, which commits a transaction
// of the tenant on another connection. The right can't end before commit has returned. It is
// for a transaction whose snapshot is too old to read whether the right has ended. The
// connection is one of the system role, whose pool no writer of items holds.
func (p *Pool) CommitWithRight(
	ctx context.Context, tenant tenancy.ID, commit func() error,
) error {
	right, ok := tenancy.RightFrom(ctx)
	if !ok {
		return commit()
	}
	if !right.Tenant.IsZero() && right.Tenant != tenant {
		return errOtherTenant
	}
	ctx = withRightCheck(CrossTenant(ctx, "check the right of an import"), true)
	committed := false
	err := p.System.RunInTx(ctx, readCommitted, func(ctx context.Context, tx bun.Tx) error {
		if err := CheckRight(ctx, tx); err != nil {
			return err
		}
		err := commit()
		committed = err == nil
		return err
	})
	if committed { // whatever becomes of the transaction that only read
		return nil
	}
	return err
}

// concurrentWrite reports whether a concurrent write may have caused the error.
func concurrentWrite(err error) bool {
	if err == error(ErrConcurrentWrite) { // not errors.Is, which compares the codes
		return true
	}
	switch pgerr.State(err) {
	case pgerr.StateUnique, pgerr.StateForeignKey:
		return true
	}
	return lostRace(err)
}

// lostRace reports whether the database chose the transaction to end, so that others can go
// on.
func lostRace(err error) bool {
	switch pgerr.State(err) {
	case pgerr.StateSerialization, pgerr.StateDeadlock:
		return true
	}
	return false
}
