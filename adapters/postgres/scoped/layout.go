package scoped

import (
	"reflect"
	"slices"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// layout is where a struct of bun's has the fields that it keeps to itself.
type layout map[string][]int

const (
	fieldTable       = "table"          // *schema.Table, nil without a model
	fieldModelTable  = "modelTableName" // of ModelTableExpr
	fieldTables      = "tables"         // of Table and TableExpr
	fieldWith        = "with"           // the CTEs
	fieldFlags       = "flags"
	fieldWhere       = "where"
	fieldWhereFields = "whereFields" // of WherePK
	fieldHasOr       = "whereHasOr"
	fieldSet         = "set"
	fieldValues      = "modelValues" // of Value, by column
	fieldExtra       = "extraValues" // of Value, where the model has no such column
)

var (
	selectType = reflect.TypeFor[bun.SelectQuery]()
	updateType = reflect.TypeFor[bun.UpdateQuery]()
	deleteType = reflect.TypeFor[bun.DeleteQuery]()
	insertType = reflect.TypeFor[bun.InsertQuery]()
)

// layouts are looked up once, at the start. A version of bun whose queries are
// laid out otherwise is refused as a whole: errLayout is the error of every
// scoped statement then.
type layouts struct {
	generator, argument, table, fragment, cte, value layout
	queries                                          map[reflect.Type]layout
}

// The fields are found by name at the start, and read by place.
var bunLayout, errLayout = layOut()

func layOut() (layouts, error) {
	var failed error
	look := func(t reflect.Type, names ...string) layout {
		l := layout{}
		for _, name := range names {
			field, ok := t.FieldByName(name)
			if !ok {
				failed = tenancy.Errorf(tenancy.CodeInternal,
					"this version of bun isn't known: %s has no %s", t, name)
			}
			l[name] = field.Index
		}
		return l
	}
	of := func(l layout, t reflect.Type, name string) reflect.Type {
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
	l.generator = look(generator, "args")
	l.argument = look(of(l.generator, generator, "args"), "arg")
	l.table = look(reflect.TypeFor[schema.Table](), "SQLName", "SQLNameForSelects", "SQLAlias")
	l.fragment = look(reflect.TypeFor[schema.QueryWithArgs](), "Query", "Args")
	l.cte = look(reflect.TypeFor[bun.WithQuery](), "name")
	l.queries = map[reflect.Type]layout{
		selectType: look(selectType, where...), deleteType: look(deleteType, where...),
		updateType: look(updateType, set...), insertType: look(insertType, set...),
	}
	l.value = look(of(l.queries[updateType], updateType, fieldExtra), "column")
	return l, failed
}
