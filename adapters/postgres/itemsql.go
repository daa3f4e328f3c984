package postgres

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/federation"
)

// secretMark stands before the name of a secret in a secret's column. A column
// value without it is a value of the time before the vault, and answered under
// the name that it would have there.
const secretMark = "$secret:"

// SelectItems is a SELECT of t's rows as items, up to where a WHERE follows.
// The alias of the table is t. Its columns are those that scanItem reads.
func SelectItems(d *declarations, t *table) string {
	joined := names{
		one:  func(i, j int, to target) string { return targetAlias(i, j) + "." + Quote(to.name) },
		many: func(_ int, r reference) string { return joinedNames(d, r) },
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT t.id, %s AS name, t.labels, %s AS spec, t.version, t.updated_at,"+
		" t.created_at FROM %s AS t",
		NameOf(t, "t"), specOf(d, t, joined), t.sql)
	for i, r := range t.references {
		for j, target := range columnsOf(d, r) {
			fmt.Fprintf(&b, " LEFT JOIN %s AS %s ON %[2]s.tenant_id = t.tenant_id"+
				" AND %[2]s.%s = t.%s",
				target.sql, targetAlias(i, j), Quote(target.id), Quote(target.column))
		}
	}
	return b.String()
}

// names are the expressions for the names of what an item refers to.
type names struct {
	one  func(reference, column int, to target) string // of one column's
	many func(reference int, r reference) string       // of a join's, a JSON array
}

// target is one column of a reference and what it refers to.
type target struct {
	column, kind, sql, id, name string
}

// columnsOf are the columns that a reference is kept in; none for a join.
func columnsOf(d *declarations, r reference) []target {
	if r.lookup != nil {
		return []target{{column: r.Column, sql: r.lookup.sql, id: r.lookup.id, name: r.lookup.name}}
	}
	if r.Column != "" {
		to := d.byKind[r.Kind]
		return []target{{column: r.Column, kind: to.kind, sql: to.sql, id: "id",
			name: to.nameColumn}}
	}
	var targets []target
	if r.join == nil {
		for _, kind := range r.kinds() {
			to := d.byKind[kind]
			targets = append(targets, target{column: r.Columns[kind], kind: kind, sql: to.sql,
				id: "id", name: to.nameColumn})
		}
	}
	return targets
}

func targetAlias(reference, column int) string { return fmt.Sprintf("r%d_%d", reference, column) }

// NameOf is the item's name in a query where alias stands for the table.
func NameOf(t *table, alias string) string {
	if t.singleton != "" {
		return Literal(t.singleton) + "::text"
	}
	return alias + "." + Quote(t.nameColumn)
}

// NameEquals is the condition that alias has the name that expr gives.
func NameEquals(t *table, alias, expr string) string {
	return NameOf(t, alias) + " = " + expr
}

// specOf is the spec of a row: what the column spec keeps, and over it every
// member that has a place of its own.
func specOf(d *declarations, t *table, of names) string {
	parts := []string{"t.spec"}
	var always, scalars []string
	for _, c := range t.columns {
		pair := Literal(c.name) + ", t." + Quote(c.name)
		switch {
		case c.notNull:
			always = append(always, pair)
		case isScalar(c):
			scalars = append(scalars, pair)
		default:
			parts = append(parts, whenNotNull("t."+Quote(c.name), "jsonb_build_object("+pair+")"))
		}
	}
	for i, r := range t.references {
		switch {
		case r.join != nil:
			always = append(always, Literal(r.Field)+", "+of.many(i, r))
		case len(r.Columns) > 0:
			parts = append(parts, polymorphicRef(d, r, i, of))
		default:
			scalars = append(scalars, Literal(r.Field)+", "+of.one(i, 0, columnsOf(d, r)[0]))
		}
	}
	for _, s := range t.secrets {
		parts = append(parts, secretOf(t, s))
	}
	if len(always) > 0 {
		parts = append(parts, "jsonb_build_object("+strings.Join(always, ", ")+")")
	}
	if len(scalars) > 0 { // a scalar has nothing within that strip_nulls could reach
		parts = append(parts, "jsonb_strip_nulls(jsonb_build_object("+strings.Join(scalars, ", ")+
			"))")
	}
	return strings.Join(parts, " || ")
}

func whenNotNull(column, then string) string {
	return "CASE WHEN " + column + " IS NOT NULL THEN " + then + " ELSE '{}' END"
}

func isScalar(c column) bool {
	switch c.jsonType() {
	case federation.String, federation.Integer, federation.Number, federation.Boolean:
		return true
	}
	return false
}

// joinedNames looks each name up by itself, so that an item which refers to nothing
// asks the policy of one table less.
func joinedNames(d *declarations, r reference) string {
	to := d.byKind[r.Kind]
	return fmt.Sprintf("(SELECT coalesce(jsonb_agg((SELECT x.%s FROM %s AS x"+
		" WHERE x.tenant_id = j.tenant_id AND x.id = j.%s) ORDER BY j.%s), '[]') FROM %s AS j"+
		" WHERE j.tenant_id = t.tenant_id AND j.%s = t.id)",
		Quote(to.nameColumn), to.sql, Quote(r.join.to), Quote(r.join.position), r.join.sql,
		Quote(r.join.from))
}

// polymorphicRef is a reference to one item of several kinds.
func polymorphicRef(d *declarations, r reference, i int, of names) string {
	var b strings.Builder
	b.WriteString("CASE")
	for j, to := range columnsOf(d, r) {
		fmt.Fprintf(&b, " WHEN t.%s IS NOT NULL THEN jsonb_build_object(%s,"+
			" jsonb_build_object('kind', %s, 'name', %s))",
			Quote(to.column), Literal(r.Field), Literal(to.kind), of.one(i, j, to))
	}
	b.WriteString(" ELSE '{}' END")
	return b.String()
}

func secretOf(t *table, column string) string {
	own := fmt.Sprintf("%s || '/' || %s || '/' || %s", Literal(t.kind), NameOf(t, "t"),
		Literal(column))
	return fmt.Sprintf("CASE WHEN t.%[1]s IS NULL THEN '{}' ELSE jsonb_build_object(%[2]s,"+
		" jsonb_build_object('$secret', "+
		"CASE WHEN starts_with(t.%[1]s, %[3]s) THEN substr(t.%[1]s, %[4]d) ELSE %[5]s END)) END",
		Quote(column), Literal(column), Literal(secretMark), len(secretMark)+1, own)
}

// placed are the members of the spec that have a place of their own, so that
// the column spec doesn't keep them.
func placed(t *table) []string {
	var members []string
	for _, c := range t.columns {
		members = append(members, c.name)
	}
	for _, r := range t.references {
		members = append(members, r.Field)
	}
	members = append(members, t.secrets...)
	slices.Sort(members)
	return members
}
