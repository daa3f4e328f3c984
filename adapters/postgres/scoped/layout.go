package scoped

import (
	"reflect"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// layout maps the name of an unexported field of a bun struct to its index.
type layout map[string][]int

// The unexported fields of bun's queries.
const (
	fieldTable       = "table"          // *schema.Table, nil without a model
	fieldModelTable  = "modelTableName" // set by ModelTableExpr
	fieldTables      = "tables"         // set by Table and TableExpr
	fieldWith        = "with"           // the CTEs
	fieldFlags       = "flags"
	fieldWhere       = "where"
	fieldWhereFields = "whereFields" // set by WherePK
	fieldHasOr       = "whereHasOr"
	fieldSet         = "set"
	fieldValues      = "modelValues" // set by Value, by column
	fieldExtra       = "extraValues" // set by Value, for a column that the model lacks
)

var (
	selectType = reflect.TypeFor[bun.SelectQuery]()
	updateType = reflect.TypeFor[bun.UpdateQuery]()
	deleteType = reflect.TypeFor[bun.DeleteQuery]()
	insertType = reflect.TypeFor[bun.InsertQuery]()
)

// layouts holds the layout of each bun struct that this package reads.
type layouts struct {
	generator, argument, table, fragment, cte, value layout
	queries                                          map[reflect.Type]layout
}

// The fields are found by name once, at the start, and then read by index. When a version of
// bun lacks one of the fields, errLayout is set and every scoped statement returns it.
var bunLayout, errLayout = findLayouts()

func findLayouts() (layouts, error) {
	var failed error
	find := func(t reflect.Type, names ...string) layout {
		l := layout{}
		for _, name := range names {
			field, ok := t.FieldByName(name)
			if !ok {
				failed = tenancy.Errorf(tenancy.CodeInternal,
					"this version of bun isn't supported: %s has no field %s", t, name)
			}
			l[name] = field.Index
		}
		return l
	}
	elemType := func(l layout, t reflect.Type, name string) reflect.Type {
		if failed != nil {
			return reflect.TypeFor[struct{}]()
		}
		return t.FieldByIndex(l[name]).Type.Elem()
	}
	where := []string{fieldTable, fieldModelTable, fieldTables, fieldWith, fieldFlags, fieldWhere,
		fieldWhereFields, fieldHasOr}
	set := append(slices.Clone(where), fieldSet, fieldValues, fieldExtra)

	var l layouts
	generator := reflect.TypeFor[schema.QueryGen]()
	l.generator = find(generator, "args")
	l.argument = find(elemType(l.generator, generator, "args"), "arg")
	l.table = find(reflect.TypeFor[schema.Table](), "SQLName", "SQLNameForSelects", "SQLAlias")
	l.fragment = find(reflect.TypeFor[schema.QueryWithArgs](), "Query", "Args")
	l.cte = find(reflect.TypeFor[bun.WithQuery](), "name")
	l.queries = map[reflect.Type]layout{
		selectType: find(selectType, where...), deleteType: find(deleteType, where...),
		updateType: find(updateType, set...), insertType: find(insertType, set...),
	}
	l.value = find(elemType(l.queries[updateType], updateType, fieldExtra), "column")
	return l, failed
}
