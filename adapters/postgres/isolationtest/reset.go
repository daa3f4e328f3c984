package isolationtest

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// reset makes the attacker's rows in the host's tables again what they were at the beginning, and
// returns the tables in which they weren't. A table whose rows can't be restored, for example since
// a trigger forbids deletions, stays as it is.
func (e *examination) reset(ctx context.Context) (changed string) {
	ctx = context.WithoutCancel(ctx)
	var names []string
	err := e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		var differing []*relation
		for _, t := range e.tables {
			if !t.canReset(e.attacker) {
				continue
			}
			now, err := t.current(ctx, tx, e.attacker, t.kept("t"))
			if err != nil {
				return err
			}
			if now != t.firstKept {
				differing, names = append(differing, t), append(names, t.label())
			}
		}
		e.restoreRows(ctx, tx, differing)
		return nil
	})
	if err != nil {
		e.record(rowsRestored, "all tables", "the rows couldn't be restored: "+err.Error())
	}
	return strings.Join(names, ", ")
}

const rowsRestored = "routes: the attacker's rows are restored after its own writes"

// canReset reports whether all rows of the side are known and have a primary key.
func (t *relation) canReset(s *tenantSide) bool {
	if t.View || t.Library || len(t.primary()) == 0 || len(t.rows[s.ID]) >= maxRead {
		return false
	}
	for _, c := range t.primary() {
		if t.column(c).Name == "" { // always generated: no row can be inserted again
			return false
		}
	}
	return true
}

// rememberRows stores the attacker's rows for reset.
func (e *examination) rememberRows(ctx context.Context) error {
	return e.asOwner(ctx, func(ctx context.Context, tx bun.Tx) error {
		for _, t := range e.tables {
			if !t.canReset(e.attacker) {
				continue
			}
			var err error
			if t.first, err = t.current(ctx, tx, e.attacker, "to_jsonb(t)"); err != nil {
				return err
			}
			if t.firstKept, err = t.current(ctx, tx, e.attacker, t.kept("t")); err != nil {
				return err
			}
		}
		return nil
	})
}

// kept returns SQL for a row as JSON, without what a trigger of the library's changes with every
// write: no statement can restore it.
func (t *relation) kept(name string) string {
	if t.Declared {
		return "(to_jsonb(" + name + ") - 'version' - 'updated_at')"
	}
	return "to_jsonb(" + name + ")"
}

// current returns the side's rows in a JSON array, each in the form of an SQL expression.
func (t *relation) current(
	ctx context.Context, tx bun.Tx, s *tenantSide, form string,
) (rows string, err error) {
	err = tx.NewRaw(fmt.Sprintf("SELECT coalesce(jsonb_agg(%[1]s ORDER BY %[1]s), '[]')::text"+
		" FROM %[2]s AS t WHERE %[4]s = %[3]s", form, t.SQL, uuidOf(s.ID), t.tenant())).Scan(ctx, &rows)
	return rows, err
}

// restoreRows runs the statements of each table, again and again as long as more of them succeed:
// the order of tables with foreign keys isn't known.
func (e *examination) restoreRows(ctx context.Context, tx bun.Tx, tables []*relation) {
	var rest []string
	for _, t := range tables {
		rest = append(rest, t.deleteOthers(e.attacker), t.putBack())
	}
	for {
		var failed []string
		for _, statement := range rest {
			err := tx.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				_, err := tx.ExecContext(ctx, statement)
				return err
			})
			if err != nil {
				failed = append(failed, statement)
			}
		}
		if len(failed) == 0 || len(failed) == len(rest) {
			return
		}
		rest = failed
	}
}

// deleteOthers deletes the side's rows whose keys are new.
func (t *relation) deleteOthers(s *tenantSide) string {
	same := make([]string, len(t.primary()))
	for i, c := range t.primary() {
		same[i] = fmt.Sprintf("r.%[1]s = t.%[1]s", sqltext.Quote(c))
	}
	return fmt.Sprintf("DELETE FROM %[1]s AS t WHERE %[5]s = %[2]s AND NOT EXISTS (SELECT FROM"+
		" jsonb_populate_recordset(NULL::%[1]s, %[3]s::jsonb) AS r WHERE %[4]s)",
		t.SQL, uuidOf(s.ID), sqltext.Literal(t.first), strings.Join(same, " AND "), t.tenant())
}

// putBack inserts the first rows, or changes them back. A key that is an identity column isn't among
// the columns.
func (t *relation) putBack() string {
	key := t.keys[0].Columns
	var changed []string
	for _, c := range t.columns {
		if !slices.Contains(key, c.Name) {
			changed = append(changed, c.Name)
		}
	}
	all := slices.Concat(key, changed)
	if len(changed) == 0 {
		changed = key
	}
	return fmt.Sprintf("INSERT INTO %[1]s AS t (%[2]s) OVERRIDING SYSTEM VALUE SELECT %[3]s FROM"+
		" jsonb_populate_recordset(NULL::%[1]s, %[4]s::jsonb) AS r ON CONFLICT (%[5]s) DO UPDATE"+
		" SET (%[9]s) = ROW (%[6]s) WHERE %[7]s <> %[8]s",
		t.SQL, columnList("", all), columnList("r.", all), sqltext.Literal(t.first),
		columnList("", key), columnList("excluded.", changed), t.kept("t"), t.kept("excluded"),
		columnList("", changed))
}
