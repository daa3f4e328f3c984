package itemsql

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Source is where items to be written come from: a query with the columns id,
// name, labels, spec, version and updated_at, the last two NULL where the
// database is to count, and target, the id of the row that the tenant has under
// the name, NULL if it has none. One item of a request and the staged items of
// an import are written by the same statements.
type Source struct {
	Query   string
	Pending string // the condition on n for the import's other staged items; empty for a request
}

// NewWriter makes the statements that write one kind's items for one tenant.
type Writer struct {
	d      *declare.Set
	t      *declare.Table
	tenant string // an SQL constant
	src    Source
}

func NewWriter(d *declare.Set, t *declare.Table, tenant tenancy.ID, src Source) Writer {
	return Writer{d: d, t: t, tenant: sqltext.Literal(tenant.String()) + "::uuid", src: src}
}

func (w Writer) with(statement string) string {
	return "WITH src AS MATERIALIZED (" + w.src.Query + ") " + statement
}

// assignment is a column and the expression that gives its value; s stands for
// the item, r for the record of its typed members.
type assignment struct{ column, expr string }

func (w Writer) assignments() []assignment {
	list := []assignment{{"labels", "s.labels"}, {"spec", w.rest()}}
	for _, c := range w.t.Columns {
		expr := "r." + sqltext.Quote(c.Name)
		if c.NotNull && c.Default != "" {
			expr = "coalesce(" + expr + ", " + c.Default + ")"
		}
		list = append(list, assignment{c.Name, expr})
	}
	for _, r := range w.t.References {
		for _, to := range columnsOf(w.d, r) {
			list = append(list, assignment{to.column, w.idOf(r, to)})
		}
	}
	for _, s := range w.t.Secrets {
		list = append(list, assignment{
			s, fmt.Sprintf("%s || (s.spec -> %s ->> '$secret')", sqltext.Literal(secretMark),
				sqltext.Literal(s))})
	}
	return list
}

// rest is what the column spec keeps.
func (w Writer) rest() string {
	placed := placed(w.t)
	if len(placed) == 0 {
		return "s.spec"
	}
	for i, p := range placed {
		placed[i] = sqltext.Literal(p)
	}
	return "s.spec - ARRAY[" + strings.Join(placed, ", ") + "]"
}

// idOf finds the row that a reference names. A row that the statement itself
// creates is not visible to it: the id is known from the item.
func (w Writer) idOf(r declare.Reference, to target) string {
	given, name := "s.spec ->> "+sqltext.Literal(r.Field)+" IS NOT NULL",
		"s.spec ->> "+sqltext.Literal(r.Field)
	if len(r.Columns) > 0 {
		given = "s.spec -> " + sqltext.Literal(r.Field) + " ->> 'kind' = " +
			sqltext.Literal(to.kind)
		name = "s.spec -> " + sqltext.Literal(r.Field) + " ->> 'name'"
	}
	found := fmt.Sprintf("(SELECT x.%s FROM %s AS x WHERE x.tenant_id = %s AND x.%s = %s)",
		sqltext.Quote(to.id), to.sql, w.tenant, sqltext.Quote(to.name), name)
	switch {
	case to.kind == "": // a lookup
	case w.src.Pending != "":
		found = "coalesce(" + w.stagedID(to.kind, name) + ", " + found + ")"
	case to.kind == w.t.Kind:
		found = "coalesce(" + found + ", CASE WHEN " + name + " = s.name THEN s.id END)"
	}
	return "CASE WHEN " + given + " THEN " + found + " END"
}

// stagedID is the id of an item that the import writes.
func (w Writer) stagedID(kind, name string) string {
	return fmt.Sprintf(`(SELECT coalesce(n.target, n.id) FROM bailiwick.staged AS n WHERE %s AND n.chosen AND n.kind COLLATE "C" = %s AND n.name COLLATE "C" = %s)`,
		w.src.Pending, sqltext.Literal(kind), name)
}

// record is the items beside the typed members of their specs.
func (w Writer) record() string {
	if len(w.t.Columns) == 0 {
		return "src AS s"
	}
	var fields []string
	for _, c := range w.t.Columns {
		fields = append(fields, sqltext.Quote(c.Name)+" "+c.SQLType)
	}
	return "src AS s CROSS JOIN LATERAL jsonb_to_record(s.spec) AS r(" +
		strings.Join(fields, ", ") + ")"
}

// Insert creates the items that have no target.
func (w Writer) Insert() string {
	columns := []string{"tenant_id", "id", "version", "updated_at"}
	values := []string{w.tenant, "s.id", "coalesce(s.version, 1)", "coalesce(s.updated_at, now())"}
	if w.t.Singleton == "" {
		columns, values = append(columns, sqltext.Quote(w.t.NameColumn)), append(values, "s.name")
	}
	for _, a := range w.assignments() {
		columns, values = append(columns, sqltext.Quote(a.column)), append(values, a.expr)
	}
	return w.with(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE s.target IS NULL",
		w.t.SQL, strings.Join(columns, ", "), strings.Join(values, ", "), w.record()))
}

// Update overwrites the targets. A version of the source that is greater is
// kept with its time; otherwise the trigger counts on.
func (w Writer) Update() string {
	sets := []string{
		"version = greatest(t.version, s.version)",
		"updated_at = CASE WHEN s.version > t.version THEN s.updated_at ELSE t.updated_at END",
	}
	for _, a := range w.assignments() {
		sets = append(sets, sqltext.Quote(a.column)+" = "+a.expr)
	}
	return w.with(fmt.Sprintf(
		"UPDATE %s AS t SET %s FROM %s WHERE s.target IS NOT NULL AND t.tenant_id = %s"+
			" AND t.id = s.target",
		w.t.SQL, strings.Join(sets, ", "), w.record(), w.tenant))
}

