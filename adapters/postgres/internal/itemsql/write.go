package itemsql

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Source is where the items that are written come from. The same statements write the item of
// a request and the staged items of an import.
type Source struct {
	// Query has the columns id, name, labels, spec, version, updated_at and target. version
	// and updated_at are NULL where the database sets them. target is the id of the tenant's
	// row with this name, NULL if there is none.
	Query string

	// Pending is the condition, on the alias n of bailiwick.staged, for the staged items of
	// the import. It is empty for a request.
	Pending string
}

// Writer builds the statements that write items of one kind for one tenant.
type Writer struct {
	d      *declare.Set
	t      *declare.Table
	tenant string // an SQL constant
	src    Source
}

// NewWriter returns a writer for items of the table t.
func NewWriter(d *declare.Set, t *declare.Table, tenant tenancy.ID, src Source) Writer {
	return Writer{d: d, t: t, tenant: sqltext.Literal(tenant.String()) + "::uuid", src: src}
}

// with adds the source as the CTE src to a statement.
func (w Writer) with(statement string) string {
	return "WITH src AS MATERIALIZED (" + w.src.Query + ") " + statement
}

// assignment is a column and the expression for its value. The alias s is the item, r the
// record of its typed members.
type assignment struct{ column, expr string }

// assignments returns the values of all columns except the key, the name and the version.
// With update an absent member that the database fills keeps its value, unless the row is deleted.
func (w Writer) assignments(update bool) []assignment {
	var list []assignment
	if !w.t.NoLabels {
		list = append(list, assignment{"labels", "s.labels"})
	}
	if !w.t.NoSpec {
		list = append(list, assignment{"spec", w.untypedSpec()})
	}
	for _, c := range w.t.Columns {
		kept := ""
		if update {
			kept = w.kept(c)
		}
		list = append(list, assignment{c.Name, writeColumn(c, kept)})
	}
	for _, r := range w.t.References {
		for _, to := range targetsOf(w.d, r) {
			list = append(list, assignment{to.column, w.referencedID(r, to)})
		}
	}
	for _, s := range w.t.Secrets {
		value := fmt.Sprintf("%s || (s.spec -> %s ->> '$secret')", sqltext.Literal(SecretMark),
			sqltext.Literal(s))
		list = append(list, assignment{s, value})
	}
	return list
}

// kept returns the expression for the value that an update keeps in a column that the database fills.
func (w Writer) kept(c declare.Column) string {
	stored := "t." + sqltext.Quote(c.Name)
	if w.t.DeletedAt == "" {
		return stored
	}
	return "CASE WHEN t." + sqltext.Quote(w.t.DeletedAt) + " IS NULL THEN " + stored + " ELSE " +
		strings.TrimSpace(c.Default) + " END"
}

// untypedSpec returns the expression for the members of the spec that are stored in the column
// spec.
func (w Writer) untypedSpec() string {
	typed := typedMembers(w.t)
	if len(typed) == 0 {
		return "s.spec"
	}
	for i, member := range typed {
		typed[i] = sqltext.Literal(member)
	}
	return "s.spec - ARRAY[" + strings.Join(typed, ", ") + "]"
}

// referencedID returns the expression for the id of the row that a reference names. A row that
// the same statement creates isn't visible to it, so its id comes from the item.
func (w Writer) referencedID(r declare.Reference, to target) string {
	field := sqltext.Literal(r.Field)
	isSet, name := "s.spec ->> "+field+" IS NOT NULL", "s.spec ->> "+field
	if len(r.Columns) > 0 {
		isSet = "s.spec -> " + field + " ->> 'kind' = " + sqltext.Literal(to.kind)
		name = "s.spec -> " + field + " ->> 'name'"
	}
	id := fmt.Sprintf("(SELECT x.%s FROM %s AS x WHERE x.%s = %s AND x.%s = %s%s)",
		sqltext.Quote(to.id), to.sql, to.tenant, w.tenant, sqltext.Quote(to.name), name,
		Living(to.table, "x"))
	switch {
	case to.kind == "": // a lookup table
	case w.src.Pending != "":
		id = "coalesce(" + w.stagedID(to.kind, name) + ", " + id + ")"
	case to.kind == w.t.Kind:
		id = "coalesce(" + id + ", CASE WHEN " + name + " = s.name THEN " + w.storedID() + " END)"
	}
	return "CASE WHEN " + isSet + " THEN " + id + " END"
}

// storedID returns the expression for the id under which the item is stored, if no living row has
// its name before.
func (w Writer) storedID() string {
	if w.t.DeletedAt == "" {
		return "s.id"
	}
	return "coalesce(s.target, s.id)"
}

// stagedID returns the sub-select for the id of an item that the import writes.
func (w Writer) stagedID(kind, name string) string {
	id := "coalesce(n.target, n.id)"
	if idType := w.d.ByKind[kind].IDType; idType != declare.UUIDs {
		id = "coalesce(n.target_key, n.new_key)::" + idType
	}
	return fmt.Sprintf("(SELECT %s FROM bailiwick.staged AS n"+
		` WHERE %s AND n.chosen AND n.kind COLLATE "C" = %s AND n.name COLLATE "C" = %s)`,
		id, w.src.Pending, sqltext.Literal(kind), name)
}

