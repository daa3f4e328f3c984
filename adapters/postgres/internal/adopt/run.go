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
)

// Up carries out what is left of the phases up to this one. The contraction
// refuses as long as statements of the old version arrive.
func (e *Engine) Up(ctx context.Context, to Phase) error {
	s, err := e.read(ctx)
	if err != nil {
		return err
	}
	if err := e.check(ctx, s); err != nil {
		return err
	}
	if s, err = e.runAll(ctx, e.steps(s), upwards, Expand, s); err != nil || to == Expand {
		return err
	}
	if len(e.pending(s, Contract)) == 0 {
		return nil
	}
	if !e.leaving(s) {
		if err := e.guard(ctx, s); err != nil {
			return err
		}
	}
	_, err = e.runAll(ctx, e.steps(s), upwards, Contract, s)
	return err
}

// Down takes back what was done of the phases down to this one. It refuses when
// another tenant has rows: the old keys and the old version know of one only.
func (e *Engine) Down(ctx context.Context, to Phase) error {
	s, err := e.read(ctx)
	if err != nil {
		return err
	}
	if e.stateOf(s) == TenantOwned {
		return refuse("this database came into being with tenants: there is no single-tenant" +
			" schema to go back to")
	}
	if err := e.onlyDefault(ctx, s); err != nil {
		return err
	}
	steps := e.steps(s)
	slices.Reverse(steps)
	if s, err = e.runAll(ctx, steps, downwards, Contract, s); err != nil {
		return err
	}
	if to == Expand {
		_, err = e.runAll(ctx, steps, downwards, Expand, s)
		return err
	}
	if s.begun { // the old version needs what the contraction had taken
		return e.Up(ctx, Expand)
	}
	return nil
}

// leaving reports whether the contraction has taken something from the old
// version already. It is then better finished than looked at.
func (e *Engine) leaving(s *state) bool {
	for _, t := range e.spec.Tables {
		if swapped(s.now[t.sql()]) {
			return true
		}
		for _, p := range e.pairings(s, s.was[t.sql()]) {
			if p.old != nil && p.oldIn(s.now[t.sql()]) == nil {
				return true
			}
		}
	}
	return false
}

func upwards(st step) func(*state) []action { return st.up }

func downwards(st step) func(*state) []action { return st.down }

// attempts is how often what a step does may leave something to do: somebody
// else may change the catalog at the same time.
const attempts = 3

// runAll carries out what is left of a phase, by the catalog as it is then.
func (e *Engine) runAll(
	ctx context.Context, steps []step, way func(step) func(*state) []action, phase Phase, s *state,
) (*state, error) {
	for _, st := range steps {
		if st.phase != phase {
			continue
		}
		for try := 0; len(way(st)(s)) > 0; try++ {
			actions := way(st)(s)
			if try == attempts {
				return s, wrong(st, refuse(
					"it was done and is still not there: does somebody else change the schema?"+
						" Its next statement is %s", actions[0].sql[0]))
			}
			for _, a := range actions {
				if err := e.do(ctx, st, a, s); err != nil {
					return s, wrong(st, err)
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

func (e *Engine) do(ctx context.Context, st step, a action, s *state) error {
	event := Event{Step: st.name, Phase: st.phase, SQL: strings.Join(a.sql, ";\n"), Kind: Begun,
		Rows: a.rows}
	if err := e.o.OnEvent(event); err != nil {
		return err
	}
	if err := e.perform(ctx, a, s, event); err != nil {
		return fmt.Errorf("%s: %w", event.SQL, err)
	}
	event.Kind = Ended
	return e.o.OnEvent(event)
}

func (e *Engine) perform(ctx context.Context, a action, s *state, event Event) error {
	if a.work != nil {
		var told error
		err := a.work(ctx, e, func(n int64) {
			batch := event
			batch.Kind, batch.Rows = Batch, n
			told = errors.Join(told, e.o.OnEvent(batch))
		})
		return errors.Join(err, told)
	}
	if a.alone {
		_, err := e.conn.ExecContext(ctx, "SET lock_timeout = 0; SET statement_timeout = 0")
		if err == nil {
			_, err = e.conn.ExecContext(ctx, a.sql[0])
		}
		return err
	}
	return e.patiently(ctx, func(ctx context.Context) error {
		err := e.conn.RunInTx(ctx, nil,
			func(ctx context.Context, tx bun.Tx) error { return e.transact(ctx, tx, a, s) })
		if passes(err) {
			event.Kind = Waited
			return errors.Join(err, e.o.OnEvent(event))
		}
		return err
	})
}

// transact takes all locks by one statement. Its waits, one for each partition as
// well, add up while the first lock is held, so they share the time. Their bound
// is lock_timeout: pgdriver gives a connection up whose statement_timeout ran out,
// and with it the lock that keeps other adoptions away.
func (e *Engine) transact(ctx context.Context, tx bun.Tx, a action, s *state) error {
	settings := e.limits()
	if a.lock == shareUpdateExcl { // nobody who reads or writes waits behind it
		settings = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0"
	}
	if s.super { // an autovacuum in the way is told to leave
		settings += fmt.Sprintf("; SET LOCAL deadlock_timeout = %d",
			e.o.LockTimeout.Milliseconds()/3)
	}
	if _, err := tx.ExecContext(ctx, settings); err != nil {
		return err
	}
	if a.on != "" && !a.loose && (a.lock == accessExcl || a.lock == shareRowExcl) {
		waits := int64(1 + len(s.partitions(s.now, a.on)))
		lock := fmt.Sprintf("SET LOCAL lock_timeout = %d",
			max(e.o.LockTimeout.Milliseconds()/waits, 1))
		if _, err := tx.ExecContext(ctx, lock); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "LOCK TABLE "+a.on+" IN "+a.lock+" MODE"); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, e.limits()); err != nil {
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

// limits begin a transaction that others may have to wait for.
func (e *Engine) limits() string {
	return fmt.Sprintf("SET LOCAL lock_timeout = %d; SET LOCAL statement_timeout = 0",
		e.o.LockTimeout.Milliseconds())
}

// passes reports whether the error is one that trying again may overcome.
func passes(err error) bool {
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

// patiently tries again what couldn't have its lock, with growing pauses in
// which those who waited behind it go on.
func (e *Engine) patiently(ctx context.Context, try func(context.Context) error) error {
	deadline := time.Now().Add(e.o.Patience)
	rest := e.o.LockTimeout / 2
	for {
		err := try(ctx)
		if err == nil || !passes(err) || ctx.Err() != nil {
			return err
		}
		if time.Now().After(deadline) {
			return refuse("no lock was to be had within %s: end the transactions that stay open"+
				" (pg_stat_activity, state idle in transaction) and repeat", e.o.Patience).
				Because(err)
		}
		if err := pause(ctx, rest+rand.N(rest)); err != nil {
			return err
		}
		rest = min(2*rest, 2*time.Second)
	}
}
