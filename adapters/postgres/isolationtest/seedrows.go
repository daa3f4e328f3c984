package isolationtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// seedRows gives both sides rows in every table: items through the ports, what the
// host knows to write, and what the catalog lets one make up.
func (e *examination) seedRows(ctx context.Context) error {
	if err := e.putItems(ctx); err != nil {
		return err
	}
	for _, s := range []*side{e.ours, e.theirs} {
		if e.options.Seed == nil {
			break
		}
		if err := e.options.Seed(in(ctx, s.ID), s.ID); err != nil {
			return fmt.Errorf("Options.Seed: %w", err)
		}
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	if err := e.fillEmpty(ctx); err != nil {
		return err
	}
	if err := e.load(ctx); err != nil {
		return err
	}
	return e.tryFresh(ctx)
}

// fillEmpty makes rows for tables that have none, those that others refer to
// first. What can't be filled stays empty, which is a breach later.
func (e *examination) fillEmpty(ctx context.Context) error {
	tried := map[*relation]bool{}
	for {
		t := e.nextEmpty(tried)
		if t == nil {
			return nil
		}
		tried[t] = true
		for _, s := range []*side{e.ours, e.theirs} {
			if len(t.rows[s.ID]) > 0 {
				continue
			}
			if err := e.fillTable(ctx, t, s); err != nil {
				return err
			}
		}
	}
}

// nextEmpty answers an empty table whose targets aren't, or one that waits for
// another if there is none of those.
func (e *examination) nextEmpty(tried map[*relation]bool) *relation {
	var waiting *relation
	for _, t := range e.tables {
		if t.View || tried[t] || len(t.rows[e.ours.ID]) > 0 && len(t.rows[e.theirs.ID]) > 0 {
			continue
		}
		waiting = t
		ready := true
		for _, r := range t.refs {
			target := e.table(r.Target)
			ready = ready && (target == nil || target == t || tried[target] ||
				len(target.rows[e.ours.ID]) > 0 && len(target.rows[e.theirs.ID]) > 0)
		}
		if ready {
			return t
		}
	}
	return waiting
}

// fillTable inserts a row for each name. A row that breaks a check is tried
// again with nothing in it but what must be.
func (e *examination) fillTable(ctx context.Context, t *relation, s *side) error {
	for n, name := range s.names() {
		err := e.insertAsOwner(ctx, t, s, n, name)
		if sqlState(err) == stateCheck && !t.plain {
			t.plain = true
			err = e.insertAsOwner(ctx, t, s, n, name)
		}
		if sqlState(err) == stateUnique { // a key without the tenant: the attacks will tell
			err = e.insertAsOwner(ctx, t, s, n, e.fresh())
		}
		if err != nil && n == 0 {
			return e.cannotFill(t, err)
		}
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := t.read(ctx, tx, s.ID)
		return err
	})
}

// cannotFill leaves a table empty that the database wants no generated row in,
// and keeps the reason.
func (e *examination) cannotFill(t *relation, err error) error {
	if sqlState(err) == "" && !errors.Is(err, errCannotMake) {
		return err
	}
	e.unfilled[t] = err
	return nil
}

func (e *examination) insertAsOwner(
	ctx context.Context, t *relation, s *side, n int, name string,
) error {
	made, err := e.make(t, s, n, name)
	if err != nil {
		return err
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, t.insert(made))
		return err
	})
}

// errUndo ends a transaction that was only a trial.
var errUndo = errors.New("isolationtest: to be rolled back")

// tryFresh finds out what further rows each table takes: attacks insert such
// rows, and one that the table would refuse anyway proves nothing.
func (e *examination) tryFresh(ctx context.Context) error {
	for _, t := range e.tables {
		if t.View || t.plain || len(t.rows[e.ours.ID]) == 0 {
			continue
		}
		made, err := e.make(t, e.ours, 0, e.fresh())
		if err == nil {
			err = e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.ExecContext(ctx, t.insert(made)); err != nil {
					return err
				}
				return errUndo
			})
		}
		t.plain = sqlState(err) == stateCheck
		if err != nil && !errors.Is(err, errUndo) && sqlState(err) == "" &&
			!errors.Is(err, errCannotMake) {
			return err
		}
	}
	return nil
}

// fresh is a name that was never used.
func (e *examination) fresh() string {
	e.count++
	return fmt.Sprintf("fresh-%d", e.count)
}

// insert is the statement that adds a row, whatever its types.
func (t *relation) insert(r row) string {
	names := t.namesOf(r)
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s"+
		" FROM jsonb_populate_record(NULL::%s, %s::jsonb) AS r",
		t.SQL, list("", names), list("r.", names), t.SQL, literal(r.json()))
}

func list(qualifier string, names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = qualifier + quote(n)
	}
	return strings.Join(quoted, ", ")
}

// visible counts the rows that a side sees of its own.
func (e *examination) visible(
	ctx context.Context, t *relation, tenant tenancy.ID,
) (n int, err error) {
	ctx = in(ctx, tenant)
	err = e.db.Scoped(ctx).NewRaw("SELECT count(*) FROM "+t.SQL+" WHERE tenant_id IS NOT NULL").
		Scan(ctx, &n)
	return n, err
}

const ownRowsSeen = "before all: both sides see their own rows"

// ownRows makes sure that there is something to be seen, and that it is.
func (e *examination) ownRows(ctx context.Context) {
	for _, t := range e.tables {
		e.note(ownRowsSeen, t.label(), e.ownRowsOf(ctx, t))
	}
}

// log reports whether the table is added to by whatever is done, also by the proof
// itself.
func (t *relation) log() bool { return t.Library && t.Name == "audit" }

func (e *examination) ownRowsOf(ctx context.Context, t *relation) string {
	for _, s := range []*side{e.ours, e.theirs} {
		have := len(t.rows[s.ID])
		if have == 0 && !t.View {
			return fmt.Sprintf("it is empty, and an empty table proves nothing: fill it with"+
				" Options.Seed (%v)", e.unfilled[t])
		}
		if !t.Readable || e.walls == FilterAlone { // raw SQL sees all of it then
			continue
		}
		n, err := e.visible(ctx, t, s.ID)
		switch {
		case err != nil:
			return fmt.Sprintf("a tenant can't read its own rows: %v", err)
		case n == 0:
			return "a tenant sees none of its own rows"
		// later, ours have become more
		case !t.View && !t.log() && have < maxRead && e.walls == BothWalls && n != have:
			return fmt.Sprintf("a tenant has %d rows and sees %d", have, n)
		}
	}
	if t.Declared && !t.Readable {
		return "the application can't read it"
	}
	return ""
}
