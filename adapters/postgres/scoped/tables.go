package scoped

import (
	"bytes"
	"cmp"
	"reflect"
	"regexp"
	"strings"

	"github.com/uptrace/bun/schema"
)

// fromItem is one table of a statement, as the statement names it.
type fromItem struct {
	name   string // quoted or not; empty for a sub-query
	alias  string
	model  string // the model's table, if the query names others in its place that aren't known
	*facts        // only in the results of tenantTables
}

// tenantTables returns the tenants' tables that the query reads or writes, the target first.
// Sub-queries and CTEs aren't included: they are separate statements, either scoped or written by
// the caller. The refusal is one of refusals if the tables can't be determined or changed; 0 if
// there is none.
func (q query) tenantTables(
	gen schema.QueryGen, declared declarations,
) (tables []fromItem, refusal int) {
	items, ok := q.fromItems(gen)
	if !ok {
		return nil, refusedTable
	}
	isSelect := q.value.Type() == selectType
	if q.value.Type() == insertType {
		items = items[:min(len(items), 1)] // the condition of a DO UPDATE applies to the target
	}
	for i, item := range items {
		target := i == 0 && !isSelect // the target is never a CTE, even if a CTE has its name
		if target && item.name == "" {
			return nil, refusedTable
		}
		if !target && (item.name == "" || q.hasCTE(item.name)) {
			continue
		}
		item.facts = declared.named(cmp.Or(item.model, item.name))
		switch {
		case item.shared && item.model != "":
			return nil, refusedTable
		case item.shared && target:
			return nil, refusedShared
		case !item.shared:
			tables = append(tables, item)
		}
	}
	return tables, 0
}

// fromItems returns the tables and sub-queries of the query, the model's table first.
func (q query) fromItems(gen schema.QueryGen) (items []fromItem, ok bool) {
	model, ok := q.modelItem()
	if !ok {
		return nil, false
	}
	if model.alias != "" {
		items = append(items, model)
	}
	tables := q.field(fieldTables)
	for i := range tables.Len() {
		item, ok := parseFrom(fragmentOf(tables.Index(i)).sql(gen))
		if !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return items, true
}

// modelItem returns the model's table, or the table that ModelTableExpr names instead. The
// item is empty when the query has neither.
func (q query) modelItem() (fromItem, bool) {
	var item fromItem
	if table := q.field(fieldTable); !table.IsNil() {
		info := func(name string) string {
			return table.Elem().FieldByIndex(bunLayout.table[name]).String()
		}
		item = fromItem{name: info("SQLName"), alias: info("SQLAlias")}
		if q.value.Type() == selectType {
			item.name = unwrapped(info("SQLNameForSelects"))
		}
	}
	expr := fragmentOf(q.field(fieldModelTable))
	if expr.text == "" || isModelTable(expr) {
		return item, true
	}
	written, ok := parseFrom(expr.text)
	if ok || item.alias == "" {
		return written, ok // the table has the written alias, whatever the model's is
	}
	item.model = item.name
	item.name = expr.text // not the name of a CTE, so the condition is added
	return item, true
}

// hasCTE reports whether a name is the name of a CTE of the query.
func (q query) hasCTE(name string) bool {
	if unquoted := strings.Trim(name, `"`); unquoted != name {
		name = unquoted
	} else {
		name = strings.ToLower(name)
	}
	ctes := q.field(fieldWith)
	for i := range ctes.Len() {
		if ctes.Index(i).FieldByIndex(bunLayout.cte["name"]).String() == name {
			return true
		}
	}
	return false
}

const sqlIdentifier = `(?:"(?:[^"]|"")+"|[\pL_][\pL\pN_$]*)`

var (
	tableSource = regexp.MustCompile(`^((?:` + sqlIdentifier + `\s*\.\s*)?(` + sqlIdentifier +
		`)|\?)(?:\s+(?:(?i:as)\s+)?(` + sqlIdentifier + `))?$`)
	subqueryAlias = regexp.MustCompile(`^\s+(?:(?i:as)\s+)?(` + sqlIdentifier +
		`)(?:\s*\([^()]*\))?$`)
)

// parseFrom parses one item of a FROM: a name, with or without an alias, or a sub-query in
// brackets with an alias. Anything else, such as a list of tables, isn't ok.
func parseFrom(text string) (fromItem, bool) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "(") {
		found := subqueryAlias.FindStringSubmatch(text[bracketsLength(text):])
		if found == nil {
			return fromItem{}, false
		}
		return fromItem{alias: found[1]}, true
	}
	found := tableSource.FindStringSubmatch(text)
	if found == nil {
		return fromItem{}, false
	}
	s := fromItem{name: found[1], alias: found[3]}
	if s.alias == "" {
		s.alias = found[2]
	}
	return s, s.alias != ""
}

// bracketsLength returns the length of the bracketed part that text begins with. It also
// counts brackets in string constants. If they make the length wrong, the rest doesn't parse
// and the query is refused.
func bracketsLength(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		}
		if depth == 0 {
			return i + 1
		}
	}
	return len(text)
}

// modelTable writes the plain table name of a SELECT's model. bun itself would write the
// sub-query that relations read; see [scopedDialect]. It isn't a struct, because bun would
// treat a struct as a model.
type modelTable int

func (modelTable) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	q, ok := rendered(gen)
	if !ok {
		return append(b, refusals[refusedQuery].mark...), nil
	}
	item, _ := q.modelItem()
	switch {
	case item.alias != "":
		b = append(b, item.name...)
		b = append(b, " AS "...)
		b = append(b, item.alias...)
	case q.field(fieldTables).Len() == 0:
		// bun writes FROM for every query with a ModelTableExpr, also for one without a table
		b = bytes.TrimSuffix(b, []byte(" FROM "))
	}
	return b, nil
}

func isModelTable(f fragment) bool {
	return f.args.Len() == 1 && f.args.Index(0).Elem().Type() == reflect.TypeFor[modelTable]()
}
