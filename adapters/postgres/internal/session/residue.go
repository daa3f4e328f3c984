package session

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqllex"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// check refuses what would outlive the statement, or its transaction, on a
// connection that others use next: a setting, a lock, a temporary table, a
// prepared statement, a subscription, a transaction begun or ended behind the
// pool's back. A pooler may hand the session on before anybody could clean it, so
// such a statement isn't sent at all.
//
// It looks at the text alone, and so at what is in it: what a function of the
// host's own does to its session is the host's to mend. That SQL stays with its
// tenant doesn't depend on it.
func check(query string) (message, error) {
	r := reader{rest: query}
	for r.next() {
		if err := r.statement(); err != nil {
			return message{}, err
		}
		r.begun = true
	}
	return r.found, nil
}

// message is what was found in one of statements that may be sent.
type message struct {
	goesBack       bool // to a savepoint, and to the settings of that time
	beginsGoesBack bool // with its first statement
}

func refuse(format string, args ...any) error {
	return tenancy.Errorf(tenancy.CodeInternal, "not sent to the database: "+format, args...)
}

// word is a token that isn't space or comment.
type word struct {
	kind sqllex.Kind
	text string
}

func (w word) is(texts ...string) bool {
	if w.kind != sqllex.Word {
		return false
	}
	for _, t := range texts {
		if len(w.text) == len(t) && strings.EqualFold(w.text, t) {
			return true
		}
	}
	return false
}

func (w word) isMark(m string) bool { return w.kind == sqllex.Other && w.text == m }

// name is what the word names, the way PostgreSQL folds it; empty if it is no
// name.
func (w word) name() string {
	switch w.kind {
	case sqllex.Word:
		return strings.ToLower(w.text)
	case sqllex.Quoted:
		return strings.ReplaceAll(strings.Trim(w.text, `"`), `""`, `"`)
	}
	return ""
}

// isOfServer reports whether the word names something that begins with pg_.
func (w word) isOfServer() bool {
	text := w.text
	if w.kind == sqllex.Quoted {
		text = text[1:]
	}
	return len(text) > 3 && text[2] == '_' && text[0]|0x20 == 'p' && text[1]|0x20 == 'g'
}

// reader reads a message of statements, word by word.
type reader struct {
	rest   string
	word   word // the one at hand
	before word
	begun  bool // a statement was read
	found  message
}

// next moves to the next word, and reports false at the end.
func (r *reader) next() bool {
	r.before, r.word = r.word, word{}
	for r.rest != "" {
		kind, n := sqllex.Next(r.rest)
		text := r.rest[:n]
		r.rest = r.rest[n:]
		if kind != sqllex.Space && kind != sqllex.Comment {
			r.word = word{kind, text}
			return true
		}
	}
	return false
}

// statement reads to the end of one, the word at hand being its first.
func (r *reader) statement() error {
	for r.word.isMark(";") {
		if !r.next() {
			return nil
		}
	}
	r.open()
	if r.word.is("explain") {
		r.explained()
		if r.word.is("create", "declare", "execute", "refresh") {
			return refuse("EXPLAIN of %s", strings.ToUpper(r.word.text))
		}
	}
	first := r.word
	switch {
	case first.text == "", first.kind == sqllex.Other, first.kind == sqllex.Text:
		return r.body() // a syntax error, which the database says better
	case first.is("select", "with", "values", "table", "insert", "update", "delete", "merge",
		"show", "fetch", "move", "close", "lock", "notify", "call", "savepoint", "release"):
		return r.body()
	case first.is("set"):
		return r.set()
	case first.is("rollback"):
		return r.rollback()
	case first.is("declare"):
		return r.declare()
	case first.is("create"):
		return r.create()
	case first.is("copy"):
		return refuse("COPY needs a connection of its own, and row security doesn't take COPY FROM: use INSERT, or an import")
	case first.is("listen", "unlisten"):
		return refuse("%s needs a connection of its own", strings.ToUpper(first.text))
	}
	return refuse("%s isn't for a connection that tenants share: use Options.Migrations for the schema, RunInTx for transactions", strings.ToUpper(first.text))
}

// open moves into the brackets that a query may stand in.
func (r *reader) open() {
	for r.word.isMark("(") && r.next() {
	}
}

// explained moves to what EXPLAIN explains. In brackets stand its options, or
// that.
func (r *reader) explained() {
	for r.next() {
		switch {
		case r.word.isMark("(") && r.opensQuery():
			r.open()
			return
		case r.word.isMark("("):
			for r.next() && !r.word.isMark(")") {
			}
		case !r.word.is("analyze", "analyse", "verbose"):
			return
		}
	}
}

func (r *reader) opensQuery() bool {
	ahead := *r
	return ahead.next() && (ahead.word.isMark("(") || ahead.word.is("select", "with", "values", "table"))
}

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
				return refuse("SELECT … INTO makes a table: use CREATE TEMPORARY TABLE … ON COMMIT DROP")
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
		return refuse("UPDATE of pg_settings is a SET that holds for whoever uses the connection next; to read one, use current_setting")
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

// remaining reads the words up to the end of the statement.
func (r *reader) remaining() (words []word) {
	for r.next() && !r.word.isMark(";") {
		words = append(words, r.word)
	}
	return words
}

