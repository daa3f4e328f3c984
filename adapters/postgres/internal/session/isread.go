package session

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// beforeParen are the words that may be written before a parenthesis in a query that changes
// nothing: keywords, and functions without an effect.
var beforeParen = func() map[string]bool {
	words := map[string]bool{}
	for _, w := range []string{
		"in", "any", "all", "some", "exists", "and", "or", "not", "where", "on", "as", "select",
		"from", "values", "case", "when", "then", "else", "using", "by", "lateral", "over", "filter",
		"count", "coalesce", "nullif", "greatest", "least", "lower", "upper", "min", "max", "sum", "now",
		"length", "char_length", "octet_length", "array_agg", "string_agg", "jsonb_agg", "json_agg",
		"jsonb_build_object", "jsonb_object_agg", "row_number", "unnest", "format", "concat", "replace",
		"substr", "substring", "trim", "encode", "to_char", "row_to_json", "to_jsonb", "array",
		"timestamptz", "numeric", "varchar", "char", "starts_with", "date_trunc", "extract",
	} {
		words[w] = true
	}
	return words
}()

// mayCallEffect reports whether a word before a parenthesis is a function that isn't known to have
// no effect.
func mayCallEffect(w word) bool {
	return w.kind == sqllex.Quoted || w.kind == sqllex.Word && !beforeParen[strings.ToLower(w.text)]
}
