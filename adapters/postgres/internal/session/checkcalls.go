package session

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// checkCall refuses a call of a forbidden function. The current word is the opening
// parenthesis.
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
		return refuse("%s: a large object %s", name, sharedObject)
	}
	return nil
}

// checkSetConfig applies the rules of SET LOCAL to the arguments of set_config.
func (r *reader) checkSetConfig() error {
	if !r.lastArgumentIsTrue() {
		return refuse("set_config would stay in force for the connection's next user: its last" +
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
	keepsLock = "keeps its lock until the session ends: use the function with xact in its" +
		" name"
	runsText        = "runs a text as SQL"
	readsSession    = "answers for the connection's previous user: use INSERT … RETURNING"
	touchesSessions = "acts on other sessions"
	sharedObject    = "has no tenant: every tenant can use it"
)

// forbiddenCalls are PostgreSQL functions that leave something in the session, read what
// another user left in it, or run a text as SQL. Each has the reason for its refusal.
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
	"set_limit": "is a SET that stays in force for the connection's next user",
	"lastval":   readsSession, "currval": readsSession,
	"pg_terminate_backend": touchesSessions, "pg_cancel_backend": touchesSessions,
	"loread":  "reads a large object, which " + sharedObject,
	"lowrite": "writes a large object, which " + sharedObject,
}

// lastArgumentIsTrue reports whether the call has three arguments, the last of which is the
// constant true. The reader's position doesn't change.
func (r *reader) lastArgumentIsTrue() bool {
	ahead := *r
	depth, arguments, length := 1, 1, 0 // length: words of the current argument
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
