package session

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// checkCall looks at a function that is called, the bracket at hand.
func (r *reader) checkCall(name string) error {
	if name == "" {
		return nil
	}
	if name == "set_config" {
		return r.checkSetConfig()
	}
	if why, bad := forbiddenCalls[name]; bad {
		return refuse("%s %s", name, why)
	}
	if strings.HasPrefix(name, "lo_") {
		return refuse("%s: a large object is nobody's and everybody's", name)
	}
	return nil
}

// checkSetConfig looks at the arguments of set_config, which it reads as SET LOCAL
// does.
func (r *reader) checkSetConfig() error {
	if !r.lastArgumentIsTrue() {
		return refuse("set_config would hold for whoever uses the connection next: its last" +
			" argument must be true")
	}
	ahead := *r
	ahead.next()
	name := ahead.word
	ahead.next()
	if name.kind != sqllex.Text || name.text[0] != '\'' || !ahead.word.isMark(",") {
		return refuse("set_config needs a plain constant as the setting's name")
	}
	return checkSetting(strings.Trim(name.text, "'"))
}

const (
	keepsLock       = "keeps its lock until the session ends: use the function with xact in its name"
	runsText        = "runs a text as SQL"
	readsSession    = "answers for whoever used the connection before: use INSERT … RETURNING"
	touchesSessions = "reaches into other sessions"
)

// forbiddenCalls are PostgreSQL's own functions that leave something in a session, read
// what another left there, or run SQL out of a text.
var forbiddenCalls = map[string]string{
	"pg_advisory_lock": keepsLock, "pg_advisory_lock_shared": keepsLock,
	"pg_try_advisory_lock": keepsLock, "pg_try_advisory_lock_shared": keepsLock,
	"query_to_xml": runsText, "query_to_xmlschema": runsText,
	"query_to_xml_and_xmlschema": runsText,
	"table_to_xml":               runsText, "table_to_xml_and_xmlschema": runsText,
	"cursor_to_xml": runsText,
	"schema_to_xml": runsText, "schema_to_xml_and_xmlschema": runsText,
	"database_to_xml": runsText, "database_to_xml_and_xmlschema": runsText,
	"ts_stat": runsText, "ts_rewrite": runsText,
	"setseed":   "keeps its seed until the session ends, which " + sharesRandomness,
	"set_limit": "is a SET that holds for whoever uses the connection next",
	"lastval":   readsSession, "currval": readsSession,
	"pg_terminate_backend": touchesSessions, "pg_cancel_backend": touchesSessions,
	"loread":  "reads a large object, which is nobody's and everybody's",
	"lowrite": "writes a large object, which is nobody's and everybody's",
}

// lastArgumentIsTrue reports whether the last of three arguments is true. It leaves the
// reader where it was.
func (r *reader) lastArgumentIsTrue() bool {
	ahead := *r
	depth, arguments, length := 1, 1, 0 // length: words of the argument at hand
	var last word
	for ahead.next() {
		switch {
		case ahead.word.isMark("("):
			depth++
		case ahead.word.isMark(")"):
			depth--
		}
		if depth == 0 {
			return arguments == 3 && length == 1 && (last.is("true") || last.kind == sqllex.Text &&
				strings.EqualFold(last.text, "'true'"))
		}
		if depth == 1 && ahead.word.isMark(",") {
			arguments++
			length = 0
			continue
		}
		last = ahead.word
		length++
	}
	return false
}
