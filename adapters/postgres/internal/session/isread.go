package session

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// beforeParen are the words that may be written before a parenthesis in a query that changes
// nothing: keywords, and functions without an effect.
var beforeParen = []string{
	"in", "any", "all", "some", "exists", "and", "or", "not", "where", "on", "as", "select",
	"from", "values", "case", "when", "then", "else", "using", "by", "lateral", "over", "filter",
	"count", "coalesce", "nullif", "greatest", "least", "lower", "upper", "min", "max", "sum", "now",
	"length", "char_length", "octet_length", "array_agg", "string_agg", "jsonb_agg", "json_agg",
	"jsonb_build_object", "jsonb_object_agg", "row_number", "unnest", "format", "concat", "replace",
	"substr", "substring", "trim", "encode", "to_char", "row_to_json", "to_jsonb", "array",
	"timestamptz", "numeric", "varchar", "char", "starts_with", "date_trunc", "extract",
}

// isPlainRead reports whether a statement is one query that changes nothing, takes no lock and
// calls only functions that are known to have no effect. Such a query can be sent again.
func isPlainRead(query string) bool {
	r := reader{rest: query}
	if !r.next() || !r.word.is("select") {
		return false
	}
	for r.next() {
		switch {
		case r.word.isMark(";"), r.word.is("for", "into"):
			return false
		case r.word.isMark("(") && isName(r.previous) &&
			!slices.Contains(beforeParen, strings.ToLower(r.previous.text)):
			return false
		}
	}
	return true
}

func isName(w word) bool { return w.kind == sqllex.Word || w.kind == sqllex.Quoted }
