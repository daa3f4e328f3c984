package postgres

import (
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// ItemSource is where items to be written come from: a query with the columns id,
// name, labels, spec, version and updated_at, the last two NULL where the
// database is to count, and target, the id of the row that the tenant has under
// the name, NULL if it has none. One item of a request and the staged items of
// an import are written by the same statements.
type ItemSource struct {
	Query   string
	Pending string // the condition on n for the import's other staged items; empty for a request
}

// NewWriter makes the statements that write one kind's items for one tenant.
type Writer struct {
	d      *declarations
	t      *table
	tenant string // an SQL constant
	src    ItemSource
}

func NewWriter(d *declarations, t *table, tenant tenancy.ID, src ItemSource) Writer {
	return Writer{d: d, t: t, tenant: Literal(tenant.String()) + "::uuid", src: src}
}

func (w Writer) with(statement string) string {
	return "WITH src AS MATERIALIZED (" + w.src.Query + ") " + statement
}

// assignment is a column and the expression that gives its value; s stands for
// the item, r for the record of its typed members.
type assignment struct{ column, expr string }

func (w Writer) assignments() []assignment {
	list := []assignment{{"labels", "s.labels"}, {"spec", w.rest()}}
	for _, c := range w.t.columns {
		expr := "r." + Quote(c.name)
		if c.notNull && c.fallback != "" {
			expr = "coalesce(" + expr + ", " + c.fallback + ")"
		}
		list = append(list, assignment{c.name, expr})
	}
	for _, r := range w.t.references {
		for _, to := range columnsOf(w.d, r) {
			list = append(list, assignment{to.column, w.idOf(r, to)})
		}
	}
	for _, s := range w.t.secrets {
		list = append(list, assignment{
			s, fmt.Sprintf("%s || (s.spec -> %s ->> '$secret')", Literal(secretMark), Literal(s))})
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
		placed[i] = Literal(p)
	}
	return "s.spec - ARRAY[" + strings.Join(placed, ", ") + "]"
}

// idOf finds the row that a reference names. A row that the statement itself
// creates is not visible to it: the id is known from the item.
func (w Writer) idOf(r reference, to target) string {
	given, name := "s.spec ->> "+Literal(r.Field)+" IS NOT NULL", "s.spec ->> "+Literal(r.Field)
	if len(r.Columns) > 0 {
		given = "s.spec -> " + Literal(r.Field) + " ->> 'kind' = " + Literal(to.kind)
		name = "s.spec -> " + Literal(r.Field) + " ->> 'name'"
	}
	found := fmt.Sprintf("(SELECT x.%s FROM %s AS x WHERE x.tenant_id = %s AND x.%s = %s)",
		Quote(to.id), to.sql, w.tenant, Quote(to.name), name)
	switch {
	case to.kind == "": // a lookup
	case w.src.Pending != "":
		found = "coalesce(" + w.stagedID(to.kind, name) + ", " + found + ")"
	case to.kind == w.t.kind:
		found = "coalesce(" + found + ", CASE WHEN " + name + " = s.name THEN s.id END)"
	}
	return "CASE WHEN " + given + " THEN " + found + " END"
}

// stagedID is the id of an item that the import writes.
func (w Writer) stagedID(kind, name string) string {
	return fmt.Sprintf(`(SELECT coalesce(n.target, n.id) FROM bailiwick.staged AS n WHERE %s AND n.chosen AND n.kind COLLATE "C" = %s AND n.name COLLATE "C" = %s)`,
		w.src.Pending, Literal(kind), name)
}

// record is the items beside the typed members of their specs.
func (w Writer) record() string {
	if len(w.t.columns) == 0 {
		return "src AS s"
	}
	var fields []string
	for _, c := range w.t.columns {
		fields = append(fields, Quote(c.name)+" "+c.sqlType)
	}
	return "src AS s CROSS JOIN LATERAL jsonb_to_record(s.spec) AS r(" +
		strings.Join(fields, ", ") + ")"
}

// Insert creates the items that have no target.
func (w Writer) Insert() string {
	columns := []string{"tenant_id", "id", "version", "updated_at"}
	values := []string{w.tenant, "s.id", "coalesce(s.version, 1)", "coalesce(s.updated_at, now())"}
	if w.t.singleton == "" {
		columns, values = append(columns, Quote(w.t.nameColumn)), append(values, "s.name")
	}
	for _, a := range w.assignments() {
		columns, values = append(columns, Quote(a.column)), append(values, a.expr)
	}
	return w.with(fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE s.target IS NULL",
		w.t.sql, strings.Join(columns, ", "), strings.Join(values, ", "), w.record()))
}

// Update overwrites the targets. A version of the source that is greater is
// kept with its time; otherwise the trigger counts on.
func (w Writer) Update() string {
	sets := []string{
		"version = greatest(t.version, s.version)",
		"updated_at = CASE WHEN s.version > t.version THEN s.updated_at ELSE t.updated_at END",
	}
	for _, a := range w.assignments() {
		sets = append(sets, Quote(a.column)+" = "+a.expr)
	}
	return w.with(fmt.Sprintf(
		"UPDATE %s AS t SET %s FROM %s WHERE s.target IS NOT NULL AND t.tenant_id = %s"+
			" AND t.id = s.target",
		w.t.sql, strings.Join(sets, ", "), w.record(), w.tenant))
}

