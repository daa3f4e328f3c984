package adopt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

// Up runs what is left of the phases up to the given one. The contraction is
// [tenancy.CodeInvalidState] as long as statements of the old version arrive.
func (e *Engine) Up(ctx context.Context, to adoption.Phase) error {
	s, err := e.read(ctx)
	if err != nil {
		return err
	}
	if err := e.checkAdoptable(ctx, s); err != nil {
		return err
	}
	if s, err = e.runAll(ctx, e.steps(s), upActions, adoption.Expand, s); err != nil || to == adoption.Expand {
		return err
	}
	if len(e.pending(s, adoption.Contract)) == 0 {
		return nil
	}
	if !e.contractionStarted(s) {
		if err := e.requireNoOldVersion(ctx, s); err != nil {
			return err
		}
	}
	_, err = e.runAll(ctx, e.steps(s), upActions, adoption.Contract, s)
	return err
}

// Down undoes the phases down to the given one. It is [tenancy.CodeInvalidState] if another
// tenant has rows, since the old keys and the old version support only one tenant. It calls
// before after these checks, and before it changes anything.
func (e *Engine) Down(
	ctx context.Context, to adoption.Phase, before func(context.Context) error,
) error {
	s, err := e.read(ctx)
	if err != nil {
		return err
	}
	if e.stateOf(s) == adoption.TenantOwned {
		return refuse("this database was created with tenants: it has no single-tenant schema to" +
			" go back to")
	}
	if err := e.requireOnlyDefaultTenant(ctx, s); err != nil {
		return err
	}
	if err := before(ctx); err != nil {
		return err
	}
	steps := e.steps(s)
	slices.Reverse(steps)
	if s, err = e.runAll(ctx, steps, downActions, adoption.Contract, s); err != nil {
		return err
	}
	if to == adoption.Expand {
		_, err = e.runAll(ctx, steps, downActions, adoption.Expand, s)
		return err
	}
	if s.recorded { // restore what the old version needs
		return e.Up(ctx, adoption.Expand)
	}
	return nil
}

// contractionStarted reports whether the contraction has already removed something that the
// old version needs. It is then better finished than refused.
func (e *Engine) contractionStarted(s *state) bool {
	for _, t := range e.spec.Tables {
		if isContracted(s.now[t.sql()]) {
			return true
		}
		for _, p := range e.tenantForeignKeys(s, s.was[t.sql()]) {
			if p.old != nil && p.findOld(s.now[t.sql()]) == nil {
				return true
			}
		}
	}
	return false
}

func upActions(st step) func(*state) []action { return st.up }

func downActions(st step) func(*state) []action { return st.down }

// maxAttempts is how often a step is repeated that still has something to do afterwards:
// another session may change the catalog at the same time.
const maxAttempts = 3

// runAll runs what is left of a phase. It reads the catalog again after each step.
func (e *Engine) runAll(
	ctx context.Context, steps []step, direction func(step) func(*state) []action, phase adoption.Phase,
	s *state,
) (*state, error) {
	for _, st := range steps {
		if st.phase != phase {
			continue
		}
		for try := 0; len(direction(st)(s)) > 0; try++ {
			actions := direction(st)(s)
			if try == maxAttempts {
				return s, stepError(st, refuse(
					"the step was run %d times and is still not done: check whether another"+
						" session changes the schema; the next statement is %s", maxAttempts,
					actions[0].sql[0]))
			}
			for _, a := range actions {
				if err := e.runAction(ctx, st, a, s); err != nil {
					return s, stepError(st, err)
				}
			}
			var err error
			if s, err = e.read(ctx); err != nil {
				return s, err
			}
		}
	}
	return s, nil
}

// runAction executes an action, and reports its beginning and end to Options.OnEvent.
func (e *Engine) runAction(ctx context.Context, st step, a action, s *state) error {
	event := adoption.Event{Step: st.name, Phase: st.phase, SQL: strings.Join(a.sql, ";\n"), Kind: adoption.Begun,
		Rows: a.rows}
	if err := e.o.OnEvent(event); err != nil {
		return err
	}
	if err := e.execute(ctx, a, s, event); err != nil {
		return fmt.Errorf("%s: %w", event.SQL, err)
	}
	event.Kind = adoption.Ended
	return e.o.OnEvent(event)
}