// from returns the items s and, joined to them, the records r of the typed members of their
// specs.
func (w Writer) from() string {
	if len(w.t.Columns) == 0 {
		return "src AS s"
	}
	var fields []string
	for _, c := range w.t.Columns {
		fields = append(fields, sqltext.Quote(c.Name)+" "+recordType(c))
	}
	return "src AS s CROSS JOIN LATERAL jsonb_to_record(s.spec) AS r(" +
		strings.Join(fields, ", ") + ")"
}

// pastTime is the time of an item that is its version. An import gives it none in the future, in
// which the writes after it would have theirs.
const pastTime = "least(s.updated_at, now())"

// Insert returns the statement that creates the items without a target.
func (w Writer) Insert() string {
	columns := []string{w.t.Tenant(), "id", "version", "updated_at"}
	values := []string{w.tenant, "s.id", "coalesce(s.version, 1)", "coalesce(s.updated_at, now())"}
	if w.t.NoVersion {
		columns = []string{w.t.Tenant(), "id", "updated_at"}
		values = []string{w.tenant, "s.id", pastTime}
	}
	if w.t.Singleton == "" {
		columns, values = append(columns, sqltext.Quote(w.t.NameColumn)), append(values, "s.name")
	}
	for _, a := range w.assignments(false) {
		columns, values = append(columns, sqltext.Quote(a.column)), append(values, a.expr)
	}
	overriding := ""
	if w.t.NewID != "" { // GENERATED ALWAYS takes no other id without it
		overriding = " OVERRIDING SYSTEM VALUE"
	}
	return w.with(fmt.Sprintf("INSERT INTO %s (%s)%s SELECT %s FROM %s WHERE s.target IS NULL",
		w.t.SQL, strings.Join(columns, ", "), overriding, strings.Join(values, ", "), w.from()))
}

// Update returns the statement that overwrites the targets. If the source's version is greater,
// the row gets this version and its time. Otherwise the trigger increments the row's version. So it
// is with the time alone in a table without versions.
func (w Writer) Update() string {
	sets := []string{
		"version = greatest(t.version, s.version)",
		"updated_at = CASE WHEN s.version > t.version THEN s.updated_at ELSE t.updated_at END",
	}
	if w.t.NoVersion {
		sets = []string{"updated_at = CASE WHEN s.updated_at IS NULL THEN t.updated_at" +
			" ELSE greatest(t.updated_at, " + pastTime + ") END"}
	}
	if w.t.DeletedAt != "" {
		sets = append(sets, sqltext.Quote(w.t.DeletedAt)+" = NULL")
	}
	for _, a := range w.assignments(true) {
		sets = append(sets, sqltext.Quote(a.column)+" = "+a.expr)
	}
	return w.with(fmt.Sprintf(
		"UPDATE %s AS t SET %s FROM %s WHERE s.target IS NOT NULL AND t.%s = %s AND t.id = s.target",
		w.t.SQL, strings.Join(sets, ", "), w.from(), w.t.Tenant(), w.tenant))
}

// InsertLookups returns the statements that insert the names that lookup tables lack.
func (w Writer) InsertLookups() []string {
	var statements []string
	for _, r := range w.t.References {
		if r.LookupTable == nil {
			continue
		}
		statements = append(statements, w.with(fmt.Sprintf(
			"INSERT INTO %[1]s (%[5]s, %[2]s) SELECT DISTINCT %[3]s, s.spec ->> %[4]s"+
				" FROM src AS s WHERE s.spec ->> %[4]s IS NOT NULL"+
				" AND NOT EXISTS (SELECT FROM %[1]s AS x WHERE x.%[5]s = %[3]s"+
				" AND x.%[2]s = s.spec ->> %[4]s) ON CONFLICT DO NOTHING",
			r.LookupTable.SQL, sqltext.Quote(r.LookupTable.Name), w.tenant,
			sqltext.Literal(r.Field), r.LookupTable.Tenant())))
	}
	return statements
}

// ReplaceJoins returns the statements that replace the rows of the join tables.
func (w Writer) ReplaceJoins() []string {
	var statements []string
	for _, r := range w.t.References {
		if r.JoinTable == nil {
			continue
		}
		statements = append(statements,
			w.with(fmt.Sprintf("DELETE FROM %s AS j USING src AS s WHERE s.target IS NOT NULL"+
				" AND j.%s = %s AND j.%s = s.target", r.JoinTable.SQL, r.JoinTable.Tenant(),
				w.tenant, sqltext.Quote(r.JoinTable.From))),
			w.insertJoin(r))
	}
	return statements
}

