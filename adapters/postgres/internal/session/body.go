package session

import (
	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// body reads a statement that may stand, for what may not stand in it.
func (r *reader) body() error {
	in := clause{selects: make([]bool, 1, 8)}
	for !r.word.isMark(";") {
		if err := r.look(&in); err != nil {
			return err
		}
		if !r.next() {
			return nil
		}
	}
	return nil
}

// clause is where in its statement a word stands.
type clause struct {
	updates bool   // an UPDATE came before
	selects []bool // by depth of brackets: a SELECT stands there
}

// look looks at the word at hand, which it tells from most others by what they
// begin with: every word of every statement comes by here.
func (r *reader) look(in *clause) error {
	top := len(in.selects) - 1
	switch r.word.kind {
	case sqllex.Unicode:
		return refuse(`a name written as U&"…" can't be looked at`)
	case sqllex.Quoted:
		return r.ofServer(in)
	case sqllex.Word:
		switch r.word.text[0] | 0x20 {
		case 's':
			in.selects[top] = in.selects[top] || r.word.is("select")
		case 'u':
			in.updates = in.updates || r.word.is("update")
		case 'i':
			if in.selects[top] && r.word.is("into") { // and not that of INSERT or MERGE
				return refuse("SELECT … INTO makes a table: use CREATE TEMPORARY TABLE … ON" +
					" COMMIT DROP")
			}
		case 'p':
			return r.ofServer(in)
		}
	case sqllex.Other:
		switch r.word.text[0] {
		case '(':
			in.selects = append(in.selects, false)
			return r.call(r.before.name())
		case ')':
			in.selects = in.selects[:max(top, 1)]
		}
	}
	return nil
}

// ofServer looks at a name that may be the server's own.
func (r *reader) ofServer(in *clause) error {
	if !r.word.isOfServer() {
		return nil
	}
	name := r.word.name()
	if in.updates && name == "pg_settings" {
		return refuse("UPDATE of pg_settings is a SET that holds for whoever uses the connection" +
			" next; to read one, use current_setting")
	}
	if overheard[name] {
		return refuse("%s shows what other tenants are doing", name)
	}
	return nil
}

// overheard are views and functions in which the statements of all tenants stand,
// and with them, where the server isn't told to keep them to itself, the
// signatures that name their tenants.
var overheard = map[string]bool{
	"pg_stat_activity": true, "pg_stat_get_activity": true, "pg_stat_get_backend_activity": true,
	"pg_stat_statements": true,
}