// execute runs an action in one of three ways: as work in batches, as a single statement outside
// a transaction, or as a transaction that is retried.
func (e *Engine) execute(ctx context.Context, a action, s *state, event adoption.Event) error {
	if a.work != nil {
		var reportErr error
		err := a.work(ctx, e, func(n int64) {
			batch := event
			batch.Kind, batch.Rows = adoption.Batch, n
			reportErr = errors.Join(reportErr, e.o.OnEvent(batch))
		})
		return errors.Join(err, reportErr)
	}
	if a.alone {
		_, err := e.conn.ExecContext(ctx, "SET lock_timeout = 0; SET statement_timeout = 0")
		if err == nil {
			_, err = e.conn.ExecContext(ctx, a.sql[0])
		}
		return err
	}
	return e.withRetry(ctx, func(ctx context.Context) error {
		err := e.conn.RunInTx(ctx, nil,
			func(ctx context.Context, tx bun.Tx) error { return e.runInTx(ctx, tx, a, s) })
		if retryable(err) {
			event.Kind = adoption.Waited
			return errors.Join(err, e.o.OnEvent(event))
		}
		return err
	})
}

// runInTx runs an action in one transaction. It takes all locks with one LOCK TABLE, which
// waits for the table and each of its partitions in turn, with the locks so far held. So
// these waits share the timeout. The limit is lock_timeout, never statement_timeout: pgdriver
// closes a connection whose statement_timeout ran out, and with it goes the lock that keeps
// other adoptions away.
func (e *Engine) runInTx(ctx context.Context, tx bun.Tx, a action, s *state) error {
	settings := e.lockLimits()
	if a.lock == shareUpdateExcl { // no reader or writer waits for this lock
		settings = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"
	}
	if s.super { // after deadlock_timeout a waiting lock cancels autovacuum
		settings += fmt.Sprintf("; SET LOCAL deadlock_timeout = %d",
			e.o.LockTimeout.Milliseconds()/3)
	}
	if _, err := tx.ExecContext(ctx, settings); err != nil {
		return err
	}
	if a.on != "" && !a.noTableLock && (a.lock == accessExcl || a.lock == shareRowExcl) {
		waits := int64(1 + len(s.partitions(s.now, a.on)))
		lock := fmt.Sprintf("SET LOCAL lock_timeout = %d",
			max(e.o.LockTimeout.Milliseconds()/waits, 1))
		if _, err := tx.ExecContext(ctx, lock); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "LOCK TABLE "+a.on+" IN "+a.lock+" MODE"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, e.lockLimits()); err != nil {
			return err
		}
	}
	for _, statement := range a.sql {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) lockLimits() string { return LockLimits(e.o) }

// retryable reports whether a retry may succeed.
func retryable(err error) bool {
	e, ok := errors.AsType[pgdriver.Error](err)
	if !ok {
		return false
	}
	switch e.Field('C') {
	case "55P03", "40P01", "40001": // lock_not_available, deadlock_detected, serialization_failure
		return true
	}
	return false
}

// withRetry is Retry with the options of e.
func (e *Engine) withRetry(ctx context.Context, try func(context.Context) error) error {
	return Retry(ctx, e.o, try)
}

// Retry repeats try while it can't get its lock, until Options.RetryTimeout is over. The
// sessions that waited for it run in the growing pauses between the attempts.
func Retry(ctx context.Context, o adoption.Options, try func(context.Context) error) error {
	o = withDefaults(o)
	deadline := time.Now().Add(o.RetryTimeout)
	wait := o.LockTimeout / 2
	for {
		err := try(ctx)
		if err == nil || !retryable(err) || ctx.Err() != nil {
			return err
		}
		if time.Now().After(deadline) {
			return refuse("no lock within %s: end the transactions that stay open"+
				" (pg_stat_activity, state idle in transaction) and try again", o.RetryTimeout).
				Because(err)
		}
		if err := pause(ctx, wait+rand.N(wait)); err != nil {
			return err
		}
		wait = min(2*wait, 2*time.Second)
	}
}

// LockLimits returns the settings of a transaction that others may have to wait for.
func LockLimits(o adoption.Options) string {
	return fmt.Sprintf("SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = 0",
		withDefaults(o).LockTimeout.Milliseconds())
}
