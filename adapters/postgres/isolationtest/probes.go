package isolationtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A unique key or a foreign key without the tenant shows whether the other tenant has a value.
// Both are probed twice: with a value of the victim, and with one that no tenant has. The
// answers must not differ.

const (
	uniqueKeyAttack  = "SQL: unique keys, asked for the other's values"
	foreignKeyAttack = "SQL: foreign keys, asked for the other's rows"
)

// probeKeys writes the victim's values of each unique key. It leaves out the library's own
// tables: what is unique across tenants there (the hash and the id of an API key) is random
// and can't be guessed.
func (e *examination) probeKeys(ctx context.Context, t *relation) {
	for _, k := range t.keys {
		own := t.withoutTenant(k.Columns)
		victims := e.victimOnlyRow(t, own)
		if t.Library || len(own) == 0 || victims == nil {
			continue
		}
		e.record(uniqueKeyAttack, t.label()+" "+k.Name,
			e.compareAnswers(ctx, t, victims, own, "", stateForeignKey))
	}
}

// probeReferences makes a row of the attacker refer to one of the victim.
func (e *examination) probeReferences(ctx context.Context, t *relation) {
	for _, r := range t.refs {
		target := e.table(r.Target)
		if target == nil || len(t.withoutTenant(r.Columns)) == 0 {
			continue
		}
		refers := target.withoutTenant(r.Refers)
		found := e.victimOnlyRow(target, refers)
		if found == nil {
			continue
		}
		victims, own := row{}, []string{}
		for i, c := range r.Columns {
			if c != t.Tenant {
				victims[c] = found[r.Refers[i]]
				own = append(own, c)
			}
		}
		e.record(foreignKeyAttack, t.label()+" "+r.Name,
			e.compareAnswers(ctx, t, victims, own, stateForeignKey))
	}
}

// victimOnlyRow returns a row of the victim whose values in columns no row of the attacker has,
// or nil.
func (e *examination) victimOnlyRow(t *relation, columns []string) row {
	for _, r := range t.rows[e.victim.ID] {
		whole := !slices.ContainsFunc(columns,
			func(c string) bool { return len(r[c]) == 0 || string(r[c]) == "null" })
		if whole && !slices.ContainsFunc(t.rows[e.attacker.ID],
			func(o row) bool { return o.equal(r, columns) }) {
			return r
		}
	}
	return nil
}

func (r row) equal(other row, columns []string) bool {
	return !slices.ContainsFunc(columns,
		func(c string) bool { return string(r[c]) != string(other[c]) })
}

// compareAnswers writes values of the victim into a row of the attacker, and values that no
// tenant has. The answer to the second must be one of expected, or the probe proves nothing.
// The answer to the first must be the same.
func (e *examination) compareAnswers(
	ctx context.Context, t *relation, victims row, columns []string, expected ...string,
) string {
	var last error
	for _, write := range []func(row) (string, error){
		func(values row) (string, error) { return e.insertWith(t, values) },
		func(values row) (string, error) { return e.updateTo(t, values) },
	} {
		values, nonexistent := row{}, row{}
		for _, c := range columns {
			values[c], nonexistent[c] = victims[c], e.unusedValue(t, c)
		}
		query, err := write(nonexistent)
		if err != nil {
			last = err
			continue
		}
		control := e.runAndRollBack(ctx, query)
		if sqlState(control) == stateNoPrivilege {
			return "" // the attacker has no right to write here
		}
		if last = control; !slices.Contains(expected, sqlState(control)) || control != nil &&
			sqlState(control) == "" {
			continue
		}
		if query, err = write(values); err != nil {
			return err.Error()
		}
		answer := e.runAndRollBack(ctx, query)
		if sqlState(answer) != sqlState(control) || field(answer, 'n') != field(control, 'n') ||
			field(answer, 'M') != field(control, 'M') {
			return fmt.Sprintf("the other tenant's values are answered with %v, values that no"+
				" tenant has with %v: %s", answer, control, query)
		}
		return ""
	}
	return fmt.Sprintf("the probe couldn't be made: %v", last)
}

// runAndRollBack runs a statement of the attacker and rolls it back.
func (e *examination) runAndRollBack(ctx context.Context, query string) error {
	ctx = bindTenant(ctx, e.attacker.ID)
	err := e.db.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		for _, q := range []string{query, "SET CONSTRAINTS ALL IMMEDIATE"} {
			if _, err := tx.NewRaw(q).Exec(ctx); err != nil {
				return err
			}
		}
		return errRollBack
	})
	if errors.Is(err, errRollBack) {
		return nil
	}
	return err
}

// insertWith returns a statement that inserts a new row of the attacker with these values.
func (e *examination) insertWith(t *relation, values row) (string, error) {
	made, err := e.makeRow(t, e.attacker, 0, e.freshName())
	if err != nil {
		return "", err
	}
	maps.Copy(made, values)
	return t.insert(e.dropOptionalReferences(t, made, values)), nil
}

// updateTo returns a statement that sets these values in a row of the attacker.
func (e *examination) updateTo(t *relation, values row) (string, error) {
	if len(t.rows[e.attacker.ID]) == 0 {
		return "", errCannotMake
	}
	set := e.dropOptionalReferences(t, maps.Clone(values), values)
	names := t.columnsOf(set)
	return fmt.Sprintf("UPDATE %[1]s SET (%[2]s) = (SELECT %[3]s"+
		" FROM jsonb_populate_record(NULL::%[1]s, %[4]s::jsonb) AS r) WHERE %[7]s = %[5]s"+
		" AND %[6]s",
		t.SQL, columnList("", names), columnList("r.", names), sqltext.Literal(set.json()),
		uuidOf(e.attacker.ID),
		t.rows[e.attacker.ID][0].matches(t.primary()), t.tenant()), nil
}

// dropOptionalReferences removes all optional references from r except those in keep: a check
// may admit only one of several.
func (e *examination) dropOptionalReferences(t *relation, r, keep row) row {
	for _, ref := range t.refs {
		for _, c := range t.withoutTenant(ref.Columns) {
			if _, kept := keep[c]; !kept && t.column(c).Name != "" && !t.column(c).NotNull {
				r[c] = nil
			}
		}
	}
	return r
}

func (t *relation) column(name string) column {
	i := slices.IndexFunc(t.columns, func(c column) bool { return c.Name == name })
	if i < 0 {
		return column{}
	}
	return t.columns[i]
}

// unusedValue returns a value that no row has.
func (e *examination) unusedValue(t *relation, name string) []byte {
	c := t.column(name)
	if c.Type == "uuid" {
		return encode(uuid.NewString())
	}
	e.lastNumber++
	if c.Category == "N" {
		return encode(30_000 - e.lastNumber%10_000) // fits the smallest integer type
	}
	return e.value(t, c, &tenantSide{marker: fmt.Sprintf("%s-%d", nonexistentName, e.lastNumber),
		ID: tenancy.ID{}},
		fmt.Sprintf("%s-%d", nonexistentName, e.lastNumber))
}
