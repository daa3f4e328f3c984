package itemsql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
)

// Closure builds the queries for the items of a tenant that conditions select, and for all items
// that these refer to, directly or through others.
//
// References lead from kind to kind in one direction, except from a kind to itself
// ([declare.Set.KindTables]). So the ids of a kind are those that are selected, those that the kinds
// before it refer to, and those to which references within the kind lead. These are found by
// recursion, which follows each item once: a ring ends it.
//
// The planner can't estimate how many items a closure has. Each OFFSET 0 makes it look up every
// item by its id, so that the time grows with the closure and with nothing else.
type Closure struct {
	set      *declare.Set
	tenant   string            // an expression
	selected map[string]string // by kind: a condition on the row t
	reached  []*declare.Table  // each before the tables that it refers to
}

// NewClosure returns the closure of the items that the conditions on the row t select, by kind.
// tenant is an expression.
func NewClosure(d *declare.Set, selected map[string]string, tenant string) Closure {
	c := Closure{set: d, selected: selected, tenant: tenant}
	reached := map[string]bool{}
	for _, t := range slices.Backward(d.KindTables) {
		if _, ok := selected[t.Kind]; !ok && !reached[t.Kind] {
			continue
		}
		c.reached = append(c.reached, t)
		for _, r := range t.References {
			for _, kind := range r.Kinds() {
				reached[kind] = true
			}
		}
	}
	return c
}

// Tables returns the tables that can have items of the closure, sorted by kind.
func (c Closure) Tables() []*declare.Table {
	return slices.SortedFunc(slices.Values(c.reached),
		func(a, b *declare.Table) int { return strings.Compare(a.Kind, b.Kind) })
}

// SelectItems returns the query for the items of the closure in the table, with the columns of the
// function SelectItems. PostgreSQL runs only those parts of the WITH clause that lead to the table.
func (c Closure) SelectItems(t *declare.Table) string {
	var parts []string
	for i, from := range c.reached {
		parts = append(parts, fmt.Sprintf("%s(id) AS (%s)", c.ids(from), c.selectIDs(i)))
		if from == t {
			break
		}
	}
	return fmt.Sprintf("WITH RECURSIVE %s SELECT t.* FROM %s AS w CROSS JOIN LATERAL (%s WHERE t.%s = %s"+
		" AND t.id = w.id%s OFFSET 0) AS t", strings.Join(parts, ", "), c.ids(t), SelectItems(c.set, t),
		t.Tenant(), c.tenant, Living(t, "t"))
}

// ids returns the name of the part of the WITH clause that has the ids of a table.
func (c Closure) ids(t *declare.Table) string {
	return fmt.Sprintf("closure%d", slices.Index(c.reached, t))
}

// selectIDs returns the query for the ids of the i-th table, each once.
func (c Closure) selectIDs(i int) string {
	t := c.reached[i]
	var queries []string
	if condition, ok := c.selected[t.Kind]; ok {
		queries = append(queries, fmt.Sprintf("SELECT t.id FROM %s AS t WHERE t.%s = %s AND %s",
			t.SQL, t.Tenant(), c.tenant, condition)+Living(t, "t"))
	}
	for _, from := range c.reached[:i] {
		if found := c.follow(from, t); found != "" {
			queries = append(queries, found)
		}
	}
	first := strings.Join(queries, " UNION ALL ")
	if again := c.follow(t, t); again != "" {
		return "(" + first + ") UNION " + again
	}
	return "SELECT DISTINCT id FROM (" + first + ") AS found(id)"
}

// follow returns the query for the ids of the items of a table to which those of the closure in
// another table, or in the same one, refer. It is empty if no reference leads there.
func (c Closure) follow(from, to *declare.Table) string {
	var edges []string
	for _, r := range from.References {
		if slices.Contains(r.Kinds(), to.Kind) {
			edges = append(edges, SelectEdges(from, to, r, c.tenant))
		}
	}
	if len(edges) == 0 {
		return ""
	}
	living := ""
	if to.DeletedAt != "" {
		living = fmt.Sprintf(" JOIN %s AS x ON x.%s = %s AND x.id = e.b%s", to.SQL, to.Tenant(),
			c.tenant, Living(to, "x"))
	}
	return fmt.Sprintf("SELECT e.b::%s FROM %s AS w CROSS JOIN LATERAL (SELECT e.b FROM (%s) AS e%s"+
		" WHERE e.a = w.id OFFSET 0) AS e", to.IDType, c.ids(from), strings.Join(edges, " UNION ALL "),
		living)
}
