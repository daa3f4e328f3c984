package scoped

import (
	"reflect"
	"regexp"
	"strings"

	"github.com/uptrace/bun/schema"
)

// query reads what one of bun's queries keeps to itself, and never writes it.
// The filter must know of the query that is being rendered what bun tells nobody:
// its tables, and whether its conditions need brackets. It looks into the query,
// and not at the SQL, where a caller's values could be taken for more than that.
type query struct {
	value  reflect.Value
	layout layout
}

// rendered is the query whose text gen is writing: bun makes it the innermost
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

func queryOf(pointer reflect.Value) (query, bool) {
	if errLayout != nil || pointer.Kind() != reflect.Pointer {
		return query{}, false
	}
	l, ok := bunLayout.queries[pointer.Type().Elem()]
	return query{pointer.Elem(), l}, ok
}

func (q query) field(name string) reflect.Value { return q.value.FieldByIndex(q.layout[name]) }

// is reports whether this is the query that pointer points to.
func (q query) is(pointer any) bool {
	return q.value.Addr().Pointer() == reflect.ValueOf(pointer).Pointer()
}

// ungrouped reports whether a condition stands beside the tenant's with OR.
func (q query) ungrouped() bool { return q.field(fieldHasOr).Bool() }

// bare reports whether an UPDATE or DELETE has no condition but the tenant's. It
// is bun's own check, which the tenant's condition satisfies too early.
func (q query) bare() bool {
	const ofWhereDeleted = 1 << 1
	if t := q.value.Type(); t != updateType && t != deleteType {
		return false
	}
	return q.field(fieldWhere).Len() == 1 && q.field(fieldWhereFields).IsNil() &&
		q.field(fieldFlags).Uint()&ofWhereDeleted == 0
}

// setsTenant reports whether an UPDATE, or that of an upsert, assigns tenant_id.
// Only what the caller wrote can: a model's own tenant_id is left out.
func (q query) setsTenant() bool {
	if t := q.value.Type(); t != updateType && t != insertType {
		return false
	}
	sets := q.field(fieldSet)
	for i := range sets.Len() {
		if assignsTenant(fragmentOf(sets.Index(i))) {
			return true
		}
	}
	return q.givesTenant()
}

// extraTenant reports whether Value was given for a tenant_id that the model
// doesn't have.
func (q query) extraTenant() bool {
	extra := q.field(fieldExtra)
	for i := range extra.Len() {
		if isTenantColumn(extra.Index(i).FieldByIndex(bunLayout.value["column"]).String()) {
			return true
		}
	}
	return false
}

// givesTenant reports whether Value was given for tenant_id.
func (q query) givesTenant() bool {
	return q.field(fieldValues).MapIndex(reflect.ValueOf(tenantColumn)).IsValid() || q.extraTenant()
}

// fragment is a piece of SQL with its arguments: a name, if it takes none.
type fragment struct {
	text string
	args reflect.Value
}

func fragmentOf(v reflect.Value) fragment {
	return fragment{v.FieldByIndex(bunLayout.fragment["Query"]).String(),
		v.FieldByIndex(bunLayout.fragment["Args"])}
}

// sql is the fragment as it is written, but for its arguments.
func (f fragment) sql(gen schema.QueryGen) string {
	if f.args.IsNil() {
		return string(gen.AppendIdent(nil, f.text))
	}
	return f.text
}

var tenantAssignment = regexp.MustCompile(
	`(?i)(?:^|[,(])\s*(?:"?[\pL_][\pL\pN_$]*"?\s*\.\s*)?"?tenant_id"?\s*[=,)]`)

// assignsTenant reports whether tenant_id is among the columns that a piece of a
// SET assigns, by its text or by an argument that is a name.
func assignsTenant(f fragment) bool {
	if tenantAssignment.MatchString(f.text) {
		return true
	}
	for i := range f.args.Len() {
		arg := f.args.Index(i).Elem()
		if arg.Kind() == reflect.String && arg.Type() != reflect.TypeFor[string]() &&
			isTenantColumn(arg.String()) {
			return true
		}
	}
	return false
}

// isTenantColumn reports whether a name is tenant_id's, with or without a
// qualifier and quotes.
func isTenantColumn(name string) bool {
	name = name[strings.LastIndexByte(name, '.')+1:]
	return strings.EqualFold(strings.Trim(name, `" `), tenantColumn)
}
