package itemsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
)

// secretMark stands before the name of a secret in a secret's column. A column
// value without it is a value of the time before the vault, and answered under
// the name that it would have there.
const secretMark = "$secret:"

// SelectItems is a SELECT of t's rows as items, up to where a WHERE follows.
// The alias of the table is t. Its columns are those that scanItem reads.
func SelectItems(d *declare.Set, t *declare.Table) string {
	joined := names{
		one: func(i, j int, to target) string {
			return targetAlias(i, j) + "." + sqltext.Quote(to.name)
		},
		many: func(_ int, r declare.Reference) string { return joinedNames(d, r) },
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT t.id, %s AS name, t.labels, %s AS spec, t.version, t.updated_at,"+
		" t.created_at FROM %s AS t",
		NameExpr(t, "t"), specOf(d, t, joined), t.SQL)
	for i, r := range t.References {
		for j, target := range columnsOf(d, r) {
			fmt.Fprintf(&b, " LEFT JOIN %s AS %s ON %[2]s.tenant_id = t.tenant_id"+
				" AND %[2]s.%s = t.%s",
				target.sql, targetAlias(i, j), sqltext.Quote(target.id),
				sqltext.Quote(target.column))
		}
	}
	return b.String()
}

// names are the expressions for the names of what an item refers to.
type names struct {
	one  func(reference, column int, to target) string   // of one column's
	many func(reference int, r declare.Reference) string // of a join's, a JSON array
}

// target is one column of a reference and what it refers to.
type target struct {
	column, kind, sql, id, name string
}

// columnsOf are the columns that a reference is kept in; none for a join.
func columnsOf(d *declare.Set, r declare.Reference) []target {
	if r.LookupTable != nil {
		return []target{{column: r.Column, sql: r.LookupTable.SQL, id: r.LookupTable.ID,
			name: r.LookupTable.Name}}
	}
	if r.Column != "" {
		to := d.ByKind[r.Kind]
		return []target{{column: r.Column, kind: to.Kind, sql: to.SQL, id: "id",
			name: to.NameColumn}}
	}
	var targets []target
	if r.JoinTable == nil {
		for _, kind := range r.Kinds() {
			to := d.ByKind[kind]
			targets = append(targets, target{column: r.Columns[kind], kind: kind, sql: to.SQL,
				id: "id", name: to.NameColumn})
		}
	}
	return targets
}

func targetAlias(reference, column int) string { return fmt.Sprintf("r%d_%d", reference, column) }

// NameExpr is the item's name in a query where alias stands for the table.
func NameExpr(t *declare.Table, alias string) string {
	if t.Singleton != "" {
		return sqltext.Literal(t.Singleton) + "::text"
	}
	return alias + "." + sqltext.Quote(t.NameColumn)
}

// NameEquals is the condition that alias has the name that expr gives.
func NameEquals(t *declare.Table, alias, expr string) string {
	return NameExpr(t, alias) + " = " + expr
}

// specOf is the spec of a row: what the column spec keeps, and over it every
// member that has a place of its own.
func specOf(d *declare.Set, t *declare.Table, of names) string {
	parts := []string{"t.spec"}
	var always, scalars []string
	for _, c := range t.Columns {
		pair := sqltext.Literal(c.Name) + ", t." + sqltext.Quote(c.Name)
		switch {
		case c.NotNull:
			always = append(always, pair)
		case isScalar(c):
			scalars = append(scalars, pair)
		default:
			parts = append(parts, whenNotNull("t."+sqltext.Quote(c.Name),
				"jsonb_build_object("+pair+")"))
		}
	}
	for i, r := range t.References {
		switch {
		case r.JoinTable != nil:
			always = append(always, sqltext.Literal(r.Field)+", "+of.many(i, r))
		case len(r.Columns) > 0:
			parts = append(parts, polymorphicRef(d, r, i, of))
		default:
			scalars = append(scalars, sqltext.Literal(r.Field)+", "+
				of.one(i, 0, columnsOf(d, r)[0]))
		}
	}
	for _, s := range t.Secrets {
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

func isScalar(c declare.Column) bool {
	switch c.JSONType() {
	case federation.String, federation.Integer, federation.Number, federation.Boolean:
		return true
	}
	return false
}

// joinedNames looks each name up by itself, so that an item which refers to nothing
// asks the policy of one table less.
func joinedNames(d *declare.Set, r declare.Reference) string {
	to := d.ByKind[r.Kind]
	return fmt.Sprintf("(SELECT coalesce(jsonb_agg((SELECT x.%s FROM %s AS x"+
		" WHERE x.tenant_id = j.tenant_id AND x.id = j.%s) ORDER BY j.%s), '[]') FROM %s AS j"+
		" WHERE j.tenant_id = t.tenant_id AND j.%s = t.id)",
		sqltext.Quote(to.NameColumn), to.SQL, sqltext.Quote(r.JoinTable.To),
		sqltext.Quote(r.JoinTable.Position), r.JoinTable.SQL,
		sqltext.Quote(r.JoinTable.From))
}

// polymorphicRef is a reference to one item of several kinds.
func polymorphicRef(d *declare.Set, r declare.Reference, i int, of names) string {
	var b strings.Builder
	b.WriteString("CASE")
	for j, to := range columnsOf(d, r) {
		fmt.Fprintf(&b, " WHEN t.%s IS NOT NULL THEN jsonb_build_object(%s,"+
			" jsonb_build_object('kind', %s, 'name', %s))",
			sqltext.Quote(to.column), sqltext.Literal(r.Field), sqltext.Literal(to.kind),
			of.one(i, j, to))
	}
	b.WriteString(" ELSE '{}' END")
	return b.String()
}

func secretOf(t *declare.Table, column string) string {
	own := fmt.Sprintf("%s || '/' || %s || '/' || %s", sqltext.Literal(t.Kind), NameExpr(t, "t"),
		sqltext.Literal(column))
	return fmt.Sprintf("CASE WHEN t.%[1]s IS NULL THEN '{}' ELSE jsonb_build_object(%[2]s,"+
		" jsonb_build_object('$secret', "+
		"CASE WHEN starts_with(t.%[1]s, %[3]s) THEN substr(t.%[1]s, %[4]d) ELSE %[5]s END)) END",
		sqltext.Quote(column), sqltext.Literal(column), sqltext.Literal(secretMark),
		len(secretMark)+1, own)
}

// placed are the members of the spec that have a place of their own, so that
// the column spec doesn't keep them.
func placed(t *declare.Table) []string {
	var members []string
	for _, c := range t.Columns {
		members = append(members, c.Name)
	}
	for _, r := range t.References {
		members = append(members, r.Field)
	}
	members = append(members, t.Secrets...)
	slices.Sort(members)
	return members
}
