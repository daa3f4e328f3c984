package scoped

import (
	"bytes"
	"reflect"
	"regexp"
	"strings"

	"github.com/uptrace/bun/schema"
)

// fromItem is one table of a statement, as the statement names it.
type fromItem struct {
	name  string // quoted or not; empty for a sub-query
	alias string
}

// aliases are what the tables that the query reads or writes go by. A sub-query
// and a CTE aren't among them: they are statements of their own, scoped or the
// caller's. It is not ok when the tables can't be told.
func (q query) aliases(gen schema.QueryGen) (aliases []string, ok bool) {
	sources, ok := q.sources(gen)
	if !ok {
		return nil, false
	}
	selects := q.value.Type() == selectType
	if q.value.Type() == insertType {
		sources = sources[:min(len(sources), 1)] // an upsert's condition sees the target
	}
	for i, s := range sources {
		target := i == 0 && !selects // which is never a CTE, whatever its name
		if target && s.name == "" {
			return nil, false
		}
		if target || s.name != "" && !q.hasCTE(s.name) {
			aliases = append(aliases, s.alias)
		}
	}
	return aliases, true
}

// sources are the tables of the query, the model's first.
func (q query) sources(gen schema.QueryGen) (sources []fromItem, ok bool) {
	if s, ok := q.modelSource(); !ok {
		return nil, false
	} else if s.alias != "" {
		sources = append(sources, s)
	}
	tables := q.field(fieldTables)
	for i := range tables.Len() {
		s, ok := parseFrom(fragmentOf(tables.Index(i)).sql(gen))
		if !ok {
			return nil, false
		}
		sources = append(sources, s)
	}
	return sources, true
}

// modelSource is the model's table, or what ModelTableExpr put in its place.
func (q query) modelSource() (fromItem, bool) {
	var s fromItem
	if table := q.field(fieldTable); !table.IsNil() {
		info := func(name string) string {
			return table.Elem().FieldByIndex(bunLayout.table[name]).String()
		}
		s = fromItem{name: info("SQLName"), alias: info("SQLAlias")}
		if q.value.Type() == selectType {
			s.name = unwrapped(info("SQLNameForSelects"))
		}
	}
	expr := fragmentOf(q.field(fieldModelTable))
	if expr.text == "" || isModelTable(expr) {
		return s, true
	}
	written, ok := parseFrom(expr.text)
	switch {
	case s.alias == "":
		return written, ok
	case ok:
		s.name = written.name // the columns go by the model's alias all the same
	default:
		s.name = expr.text // no CTE's, so that the condition stands
	}
	return s, true
}

// hasCTE reports whether a name means a CTE of the query.
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
	behindBraces = regexp.MustCompile(`^\s+(?:(?i:as)\s+)?(` + sqlIdentifier +
		`)(?:\s*\([^()]*\))?$`)
)

// parseFrom reads one element of a FROM: a name, or a sub-query in brackets,
// each with an alias or not. Anything else, a list included, isn't ok.
func parseFrom(text string) (fromItem, bool) {
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "(") {
		found := behindBraces.FindStringSubmatch(text[bracketsLength(text):])
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

// bracketsLength measures the brackets that text begins with. One in a constant
// counts as well: what is read wrongly then isn't a source.
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

// modelTable writes the table of a SELECT's model as bun would, if bun's own name
// for it weren't that of relations; see [scopedDialect]. It is no struct, which bun
// would take for a model.
type modelTable int

func (modelTable) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	q, ok := rendered(gen)
	if !ok {
		return append(b, refusals[refusedQuery].mark...), nil
	}
	s, _ := q.modelSource()
	switch {
	case s.alias != "":
		b = append(b, s.name...)
		b = append(b, " AS "...)
		b = append(b, s.alias...)
	case q.field(fieldTables).Len() == 0:
		// bun writes it for any query that has this expression
		b = bytes.TrimSuffix(b, []byte(" FROM "))
	}
	return b, nil
}

func isModelTable(f fragment) bool {
	return f.args.Len() == 1 && f.args.Index(0).Elem().Type() == reflect.TypeFor[modelTable]()
}
