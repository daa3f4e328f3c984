package itemsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/federation"
)

// SecretMark precedes the name of a secret in the column of a secret. A column without the
// mark has a value from before the vault existed. Its item shows the name that the secret
// would have in the vault.
const SecretMark = "$secret:"

// SelectItems returns a SELECT of t's rows as items, up to the place of a WHERE. The alias of
// the table is t. The columns are id, name, labels, spec, version, updated_at and created_at.
func SelectItems(d *declare.Set, t *declare.Table) string {
	joined := nameExprs{
		one: func(i, j int, to target) string {
			return targetAlias(i, j) + "." + sqltext.Quote(to.name)
		},
		many: func(_ int, r declare.Reference) string { return joinedNames(d, t, r) },
	}
	var b strings.Builder
	fmt.Fprintf(&b, "SELECT t.id, %s AS name, %s AS labels, %s AS spec, %s AS version,"+
		" %s AS updated_at, %s AS created_at FROM %s AS t", NameExpr(t, "t"), LabelsOf(t),
		strings.Join(specParts(d, t, joined), " || "), VersionOf(t), timeExpr("t.updated_at"),
		timeExpr("t.created_at"), t.SQL)
	for i, r := range t.References {
		for j, to := range targetsOf(d, r) {
			fmt.Fprintf(&b, " LEFT JOIN %s AS %s ON %[2]s.%[3]s = t.%[4]s AND %[2]s.%[5]s = t.%[6]s%[7]s",
				to.sql, targetAlias(i, j), to.tenant, t.Tenant(), sqltext.Quote(to.id),
				sqltext.Quote(to.column), Living(to.table, targetAlias(i, j)))
		}
	}
	return b.String()
}

// nameExprs builds the SQL expressions for the names of the items that an item refers to.
// References and their columns are numbered from 0.
type nameExprs struct {
	one  func(reference, column int, to target) string   // for a column
	many func(reference int, r declare.Reference) string // for a join table: a JSON array
}

// target is one column of a reference and the table that it refers to.
type target struct {
	column   string
	kind     string         // empty for a lookup table
	sql      string         // the table
	id, name string         // its columns
	tenant   string         // its column with the tenant's id, as statements have it
	table    *declare.Table // nil for a lookup table
}

// targetsOf returns the targets of the columns that a reference is stored in. It is empty for
// a reference that is stored in a join table.
func targetsOf(d *declare.Set, r declare.Reference) []target {
	if r.LookupTable != nil {
		return []target{{
			column: r.Column, sql: r.LookupTable.SQL, id: r.LookupTable.ID,
			name: r.LookupTable.Name, tenant: r.LookupTable.Tenant(),
		}}
	}
	if r.JoinTable != nil {
		return nil
	}
	if r.Column != "" {
		return []target{itemTarget(r.Column, d.ByKind[r.Kind])}
	}
	var targets []target
	for _, kind := range r.Kinds() {
		targets = append(targets, itemTarget(r.Columns[kind], d.ByKind[kind]))
	}
	return targets
}

// itemTarget returns the target of a column that refers to an item.
func itemTarget(column string, to *declare.Table) target {
	return target{column: column, kind: to.Kind, sql: to.SQL, id: "id", name: to.NameColumn,
		tenant: to.Tenant(), table: to}
}

// targetAlias returns the alias of the table that a column of a reference refers to.
func targetAlias(reference, column int) string { return fmt.Sprintf("r%d_%d", reference, column) }

// NameExpr returns the SQL expression for the item's name, in a query where the table has this
// alias.
func NameExpr(t *declare.Table, alias string) string {
	if t.Singleton != "" {
		return sqltext.Literal(t.Singleton) + "::text"
	}
	return alias + "." + sqltext.Quote(t.NameColumn)
}

// NameEquals returns the condition that the item's name equals expr, in a query where the
// table has this alias.
func NameEquals(t *declare.Table, alias, expr string) string {
	return NameExpr(t, alias) + " = " + expr
}

// timeExpr returns the SQL expression for a time, NULL if it isn't in the years 1 to 9999, which
// neither Go nor RFC 3339 can write. An adopted table may have one: infinity, for example.
func timeExpr(column string) string {
	return "CASE WHEN " + column + " >= '0001-01-01 00:00:00+00' AND " + column +
		" < '10000-01-01 00:00:00+00' THEN " + column + " END"
}

// TypedParts returns how many objects the spec of an item is joined from in addition to the column
// spec.
func TypedParts(t *declare.Table) int {
	empty := nameExprs{
		one:  func(int, int, target) string { return "" },
		many: func(int, declare.Reference) string { return "" },
	}
	anyTarget := &declare.Set{ByKind: map[string]*declare.Table{}} // the number doesn't depend on it
	for _, r := range t.References {
		for _, kind := range r.Kinds() {
			anyTarget.ByKind[kind] = t
		}
	}
	return len(specParts(anyTarget, t, empty)) - 1
}

