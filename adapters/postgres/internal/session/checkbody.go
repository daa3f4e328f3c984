package session

import (
	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// checkBody checks the words and calls in a statement whose kind is allowed.
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

// bodyState is the context of the current word in its statement.
type bodyState struct {
	seenUpdate bool   // an earlier word was UPDATE
	inSelect   []bool // by depth of parentheses: an earlier word of that depth was SELECT
}

// checkWord checks the current word. It runs for every word of every statement, so it
// rules out most words by their first byte.
func (r *reader) checkWord(in *bodyState) error {
	top := len(in.inSelect) - 1
	switch r.word.kind {
	case sqllex.Unicode:
		return refuse(`a name written as U&"…" can't be checked: write it without escapes`)
	case sqllex.Quoted:
		return r.checkServerName(in)
	case sqllex.Word:
		switch r.word.text[0] | 0x20 {
		case 's':
			in.inSelect[top] = in.inSelect[top] || r.word.is("select")
		case 'u':
			in.seenUpdate = in.seenUpdate || r.word.is("update")
		case 'f':
			if r.word.is("for") { // FOR UPDATE, above all
				r.found.plainRead = false
			}
		case 'i':
			if in.inSelect[top] && r.word.is("into") { // not the INTO of INSERT or MERGE
				return refuse("SELECT … INTO creates a table:" +
					" use CREATE TEMPORARY TABLE … ON COMMIT DROP")
			}
		case 'p':
			return r.checkServerName(in)
		}
	case sqllex.Other:
		switch r.word.text[0] {
		case '(':
			in.inSelect = append(in.inSelect, false)
			if r.found.plainRead && mayCallEffect(r.previous) {
				r.found.plainRead = false
			}
			return r.checkCall(r.previous.name())
		case ')':
			in.inSelect = in.inSelect[:max(top, 1)]
		}
	}
	return nil
}

// checkServerName refuses names of system objects that change or show other sessions.
func (r *reader) checkServerName(in *bodyState) error {
	if !r.word.hasServerPrefix() {
		return nil
	}
	name := r.word.name()
	if in.seenUpdate && name == "pg_settings" {
		return refuse("UPDATE of pg_settings is a SET that stays on the connection for its next" +
			" user: use SET LOCAL; to read a setting, use current_setting")
	}
	if showsStatements[name] {
		return refuse("%s shows what other tenants are doing", name)
	}
	return nil
}

// showsStatements lists views and functions that show the statements of all tenants. Unless
// the server hides the statement texts, the signatures that name the tenants are in them.
var showsStatements = map[string]bool{
	"pg_stat_activity": true, "pg_stat_get_activity": true, "pg_stat_get_backend_activity": true,
	"pg_stat_statements": true,
}
