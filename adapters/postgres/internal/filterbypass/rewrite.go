package filterbypass

import (
	"regexp"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// comparisonOf returns a regular expression that matches the filter after its qualifier: the column,
// which is quoted or tenant_id, and the constant that it is compared with, with or without a cast.
func comparisonOf(columns []string) *regexp.Regexp {
	names := `tenant_id|"tenant_id"`
	for _, column := range columns {
		names += "|" + regexp.QuoteMeta(`"`+column+`"`) // a declared name has no quotation mark
	}
	return regexp.MustCompile(`^(` + names + `)\s*=\s*'[0-9a-fA-F-]{36}'(\s*::\s*uuid)?`)
}

// removeFilter replaces the filter in a statement. It skips constants, comments and
// assignments, which follow SET or a comma.
func removeFilter(query string, comparison *regexp.Regexp) string {
	var b strings.Builder
	previous := "" // the last token other than space, comments and qualifiers
	for at := 0; at < len(query); {
		if found := comparison.FindStringSubmatch(query[at:]); found != nil && !assigns(previous) {
			b.WriteString(found[1] + " IS NOT NULL")
			at += len(found[0])
			previous = "NULL"
			continue
		}
		kind, length := sqllex.Next(query[at:])
		token := query[at : at+length]
		b.WriteString(token)
		at += length
		if kind != sqllex.Space && kind != sqllex.Comment && token != "." &&
			!qualifies(query[at:]) {
			previous = token
		}
	}
	return b.String()
}

func assigns(previous string) bool {
	return previous == "," || strings.EqualFold(previous, "SET")
}

// qualifies reports whether the last token is the qualifier of a column, which a dot and the
// column follow.
func qualifies(rest string) bool { return strings.HasPrefix(rest, ".") }
