package scoped

import (
	"reflect"
	"strings"

	"github.com/uptrace/bun/schema"
)

// query reads the unexported fields of a bun query, and never writes them. The filter needs
// facts about the query that is being rendered which bun doesn't export: its tables, and
// whether its conditions need brackets. It reads the query and doesn't parse the SQL, in
// which a caller's values could be mistaken for syntax.
type query struct {
	value  reflect.Value
	layout layout
}

// rendered returns the query that gen is rendering. bun makes this query the innermost
// source of named arguments.
func rendered(gen schema.QueryGen) (query, bool) {
	if errLayout != nil {
		return query{}, false
	}
	list := reflect.ValueOf(gen).FieldByIndex(bunLayout.generator["args"])
	if list.IsNil() {
		return query{}, false
	}
	return queryOf(list.Elem().FieldByIndex(bunLayout.argument["arg"]).Elem())
}

// queryOf returns the query that pointer points to. It isn't ok if pointer isn't a pointer
// to one of bun's four queries.
func queryOf(pointer reflect.Value) (query, bool) {
	if errLayout != nil || pointer.Kind() != reflect.Pointer {
		return query{}, false
	}
	l, ok := bunLayout.queries[pointer.Type().Elem()]
	return query{pointer.Elem(), l}, ok
}

func (q query) field(name string) reflect.Value { return q.value.FieldByIndex(q.layout[name]) }

// is reports whether q is the query that pointer points to.
func (q query) is(pointer any) bool {
	return q.value.Addr().Pointer() == reflect.ValueOf(pointer).Pointer()
}

// hasOr reports whether a condition is joined to the tenant's condition with OR.
func (q query) hasOr() bool { return q.field(fieldHasOr).Bool() }

// hasNoCondition reports whether an UPDATE or DELETE has no condition except the tenant's.
// bun makes the same check, but the tenant's condition already satisfies it.
func (q query) hasNoCondition() bool {
	const flagWhereDeleted = 1 << 1 // bun: deletedFlag, set by WhereDeleted
	if t := q.value.Type(); t != updateType && t != deleteType {
		return false
	}
	return q.field(fieldWhere).Len() == 1 && q.field(fieldWhereFields).IsNil() &&
		q.field(fieldFlags).Uint()&flagWhereDeleted == 0
}

// setsTenant reports whether an UPDATE, or the DO UPDATE of an INSERT, assigns the tenant's id.
// Only the caller's Set and Value can assign it: that of a model is left out. tables are the
// result of tenantTables.
func (q query) setsTenant(tables []fromItem) bool {
	if t := q.value.Type(); t != updateType && t != insertType {
		return false
	}
	target := undeclared
	if len(tables) > 0 {
		target = tables[0].facts
	}
	sets := q.field(fieldSet)
	for i := range sets.Len() {
		if assignsTenant(fragmentOf(sets.Index(i)), target) {
			return true
		}
	}
	return q.hasTenantValue(target)
}

// hasTenantValue reports whether Value was called for the tenant's id in the target.
func (q query) hasTenantValue(target *facts) bool {
	values := q.field(fieldValues)
	return values.MapIndex(reflect.ValueOf(target.tenant)).IsValid() ||
		q.hasExtraTenantValue(target)
}

// hasExtraTenantValue reports whether Value was called for a tenant's id that the model
// doesn't have.
func (q query) hasExtraTenantValue(target *facts) bool {
	extra := q.field(fieldExtra)
	for i := range extra.Len() {
		if isTenantColumn(extra.Index(i).FieldByIndex(bunLayout.value["column"]).String(), target) {
			return true
		}
	}
	return false
}

// fragment is a piece of SQL with its arguments. Without arguments (args is nil) the text is
// the name of a table or a column.
type fragment struct {
	text string
	args reflect.Value
}

func fragmentOf(v reflect.Value) fragment {
	return fragment{
		text: v.FieldByIndex(bunLayout.fragment["Query"]).String(),
		args: v.FieldByIndex(bunLayout.fragment["Args"]),
	}
}

// sql returns the fragment as SQL, with placeholders for its arguments.
func (f fragment) sql(gen schema.QueryGen) string {
	if f.args.IsNil() {
		return string(gen.AppendIdent(nil, f.text))
	}
	return f.text
}

// assignsTenant reports whether a fragment of a SET assigns the target's tenant id: in its text,
// or in an argument that is a name (bun.Ident, bun.Name, bun.Safe).
func assignsTenant(f fragment, target *facts) bool {
	if target.assigns.MatchString(f.text) {
		return true
	}
	for i := range f.args.Len() {
		arg := f.args.Index(i).Elem()
		if arg.Kind() == reflect.String && arg.Type() != reflect.TypeFor[string]() &&
			isTenantColumn(arg.String(), target) {
			return true
		}
	}
	return false
}

// isTenantColumn reports whether a name, with or without a qualifier and quotes, is the target's
// column with the tenant's id.
func isTenantColumn(name string, target *facts) bool {
	name = name[strings.LastIndexByte(name, '.')+1:]
	return target.isTenant(strings.Trim(name, `" `))
}