// insertJoin returns the statement that inserts the rows of a join table.
func (w Writer) insertJoin(r declare.Reference) string {
	columns := []string{r.JoinTable.Tenant(), sqltext.Quote(r.JoinTable.From),
		sqltext.Quote(r.JoinTable.To)}
	values := []string{w.tenant, "coalesce(s.target, s.id)", "x.id"}
	if r.JoinTable.Position != "" {
		columns = append(columns, sqltext.Quote(r.JoinTable.Position))
		values = append(values, "e.place - 1")
	}
	to := w.d.ByKind[r.Kind]
	return w.with(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM src AS s"+
		" CROSS JOIN LATERAL jsonb_array_elements_text(s.spec -> %s) WITH ORDINALITY"+
		" AS e(name, place) JOIN %s AS x ON x.%s = %s AND x.%s = e.name%s",
		r.JoinTable.SQL, strings.Join(columns, ", "), strings.Join(values, ", "),
		sqltext.Literal(r.Field), to.SQL, to.Tenant(), w.tenant, sqltext.Quote(to.NameColumn),
		Living(to, "x")))
}

// maxDangling limits the rows of SelectDangling.
const maxDangling = 101

// SelectDangling returns the query for references to items that don't exist. It has the columns
// name (of the referring item), path (a JSON pointer), kind and missing (the name without an
// item), and at most 101 rows. It is empty when the kind has no references to items.
func (w Writer) SelectDangling() string {
	var queries []string
	for _, r := range w.t.References {
		if r.LookupTable != nil {
			continue
		}
		for _, kind := range r.Kinds() {
			queries = append(queries, w.danglingTo(r, kind))
		}
	}
	if len(queries) == 0 {
		return ""
	}
	return w.with(strings.Join(queries, " UNION ALL ") + fmt.Sprintf(" LIMIT %d", maxDangling))
}

// danglingTo returns the query for the names that the reference gives to items of a kind and
// that no item has.
func (w Writer) danglingTo(r declare.Reference, kind string) string {
	field := sqltext.Literal(r.Field)
	from, path := "src AS s", sqltext.Literal("/spec/"+r.Field)
	missing, condition := "s.spec ->> "+field, "true"
	switch {
	case r.JoinTable != nil:
		from += " CROSS JOIN LATERAL jsonb_array_elements_text(s.spec -> " + field +
			") WITH ORDINALITY AS e(name, place)"
		path, missing = sqltext.Literal("/spec/"+r.Field+"/")+" || (e.place - 1)", "e.name"
	case len(r.Columns) > 0:
		missing = "s.spec -> " + field + " ->> 'name'"
		condition = "s.spec -> " + field + " ->> 'kind' = " + sqltext.Literal(kind)
	}
	to := w.d.ByKind[kind]
	query := fmt.Sprintf("SELECT s.name, %s AS path, %s AS kind, %s AS missing FROM %s WHERE %s"+
		" AND %[3]s IS NOT NULL"+
		" AND NOT EXISTS (SELECT FROM %[6]s AS x WHERE x.%[9]s = %[7]s AND %[8]s)",
		path, sqltext.Literal(kind), missing, from, condition, to.SQL, w.tenant,
		NameEquals(to, "x", missing)+Living(to, "x"), to.Tenant())
	if w.src.Pending != "" {
		query += " AND NOT EXISTS " + w.stagedID(kind, missing)
	} else if kind == w.t.Kind {
		query += " AND " + missing + " <> s.name"
	}
	return query
}

// SelectReferrers returns the query for the items that refer to an item of the table t. It has
// the columns kind and name. id is an SQL expression for the item's id, such as a placeholder.
// An item that refers to itself through a column isn't included. Deleted items are included only if
// the item would be deleted for good, which the foreign keys of their rows prevent.
func SelectReferrers(d *declare.Set, t *declare.Table, tenant tenancy.ID, id string) string {
	tenantID := sqltext.Literal(tenant.String()) + "::uuid"
	var queries []string
	for _, from := range d.KindTables {
		living := ""
		if t.DeletedAt != "" {
			living = Living(from, "t")
		}
		columns := fmt.Sprintf("SELECT %s AS kind, %s AS name FROM %s AS t",
			sqltext.Literal(from.Kind), NameExpr(from, "t"), from.SQL)
		for _, r := range from.References {
			if r.LookupTable != nil {
				continue
			}
			if r.JoinTable != nil && r.Kind == t.Kind {
				queries = append(queries, columns+fmt.Sprintf(
					" JOIN %s AS j ON j.%s = t.%s AND j.%s = t.id WHERE t.%[3]s = %[5]s AND j.%[6]s = %[7]s%[8]s",
					r.JoinTable.SQL, r.JoinTable.Tenant(), from.Tenant(),
					sqltext.Quote(r.JoinTable.From), tenantID, sqltext.Quote(r.JoinTable.To), id,
					living))
			}
			for _, to := range targetsOf(d, r) {
				if to.kind != t.Kind {
					continue
				}
				query := columns + fmt.Sprintf(" WHERE t.%s = %s AND t.%s = %s%s", from.Tenant(), tenantID,
					sqltext.Quote(to.column), id, living)
				if from == t {
					query += " AND t.id <> " + id
				}
				queries = append(queries, query)
			}
		}
	}
	return strings.Join(queries, " UNION ALL ")
}
