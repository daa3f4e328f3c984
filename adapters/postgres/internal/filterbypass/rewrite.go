package filterbypass

import (
	"regexp"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// comparison is the filter behind its qualifier: the column, quoted or not, and
// the constant that it is held against, with or without a cast.
var comparison = regexp.MustCompile(
	`^(tenant_id|"tenant_id")\s*=\s*'[0-9a-fA-F-]{36}'(\s*::\s*uuid)?`)

// removeFilter takes the filter out of a statement. What stands in constants and
// comments is passed over, and so is an assignment, which begins behind SET or a
// comma.
func removeFilter(query string) string {
	var b strings.Builder
	behind := "" // the last token that was neither space, comment nor qualifier
	for at := 0; at < len(query); {
		if found := comparison.FindStringSubmatch(query[at:]); found != nil && !assigns(behind) {
			b.WriteString(found[1] + " IS NOT NULL")
			at += len(found[0])
			behind = "NULL"
			continue
		}
		kind, length := sqllex.Next(query[at:])
		token := query[at : at+length]
		b.WriteString(token)
		at += length
		if kind != sqllex.Space && kind != sqllex.Comment && token != "." &&
			!qualifies(query[at:]) {
			behind = token
		}
	}
	return b.String()
}

func assigns(behind string) bool { return behind == "," || strings.EqualFold(behind, "SET") }

// qualifies reports whether what was read last is the alias of a column that
// follows. The dot itself is passed over with it.
func qualifies(rest string) bool { return strings.HasPrefix(rest, ".") }