// Lookups add the names that lookup tables lack.
func (w Writer) Lookups() []string {
	var statements []string
	for _, r := range w.t.references {
		if r.lookup == nil {
			continue
		}
		statements = append(statements, w.with(fmt.Sprintf(
			"INSERT INTO %[1]s (tenant_id, %[2]s) SELECT DISTINCT %[3]s, s.spec ->> %[4]s"+
				" FROM src AS s WHERE s.spec ->> %[4]s IS NOT NULL"+
				" AND NOT EXISTS (SELECT FROM %[1]s AS x WHERE x.tenant_id = %[3]s"+
				" AND x.%[2]s = s.spec ->> %[4]s) ON CONFLICT DO NOTHING",
			r.lookup.sql, Quote(r.lookup.name), w.tenant, Literal(r.Field))))
	}
	return statements
}

// Joins replace the rows of the join tables.
func (w Writer) Joins() []string {
	var statements []string
	for _, r := range w.t.references {
		if r.join == nil {
			continue
		}
		to := w.d.byKind[r.Kind]
		statements = append(statements,
			w.with(fmt.Sprintf("DELETE FROM %s AS j USING src AS s WHERE s.target IS NOT NULL"+
				" AND j.tenant_id = %s AND j.%s = s.target", r.join.sql, w.tenant,
				Quote(r.join.from))),
			w.with(fmt.Sprintf("INSERT INTO %s (tenant_id, %s, %s, %s) SELECT %[5]s,"+
				" coalesce(s.target, s.id), x.id, e.place - 1 FROM src AS s"+
				" CROSS JOIN LATERAL jsonb_array_elements_text(s.spec -> %[6]s) WITH ORDINALITY"+
				" AS e(name, place)"+
				" JOIN %[7]s AS x ON x.tenant_id = %[5]s AND x.%[8]s = e.name",
				r.join.sql, Quote(r.join.from), Quote(r.join.to), Quote(r.join.position), w.tenant,
				Literal(r.Field), to.sql, Quote(to.nameColumn))))
	}
	return statements
}

// Dangling finds the names that nothing has: columns name (of the referring
// item), path, kind and missing. It is empty when the kind refers to nothing.
func (w Writer) Dangling() string {
	var queries []string
	for _, r := range w.t.references {
		if r.lookup != nil {
			continue
		}
		for _, kind := range r.kinds() {
			queries = append(queries, w.danglingTo(r, kind))
		}
	}
	if len(queries) == 0 {
		return ""
	}
	return w.with(strings.Join(queries, " UNION ALL ") + " LIMIT 101")
}

func (w Writer) danglingTo(r reference, kind string) string {
	from, path, missing, given := "src AS s", Literal("/spec/"+r.Field),
		"s.spec ->> "+Literal(r.Field), "true"
	switch {
	case r.join != nil:
		from = "src AS s CROSS JOIN LATERAL jsonb_array_elements_text(s.spec -> " +
			Literal(r.Field) + ") WITH ORDINALITY AS e(name, place)"
		path, missing = Literal("/spec/"+r.Field+"/")+" || (e.place - 1)", "e.name"
	case len(r.Columns) > 0:
		path, missing = Literal("/spec/"+r.Field), "s.spec -> "+Literal(r.Field)+" ->> 'name'"
		given = "s.spec -> " + Literal(r.Field) + " ->> 'kind' = " + Literal(kind)
	}
	to := w.d.byKind[kind]
	query := fmt.Sprintf("SELECT s.name, %s AS path, %s AS kind, %s AS missing FROM %s WHERE %s"+
		" AND %[3]s IS NOT NULL"+
		" AND NOT EXISTS (SELECT FROM %[6]s AS x WHERE x.tenant_id = %[7]s AND %[8]s)",
		path, Literal(kind), missing, from, given, to.sql, w.tenant, NameEquals(to, "x", missing))
	if w.src.Pending != "" {
		query += " AND NOT EXISTS " + w.stagedID(kind, missing)
	} else if kind == w.t.kind {
		query += " AND " + missing + " <> s.name"
	}
	return query
}

// Referrers finds the items that refer to the row whose id is the placeholder:
// columns kind and name.
func Referrers(d *declarations, t *table, tenant tenancy.ID, id string) string {
	constant := Literal(tenant.String()) + "::uuid"
	var queries []string
	for _, from := range d.order {
		for _, r := range from.references {
			if r.lookup != nil {
				continue
			}
			if r.join != nil && r.Kind == t.kind {
				queries = append(queries,
					fmt.Sprintf("SELECT %s AS kind, %s AS name FROM %s AS t"+
						" JOIN %s AS j ON j.tenant_id = t.tenant_id AND j.%s = t.id"+
						" WHERE t.tenant_id = %s AND j.%s = %s", Literal(from.kind),
						NameOf(from, "t"), from.sql, r.join.sql, Quote(r.join.from), constant,
						Quote(r.join.to), id))
			}
			for _, to := range columnsOf(d, r) {
				if to.kind != t.kind {
					continue
				}
				query := fmt.Sprintf("SELECT %s AS kind, %s AS name FROM %s AS t"+
					" WHERE t.tenant_id = %s AND t.%s = %s",
					Literal(from.kind), NameOf(from, "t"), from.sql, constant, Quote(to.column), id)
				if from == t {
					query += " AND t.id <> " + id
				}
				queries = append(queries, query)
			}
		}
	}
	return strings.Join(queries, " UNION ALL ")
}