// set lets SET LOCAL, SET TRANSACTION and SET CONSTRAINTS through.
func (r *reader) set() error {
	words := r.remaining()
	switch {
	case len(words) > 0 && words[0].is("transaction", "constraints"):
		return nil
	case len(words) < 2 || !words[0].is("local"):
		return refuse("SET would hold for whoever uses the connection next: use SET LOCAL within RunInTx")
	}
	return changeable(words[1].name())
}

const (
	ofValues = "would change how values are read"
	ofRandom = "outlives its transaction, and makes the random numbers of others known"
)

// kept are settings that not even a transaction may change for itself.
var kept = map[string]string{
	"standard_conforming_strings": ofValues, "backslash_quote": ofValues, "client_encoding": ofValues, "names": ofValues,
	"statement_timeout": "is how the server keeps a statement's deadline: give it a context that has one",
	"seed":              ofRandom,
	"":                  "has a name that can't be looked at: it may be one that " + ofValues,
}

// changeable refuses a setting that is kept. Their names know no case, not even in
// quotes.
func changeable(name string) error {
	name = strings.ToLower(name)
	if why, is := kept[name]; is {
		return refuse("the setting %s %s", name, why)
	}
	return nil
}

func (r *reader) rollback() error {
	words := r.remaining()
	if len(words) > 0 && words[0].is("work", "transaction") {
		words = words[1:]
	}
	if len(words) > 0 && words[0].is("to") {
		r.found.goesBack = true
		r.found.beginsGoesBack = r.found.beginsGoesBack || !r.begun
		return nil
	}
	return refuse("ROLLBACK ends a transaction behind the pool's back: return an error from RunInTx")
}

func (r *reader) declare() error {
	words := r.ahead()
	for i, w := range words {
		if w.is("hold") && i > 0 && words[i-1].is("with") {
			return refuse("a cursor WITH HOLD outlives its transaction")
		}
	}
	return r.body()
}

// create lets a temporary table through that ends with its transaction.
func (r *reader) create() error {
	words := slices.DeleteFunc(r.ahead(), func(w word) bool { return w.is("local", "global") })
	if len(words) > 1 && words[0].is("temp", "temporary") && words[1].is("table") {
		for i := range words {
			if i+2 < len(words) && words[i].is("on") && words[i+1].is("commit") && words[i+2].is("drop") {
				return r.body()
			}
		}
	}
	return refuse("CREATE is for Options.Migrations; a temporary table needs ON COMMIT DROP")
}

// ahead is what remains of the statement; the reader stays where it is.
func (r *reader) ahead() []word {
	copied := *r
	return copied.remaining()
}

// call looks at a function that is called, the bracket at hand.
func (r *reader) call(name string) error {
	if name == "" {
		return nil
	}
	if name == "set_config" {
		return r.setConfig()
	}
	if why, bad := calls[name]; bad {
		return refuse("%s %s", name, why)
	}
	if strings.HasPrefix(name, "lo_") {
		return refuse("%s: a large object is nobody's and everybody's", name)
	}
	return nil
}

// setConfig looks at the arguments of set_config, which it reads as SET LOCAL
// does.
func (r *reader) setConfig() error {
	if !r.isLocal() {
		return refuse("set_config would hold for whoever uses the connection next: its last argument must be true")
	}
	ahead := *r
	ahead.next()
	name := ahead.word
	ahead.next()
	if name.kind != sqllex.Text || name.text[0] != '\'' || !ahead.word.isMark(",") {
		return refuse("set_config needs a plain constant as the setting's name")
	}
	return changeable(strings.Trim(name.text, "'"))
}

const (
	keepsLock = "keeps its lock until the session ends: use the function with xact in its name"
	runsText  = "runs a text as SQL"
	ofSession = "answers for whoever used the connection before: use INSERT … RETURNING"
	elsewhere = "reaches into other sessions"
)

// calls are PostgreSQL's own functions that leave something in a session, read
// what another left there, or run SQL out of a text.
var calls = map[string]string{
	"pg_advisory_lock": keepsLock, "pg_advisory_lock_shared": keepsLock,
	"pg_try_advisory_lock": keepsLock, "pg_try_advisory_lock_shared": keepsLock,
	"query_to_xml": runsText, "query_to_xmlschema": runsText, "query_to_xml_and_xmlschema": runsText,
	"table_to_xml": runsText, "table_to_xml_and_xmlschema": runsText, "cursor_to_xml": runsText,
	"schema_to_xml": runsText, "schema_to_xml_and_xmlschema": runsText,
	"database_to_xml": runsText, "database_to_xml_and_xmlschema": runsText,
	"ts_stat": runsText, "ts_rewrite": runsText,
	"setseed": "keeps its seed until the session ends, which " + ofRandom, "set_limit": "is a SET that holds for whoever uses the connection next",
	"lastval": ofSession, "currval": ofSession,
	"pg_terminate_backend": elsewhere, "pg_cancel_backend": elsewhere,
	"loread": "reads a large object, which is nobody's and everybody's", "lowrite": "writes a large object, which is nobody's and everybody's",
}

// isLocal reports whether the last of three arguments is true. It leaves the
// reader where it was.
func (r *reader) isLocal() bool {
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
			return arguments == 3 && length == 1 && (last.is("true") || last.kind == sqllex.Text && strings.EqualFold(last.text, "'true'"))
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
