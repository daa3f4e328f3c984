package isolationtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// seedRows writes rows of both sides into every table: items through the ports, then
// Options.Seed, then rows generated from the catalog.
func (e *examination) seedRows(ctx context.Context) error {
	if err := e.putItems(ctx); err != nil {
		return err
	}
	for _, s := range []*tenantSide{e.attacker, e.victim} {
		if e.options.Seed == nil {
			break
		}
		if err := e.options.Seed(bindTenant(ctx, s.ID), s.ID); err != nil {
			return fmt.Errorf("Options.Seed: %w", err)
		}
	}
	if err := e.loadRows(ctx); err != nil {
		return err
	}
	if err := e.fillEmpty(ctx); err != nil {
		return err
	}
	if err := e.loadRows(ctx); err != nil {
		return err
	}
	return e.findPlainTables(ctx)
}

// fillEmpty generates rows for empty tables, those that others refer to first. A table that
// can't be filled stays empty, which is a breach later.
func (e *examination) fillEmpty(ctx context.Context) error {
	tried := map[*relation]bool{}
	for {
		t := e.nextEmpty(tried)
		if t == nil {
			return nil
		}
		tried[t] = true
		for _, s := range []*tenantSide{e.attacker, e.victim} {
			if len(t.rows[s.ID]) > 0 {
				continue
			}
			if err := e.fillTable(ctx, t, s); err != nil {
				return err
			}
		}
	}
}

// nextEmpty returns an empty table that refers to no empty table. If there is none, it returns
// any other empty table.
func (e *examination) nextEmpty(tried map[*relation]bool) *relation {
	var waiting *relation
	for _, t := range e.tables {
		if t.View || tried[t] || len(t.rows[e.attacker.ID]) > 0 && len(t.rows[e.victim.ID]) > 0 {
			continue
		}
		waiting = t
		ready := true
		for _, r := range t.refs {
			target := e.table(r.Target)
			ready = ready && (target == nil || target == t || tried[target] ||
				len(target.rows[e.attacker.ID]) > 0 && len(target.rows[e.victim.ID]) > 0)
		}
		if ready {
			return t
		}
	}
	return waiting
}

// fillTable inserts a row for each name. If a row violates a check, it inserts one with required
// columns only.
func (e *examination) fillTable(ctx context.Context, t *relation, s *tenantSide) error {
	for n, name := range s.names() {
		err := e.insertAsOwner(ctx, t, s, n, name)
		if sqlState(err) == stateCheck && !t.plain {
			t.plain = true
			err = e.insertAsOwner(ctx, t, s, n, name)
		}
		if sqlState(err) == stateUnique { // a key without the tenant: an attack reports it
			err = e.insertAsOwner(ctx, t, s, n, e.freshName())
		}
		if err != nil && n == 0 {
			return e.recordUnfilled(t, err)
		}
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := t.readRows(ctx, tx, s.ID)
		return err
	})
}

// recordUnfilled records why the database refuses generated rows in a table, which stays empty.
// It returns any other error.
func (e *examination) recordUnfilled(t *relation, err error) error {
	if sqlState(err) == "" && !errors.Is(err, errCannotMake) {
		return err
	}
	e.unfilled[t] = err
	return nil
}

func (e *examination) insertAsOwner(
	ctx context.Context, t *relation, s *tenantSide, n int, name string,
) error {
	made, err := e.makeRow(t, s, n, name)
	if err != nil {
		return err
	}
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.ExecContext(ctx, t.insert(made))
		return err
	})
}

// errRollBack rolls a trial transaction back.
var errRollBack = errors.New("isolationtest: to be rolled back")

// findPlainTables finds tables that accept only rows with the required columns. Attacks insert
// generated rows: a row that the table refuses anyway proves nothing.
func (e *examination) findPlainTables(ctx context.Context) error {
	for _, t := range e.tables {
		if t.View || t.plain || len(t.rows[e.attacker.ID]) == 0 {
			continue
		}
		made, err := e.makeRow(t, e.attacker, 0, e.freshName())
		if err == nil {
			err = e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.ExecContext(ctx, t.insert(made)); err != nil {
					return err
				}
				return errRollBack
			})
		}
		t.plain = sqlState(err) == stateCheck
		if err != nil && !errors.Is(err, errRollBack) && sqlState(err) == "" &&
			!errors.Is(err, errCannotMake) {
			return err
		}
	}
	return nil
}

// freshName returns a name that was never used.
func (e *examination) freshName() string {
	e.lastNumber++
	return fmt.Sprintf("fresh-%d", e.lastNumber)
}

// insert returns the statement that inserts a row with columns of any type.
func (t *relation) insert(r row) string {
	names := t.columnsOf(r)
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s"+
		" FROM jsonb_populate_record(NULL::%s, %s::jsonb) AS r",
		t.SQL, columnList("", names), columnList("r.", names), t.SQL, sqltext.Literal(r.json()))
}

func columnList(qualifier string, names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = qualifier + sqltext.Quote(n)
	}
	return strings.Join(quoted, ", ")
}

// countVisible counts the rows that a tenant sees.
func (e *examination) countVisible(
	ctx context.Context, t *relation, tenant tenancy.ID,
) (n int, err error) {
	ctx = bindTenant(ctx, tenant)
	err = e.db.Scoped(ctx).NewRaw("SELECT count(*) FROM "+t.SQL+" WHERE "+t.tenant()+" IS NOT NULL").
		Scan(ctx, &n)
	return n, err
}

const ownRowsSeen = "before all: both sides see their own rows"

// checkOwnRows checks that each table has rows of both sides, and that each side sees its own.
func (e *examination) checkOwnRows(ctx context.Context) {
	for _, t := range e.tables {
		e.record(ownRowsSeen, t.label(), e.ownRowsProblem(ctx, t))
	}
}

// isAuditLog reports whether every action appends to the table, including those of the proof.
func (t *relation) isAuditLog() bool { return t.Library && t.Name == "audit" }

func (e *examination) ownRowsProblem(ctx context.Context, t *relation) string {
	for _, s := range []*tenantSide{e.attacker, e.victim} {
		have := len(t.rows[s.ID])
		if have == 0 && !t.View {
			return fmt.Sprintf("an empty table proves nothing: fill it with Options.Seed (%v)",
				e.unfilled[t])
		}
		if !t.Readable || e.walls == FilterAlone { // raw SQL has no filter
			continue
		}
		n, err := e.countVisible(ctx, t, s.ID)
		switch {
		case err != nil:
			return fmt.Sprintf("a tenant can't read its own rows: %v", err)
		case n == 0:
			return "a tenant sees none of its own rows"
		// later the attacker has more rows
		case !t.View && !t.isAuditLog() && have < maxRead && e.walls == BothWalls && n != have:
			return fmt.Sprintf("a tenant has %d rows and sees %d", have, n)
		}
	}
	if t.Declared && !t.Readable {
		return "the application can't read it"
	}
	return ""
}