// InsertLookups add the names that lookup tables lack.
func (w Writer) InsertLookups() []string {
	var statements []string
	for _, r := range w.t.References {
		if r.LookupTable == nil {
			continue
		}
		statements = append(statements, w.with(fmt.Sprintf(
			"INSERT INTO %[1]s (tenant_id, %[2]s) SELECT DISTINCT %[3]s, s.spec ->> %[4]s"+
				" FROM src AS s WHERE s.spec ->> %[4]s IS NOT NULL"+
				" AND NOT EXISTS (SELECT FROM %[1]s AS x WHERE x.tenant_id = %[3]s"+
				" AND x.%[2]s = s.spec ->> %[4]s) ON CONFLICT DO NOTHING",
			r.LookupTable.SQL, sqltext.Quote(r.LookupTable.Name), w.tenant,
			sqltext.Literal(r.Field))))
	}
	return statements
}

// ReplaceJoins replace the rows of the join tables.
func (w Writer) ReplaceJoins() []string {
	var statements []string
	for _, r := range w.t.References {
		if r.JoinTable == nil {
			continue
		}
		to := w.d.ByKind[r.Kind]
		statements = append(statements,
			w.with(fmt.Sprintf("DELETE FROM %s AS j USING src AS s WHERE s.target IS NOT NULL"+
				" AND j.tenant_id = %s AND j.%s = s.target", r.JoinTable.SQL, w.tenant,
				sqltext.Quote(r.JoinTable.From))),
			w.with(fmt.Sprintf("INSERT INTO %s (tenant_id, %s, %s, %s) SELECT %[5]s,"+
				" coalesce(s.target, s.id), x.id, e.place - 1 FROM src AS s"+
				" CROSS JOIN LATERAL jsonb_array_elements_text(s.spec -> %[6]s) WITH ORDINALITY"+
				" AS e(name, place)"+
				" JOIN %[7]s AS x ON x.tenant_id = %[5]s AND x.%[8]s = e.name",
				r.JoinTable.SQL, sqltext.Quote(r.JoinTable.From), sqltext.Quote(r.JoinTable.To),
				sqltext.Quote(r.JoinTable.Position), w.tenant,
				sqltext.Literal(r.Field), to.SQL, sqltext.Quote(to.NameColumn))))
	}
	return statements
}

// SelectDangling finds the names that nothing has: columns name (of the referring
// item), path, kind and missing. It is empty when the kind refers to nothing.
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
	return w.with(strings.Join(queries, " UNION ALL ") + " LIMIT 101")
}

func (w Writer) danglingTo(r declare.Reference, kind string) string {
	from, path, missing, given := "src AS s", sqltext.Literal("/spec/"+r.Field),
		"s.spec ->> "+sqltext.Literal(r.Field), "true"
	switch {
	case r.JoinTable != nil:
		from = "src AS s CROSS JOIN LATERAL jsonb_array_elements_text(s.spec -> " +
			sqltext.Literal(r.Field) + ") WITH ORDINALITY AS e(name, place)"
		path, missing = sqltext.Literal("/spec/"+r.Field+"/")+" || (e.place - 1)", "e.name"
	case len(r.Columns) > 0:
		path, missing = sqltext.Literal("/spec/"+r.Field), "s.spec -> "+sqltext.Literal(r.Field)+
			" ->> 'name'"
		given = "s.spec -> " + sqltext.Literal(r.Field) + " ->> 'kind' = " + sqltext.Literal(kind)
	}
	to := w.d.ByKind[kind]
	query := fmt.Sprintf("SELECT s.name, %s AS path, %s AS kind, %s AS missing FROM %s WHERE %s"+
		" AND %[3]s IS NOT NULL"+
		" AND NOT EXISTS (SELECT FROM %[6]s AS x WHERE x.tenant_id = %[7]s AND %[8]s)",
		path, sqltext.Literal(kind), missing, from, given, to.SQL, w.tenant,
		NameEquals(to, "x", missing))
	if w.src.Pending != "" {
		query += " AND NOT EXISTS " + w.stagedID(kind, missing)
	} else if kind == w.t.Kind {
		query += " AND " + missing + " <> s.name"
	}
	return query
}

// SelectReferrers finds the items that refer to the row whose id is the placeholder:
// columns kind and name.
func SelectReferrers(d *declare.Set, t *declare.Table, tenant tenancy.ID, id string) string {
	constant := sqltext.Literal(tenant.String()) + "::uuid"
	var queries []string
	for _, from := range d.KindTables {
		for _, r := range from.References {
			if r.LookupTable != nil {
				continue
			}
			if r.JoinTable != nil && r.Kind == t.Kind {
				queries = append(queries,
					fmt.Sprintf("SELECT %s AS kind, %s AS name FROM %s AS t"+
						" JOIN %s AS j ON j.tenant_id = t.tenant_id AND j.%s = t.id"+
						" WHERE t.tenant_id = %s AND j.%s = %s", sqltext.Literal(from.Kind),
						NameExpr(from, "t"), from.SQL, r.JoinTable.SQL,
						sqltext.Quote(r.JoinTable.From), constant,
						sqltext.Quote(r.JoinTable.To), id))
			}
			for _, to := range columnsOf(d, r) {
				if to.kind != t.Kind {
					continue
				}
				query := fmt.Sprintf("SELECT %s AS kind, %s AS name FROM %s AS t"+
					" WHERE t.tenant_id = %s AND t.%s = %s",
					sqltext.Literal(from.Kind), NameExpr(from, "t"), from.SQL, constant,
					sqltext.Quote(to.column), id)
				if from == t {
					query += " AND t.id <> " + id
				}
				queries = append(queries, query)
			}
		}
	}
	return strings.Join(queries, " UNION ALL ")
}
