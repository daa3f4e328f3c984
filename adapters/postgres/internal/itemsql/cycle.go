package itemsql

import (
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// SelectEdges returns the query for the references of the tenant's items of t to items of to
// that are stored in r. Its columns are the ids a and b of the two items; tenant is an
// expression.
func SelectEdges(t, to *declare.Table, r declare.Reference, tenant string) string {
	if r.JoinTable != nil {
		return fmt.Sprintf("SELECT j.%s AS a, j.%s AS b FROM %s AS j WHERE j.%s = %s",
			sqltext.Quote(r.JoinTable.From), sqltext.Quote(r.JoinTable.To), r.JoinTable.SQL,
			r.JoinTable.Tenant(), tenant)
	}
	column := r.Column
	if column == "" {
		column = r.Columns[to.Kind]
	}
	return fmt.Sprintf("SELECT t.id AS a, t.%[1]s AS b FROM %[2]s AS t WHERE t.%[4]s = %[3]s"+
		" AND t.%[1]s IS NOT NULL", sqltext.Quote(column), t.SQL, tenant, t.Tenant()) + Living(t, "t")
}

// SelectInRing returns the query that tells whether the item with this id comes back to itself
// through r. It follows each item once.
func SelectInRing(t *declare.Table, r declare.Reference, tenant, id string) string {
	edges := SelectEdges(t, t, r, tenant)
	return fmt.Sprintf("WITH RECURSIVE walk(id) AS (SELECT e.b FROM (%[1]s) AS e WHERE e.a = %[2]s"+
		" UNION SELECT e.b FROM walk AS w JOIN (%[1]s) AS e ON e.a = w.id)"+
		" SELECT EXISTS (SELECT FROM walk WHERE id = %[2]s)", edges, id)
}

// SelectNamedEdges is [SelectEdges] with the names of the items instead of their ids.
func SelectNamedEdges(t *declare.Table, r declare.Reference, tenant string) string {
	return fmt.Sprintf("SELECT %s AS \"from\", %s AS \"to\" FROM (%s) AS e"+
		" JOIN %[4]s AS x ON x.%[6]s = %[5]s AND x.id = e.a"+Living(t, "x")+
		" JOIN %[4]s AS y ON y.%[6]s = %[5]s AND y.id = e.b"+Living(t, "y"),
		NameExpr(t, "x"), NameExpr(t, "y"), SelectEdges(t, t, r, tenant), t.SQL, tenant, t.Tenant())
}