// specParts returns SQL expressions whose concatenation is the spec of a row t: the column spec,
// and then objects with the members that are stored in other columns or tables.
func specParts(d *declare.Set, t *declare.Table, exprs nameExprs) []string {
	parts := []string{SpecOf(t)}
	var always, scalars []string // members that are always present; scalars, absent if NULL
	for _, c := range t.Columns {
		pair := sqltext.Literal(c.Name) + ", " + readColumn(c)
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
			always = append(always, sqltext.Literal(r.Field)+", "+exprs.many(i, r))
		case len(r.Columns) > 0:
			parts = append(parts, polymorphicRef(d, r, i, exprs))
		default:
			scalars = append(scalars, sqltext.Literal(r.Field)+", "+
				exprs.one(i, 0, targetsOf(d, r)[0]))
		}
	}
	for _, s := range t.Secrets {
		parts = append(parts, secretRef(t, s))
	}
	if len(always) > 0 {
		parts = append(parts, "jsonb_build_object("+strings.Join(always, ", ")+")")
	}
	if len(scalars) > 0 { // jsonb_strip_nulls also strips nested nulls, which scalars don't have
		parts = append(parts, "jsonb_strip_nulls(jsonb_build_object("+strings.Join(scalars, ", ")+
			"))")
	}
	return parts
}

func whenNotNull(column, then string) string {
	return "CASE WHEN " + column + " IS NOT NULL THEN " + then + " ELSE '{}' END"
}

// isScalar reports whether the column's JSON values have no nested values.
func isScalar(c declare.Column) bool {
	switch c.JSON {
	case federation.String, federation.Integer, federation.Number, federation.Boolean:
		return true
	}
	return false
}

// joinedNames returns the expression for the names in a join table of t, as a JSON array. It looks
// up each name in a sub-select, so that an item without references doesn't evaluate the policy
// of the table that it could refer to.
func joinedNames(d *declare.Set, t *declare.Table, r declare.Reference) string {
	to := d.ByKind[r.Kind]
	name := fmt.Sprintf("(SELECT x.%s FROM %s AS x WHERE x.%s = j.%s AND x.id = j.%s%s)",
		sqltext.Quote(to.NameColumn), to.SQL, to.Tenant(), r.JoinTable.Tenant(),
		sqltext.Quote(r.JoinTable.To), Living(to, "x"))
	filter := ""
	if to.DeletedAt != "" {
		filter = " FILTER (WHERE " + name + " IS NOT NULL)"
	}
	order := "j." + sqltext.Quote(r.JoinTable.Position)
	if r.JoinTable.Position == "" {
		order = name + ` COLLATE "C"`
	}
	return fmt.Sprintf("(SELECT coalesce(jsonb_agg(%s ORDER BY %s)%s, '[]') FROM %s AS j"+
		" WHERE j.%s = t.%s AND j.%s = t.id)",
		name, order, filter, r.JoinTable.SQL, r.JoinTable.Tenant(), t.Tenant(),
		sqltext.Quote(r.JoinTable.From))
}

// polymorphicRef returns the expression for the i-th reference, which refers to one item of
// several kinds.
func polymorphicRef(d *declare.Set, r declare.Reference, i int, exprs nameExprs) string {
	var b strings.Builder
	b.WriteString("CASE")
	for j, to := range targetsOf(d, r) {
		name := exprs.one(i, j, to)
		refers := "t." + sqltext.Quote(to.column) + " IS NOT NULL"
		if Living(to.table, "") != "" {
			refers = name + " IS NOT NULL"
		}
		fmt.Fprintf(&b, " WHEN %s THEN jsonb_build_object(%s, jsonb_build_object('kind', %s,"+
			" 'name', %s))", refers, sqltext.Literal(r.Field), sqltext.Literal(to.kind), name)
	}
	b.WriteString(" ELSE '{}' END")
	return b.String()
}

// secretRef returns the expression for a secret, as a reference to its name in the vault.
func secretRef(t *declare.Table, column string) string {
	defaultName := fmt.Sprintf("%s || '/' || %s || '/' || %s", sqltext.Literal(t.Kind),
		NameExpr(t, "t"), sqltext.Literal(column))
	return fmt.Sprintf("CASE WHEN t.%[1]s IS NULL THEN '{}' ELSE jsonb_build_object(%[2]s,"+
		" jsonb_build_object('$secret', "+
		"CASE WHEN starts_with(t.%[1]s, %[3]s) THEN substr(t.%[1]s, %[4]d) ELSE %[5]s END)) END",
		sqltext.Quote(column), sqltext.Literal(column), sqltext.Literal(SecretMark),
		len(SecretMark)+1, defaultName)
}

// typedMembers returns the members of the spec that are stored in other columns or tables, and
// so not in the column spec. They are sorted.
func typedMembers(t *declare.Table) []string {
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
