package session

import (
	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// checkBody reads a statement that may stand, for what may not stand in it.
func (r *reader) checkBody() error {
	in := bodyState{inSelect: make([]bool, 1, 8)}
	for !r.word.isMark(";") {
		if err := r.checkWord(&in); err != nil {
			return err
		}
		if !r.next() {
			return nil
		}
	}
	return nil
}

// bodyState is where in its statement a word stands.
type bodyState struct {
	seenUpdate bool   // an UPDATE came before
	inSelect   []bool // by depth of brackets: a SELECT stands there
}

// checkWord looks at the word at hand, which it tells from most others by what they
// begin with: every word of every statement comes by here.
func (r *reader) checkWord(in *bodyState) error {
	top := len(in.inSelect) - 1
	switch r.word.kind {
	case sqllex.Unicode:
		return refuse(`a name written as U&"…" can't be looked at`)
	case sqllex.Quoted:
		return r.checkServerName(in)
	case sqllex.Word:
		switch r.word.text[0] | 0x20 {
		case 's':
			in.inSelect[top] = in.inSelect[top] || r.word.is("select")
		case 'u':
			in.seenUpdate = in.seenUpdate || r.word.is("update")
		case 'i':
			if in.inSelect[top] && r.word.is("into") { // and not that of INSERT or MERGE
				return refuse("SELECT … INTO makes a table: use CREATE TEMPORARY TABLE … ON" +
					" COMMIT DROP")
			}
		case 'p':
			return r.checkServerName(in)
		}
	case sqllex.Other:
		switch r.word.text[0] {
		case '(':
			in.inSelect = append(in.inSelect, false)
			return r.checkCall(r.previous.name())
		case ')':
			in.inSelect = in.inSelect[:max(top, 1)]
		}
	}
	return nil
}

// checkServerName looks at a name that may be the server's own.
func (r *reader) checkServerName(in *bodyState) error {
	if !r.word.hasServerPrefix() {
		return nil
	}
	name := r.word.name()
	if in.seenUpdate && name == "pg_settings" {
		return refuse("UPDATE of pg_settings is a SET that holds for whoever uses the connection" +
			" next; to read one, use current_setting")
	}
	if showsStatements[name] {
		return refuse("%s shows what other tenants are doing", name)
	}
	return nil
}

// showsStatements are views and functions in which the statements of all tenants stand,
// and with them, where the server isn't told to keep them to itself, the
// signatures that name their tenants.
var showsStatements = map[string]bool{
	"pg_stat_activity": true, "pg_stat_get_activity": true, "pg_stat_get_backend_activity": true,
	"pg_stat_statements": true,
}
