package scopedtest

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
)

// builders are the types on which a caller of a handle can call methods of bun's.
var builders = []reflect.Type{
	reflect.TypeFor[*bun.SelectQuery](), reflect.TypeFor[*bun.InsertQuery](),
	reflect.TypeFor[*bun.UpdateQuery](), reflect.TypeFor[*bun.DeleteQuery](),
	reflect.TypeFor[*bun.ValuesQuery](), reflect.TypeFor[*bun.RawQuery](),
	reflect.TypeFor[bun.QueryBuilder](),
}

// Methods that can't change which rows a statement reads or writes.
const (
	reads    = "returns a fact, changes nothing"
	executes = "runs the statement, which is confined however it is run"
	limits   = "takes no text and no query"
	names    = "takes names, which are quoted"
	otherDB  = "writes nothing for PostgreSQL"
)

// methods says for each method of bun's builders why it doesn't leave the filter: by one of the
// reasons above, by the attack that is refused, or by the statement that is confined.
var methods = map[string]string{
	"AppendColumns": reads, "AppendNamedArg": reads, "AppendQuery": reads, "Dialect": reads,
	"Err": reads, "FQN": reads, "GetModel": reads, "GetTableName": reads, "Operation": reads,
	"String": reads,

	"Count": executes, "Exec": executes, "Exists": executes, "Rows": executes, "Scan": executes,
	"ScanAndCount": executes,

	"Comment": limits, "Distinct": limits, "ForceDelete": limits, "Ignore": limits,
	"Limit": limits, "Offset": limits, "OmitZero": limits, "WhereAllWithDeleted": limits,
	"WhereDeleted": limits, "WithOrder": limits,

	"Column": names, "ExcludeColumn": names, "Group": names, "Order": names, "OrderBy": names, "WherePK": names,
	"Table": "select: Table",

	"ForceIndex": otherDB, "ForceIndexForGroupBy": otherDB, "ForceIndexForJoin": otherDB,
	"ForceIndexForOrderBy": otherDB, "IgnoreIndex": otherDB, "IgnoreIndexForGroupBy": otherDB,
	"IgnoreIndexForJoin": otherDB, "IgnoreIndexForOrderBy": otherDB, "UseIndex": otherDB,
	"UseIndexForGroupBy": otherDB, "UseIndexForJoin": otherDB, "UseIndexForOrderBy": otherDB,

	// They pass on a builder, to a function or back.
	"Apply":             "tables: Where of the query builder",
	"ApplyQueryBuilder": "tables: Where of the query builder",
	"QueryBuilder":      "tables: Unwrap of the query builder",
	"Unwrap":            "tables: Unwrap of the query builder",
	"Clone":             "select: clone",
	"WhereGroup":        "select: select with a WhereGroup after OR",

	// They make other queries, or run the query elsewhere.
	"Conn":             "factories: the handle as a connection",
	"DB":               "factories: SQL of a query's DB",
	"NewAddColumn":     "factories: NewAddColumn",
	"NewCreateIndex":   "factories: NewCreateIndex",
	"NewCreateTable":   "factories: NewCreateTable",
	"NewDelete":        "factories: NewDelete",
	"NewDropColumn":    "factories: NewDropColumn",
	"NewDropIndex":     "factories: NewDropIndex",
	"NewDropTable":     "factories: NewDropTable",
	"NewInsert":        "factories: NewInsert for the other",
	"NewRaw":           "factories: NewRaw of a builder",
	"NewSelect":        "factories: NewSelect of a table",
	"NewTruncateTable": "factories: NewTruncateTable",
	"NewUpdate":        "factories: NewUpdate",
	"NewValues":        "tables: Value of values with a sub-select",

	// They take another query.
	"Except":        "tables: the other's handle in EXCEPT",
	"ExceptAll":     "tables: the other's handle in EXCEPT",
	"Intersect":     "tables: the other's handle in INTERSECT",
	"IntersectAll":  "tables: the other's handle in INTERSECT",
	"SetValues":     "tenant: SetValues",
	"Union":         "tables: the other's handle in a union",
	"UnionAll":      "factories: NewSelect in a union",
	"With":          "factories: NewSelect in a CTE",
	"WithQuery":     "tables: the other's handle in a recursive CTE",
	"WithRecursive": "tables: the other's handle in a recursive CTE",

	// They take text, or change the table.
	"Bulk":             "select: bulk update",
	"ColumnExpr":       "tables: ColumnExpr with a sub-select",
	"DistinctOn":       "tables: DistinctOn with a sub-select",
	"For":              "tables: For with a sub-select",
	"GroupExpr":        "tables: GroupExpr with a sub-select",
	"Having":           "tables: Having with a sub-select",
	"Join":             "tables: Join with a sub-select",
	"JoinOn":           "tables: JoinOn with a sub-select",
	"JoinOnOr":         "tables: JoinOnOr with a sub-select",
	"Model":            "tables: a model's text",
	"ModelTableExpr":   "tables: ModelTableExpr of two tables",
	"On":               "tables: On with its own WHERE",
	"OrderExpr":        "tables: OrderExpr with a sub-select",
	"Relation":         "tables: Relation that changes the table of a has-many",
	"RelationWithOpts": "tables: RelationWithOpts with a sub-query in its ON",
	"Replace":          "tables: Replace",
	"Returning":        "tables: Returning with a sub-select",
	"Set":              "tables: Set with a sub-select",
	"SetColumn":        "tables: SetColumn with a sub-select",
	"TableExpr":        "tables: TableExpr with a sub-select",
	"Value":            "tenant: Value in a CTE",
	"Where":            "tables: Where with a sub-select",
	"WhereOr":          "select: select with WhereOr",
}

// A method that bun gains fails this test until somebody has decided what it may do.
func TestEveryMethodOfBunsBuildersIsClassified(t *testing.T) {
	t.Parallel()
	left := map[string]bool{}
	for name := range methods {
		left[name] = true
	}
	for _, builder := range builders {
		for i := range builder.NumMethod() {
			name := builder.Method(i).Name
			require.Contains(t, methods, name, "%s.%s: can it read another tenant's rows?",
				builder, name)
			delete(left, name)
		}
	}
	require.Empty(t, left, "bun has no such method")
	for method, how := range methods {
		group, name, isTest := strings.Cut(how, ": ")
		switch {
		case !isTest:
		case group == "select":
			require.Contains(t, statements, name, method)
		default:
			require.Contains(t, map[string]map[string]attack{"factories": factoryAttacks,
				"tables": tableAttacks, "tenant": tenantAttacks}[group], name, method)
		}
	}
}
