package session

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// check refuses statements whose effects outlive the statement or its transaction on a
// connection that others use next: a setting, a lock, a temporary table, a prepared
// statement, a subscription, a transaction begun or ended without the pool's knowledge. A
// pooler may give the session to another client before it could be cleaned, so such a
// statement isn't sent at all.
//
// It checks the text only. The host is responsible for what its own functions do to the
// session. The isolation of tenants doesn't depend on this check.
func check(query string) (message, error) {
	r := reader{rest: query}
	for r.next() {
		if !r.pastFirst {
			r.found.plainRead = r.word.is("select")
		}
		if err := r.checkStatement(); err != nil {
			return message{}, err
		}
		if r.word.isMark(";") {
			r.found.plainRead = false
		}
		r.pastFirst = true
	}
	return r.found, nil
}

// message describes an allowed message of one or more statements.
type message struct {
	rollsBack          bool // it has a ROLLBACK TO, which restores the savepoint's settings
	startsWithRollback bool // its first statement is ROLLBACK TO

	// plainRead: it is one query that changes nothing, takes no lock and calls only functions
	// that are known to have no effect. Such a query can be sent again, and has no author.
	plainRead bool
}

func refuse(format string, args ...any) error {
	return tenancy.Errorf(tenancy.CodeInternal, "not sent to the database: "+format, args...)
}

// checkStatement checks one statement up to its end. The current word is its first.
func (r *reader) checkStatement() error {
	for r.word.isMark(";") {
		if !r.next() {
			return nil
		}
	}
	r.skipParens()
	if r.word.is("explain") {
		r.skipExplain()
		if r.word.is("create", "declare", "execute", "refresh") {
			return refuse("EXPLAIN of %s", strings.ToUpper(r.word.text))
		}
	}
	first := r.word
	switch {
	case first.text == "", first.kind == sqllex.Other, first.kind == sqllex.Text:
		return r.checkBody() // a syntax error: the database's message is better
	case first.is("show"):
		return r.checkShow()
	case first.is("select", "with", "values", "table", "insert", "update", "delete", "merge",
		"fetch", "move", "close", "lock", "notify", "call", "savepoint", "release"):
		return r.checkBody()
	case first.is("set"):
		return r.checkSet()
	case first.is("rollback"):
		return r.checkRollback()
	case first.is("declare"):
		return r.checkDeclare()
	case first.is("create"):
		return r.checkCreate()
	case first.is("copy"):
		return refuse("COPY needs its own connection, and row security doesn't support COPY FROM:" +
			" use INSERT or an import")
	case first.is("listen", "unlisten"):
		return refuse("%s needs its own connection", strings.ToUpper(first.text))
	}
	return refuse("%s isn't allowed on a connection that tenants share: use Options.Migrations for"+
		" the schema, RunInTx for transactions", strings.ToUpper(first.text))
}

// skipExplain moves from EXPLAIN to the statement that it explains. Parentheses hold its
// options or that statement.
func (r *reader) skipExplain() {
	for r.next() {
		switch {
		case r.word.isMark("(") && r.opensQuery():
			r.skipParens()
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
	return ahead.next() && (ahead.word.isMark("(") ||
		ahead.word.is("select", "with", "values", "table"))
}

// checkSet lets SET LOCAL, SET TRANSACTION and SET CONSTRAINTS through.
func (r *reader) checkSet() error {
	words := r.remaining()
	switch {
	case len(words) > 0 && words[0].is("transaction", "constraints"):
		return nil
	case len(words) < 2 || !words[0].is("local"):
		return refuse("SET would stay in force for the connection's next user: use SET LOCAL" +
			" within RunInTx")
	}
	return checkSetting(settingName(words[1:]))
}

// settingName returns the name of a setting, of which each part may be quoted, and the whole
// too. It is empty if a part can't be checked.
func settingName(words []word) string {
	name := words[0].name()
	for i := 2; i < len(words) && words[i-1].isMark("."); i += 2 {
		if part := words[i].name(); name != "" && part != "" {
			name += "." + part
			continue
		}
		return ""
	}
	return name
}

// checkShow refuses to show the signed tenant. A function that reads it (current_setting) is
// allowed: it returns what the statement was sent with.
func (r *reader) checkShow() error {
	words := r.peekRemaining()
	if len(words) > 0 && isOwnSetting(settingName(words)) {
		return refuse("the settings %s* are the library's", ownSettings)
	}
	return r.checkBody()
}

// ownSettings begins the names of the library's settings: the signed tenant, above all. What
// this check doesn't see, such as a name that a function puts together, the signature holds:
// the database takes no tenant that this process didn't sign.
const ownSettings = "bailiwick."

func isOwnSetting(name string) bool {
	return strings.HasPrefix(strings.ToLower(name)+".", ownSettings)
}

const (
	changesRole      = "would run the transaction as another role"
	changesParsing   = "would change how values are read"
	sharesRandomness = "outlives its transaction, and makes others' random numbers predictable"
)

// fixedSettings are settings that no statement may change, not even with SET LOCAL. Each has
// the reason for the refusal.
var fixedSettings = map[string]string{
	"standard_conforming_strings": changesParsing, "backslash_quote": changesParsing,
	"client_encoding": changesParsing, "names": changesParsing,
	"statement_timeout": "enforces a statement's deadline on the server: use a context with a" +
		" deadline",
	"seed": sharesRandomness,
	"role": changesRole, "session": changesRole, "session_authorization": changesRole,
	"": "has a name that can't be checked: it may be one that " + changesParsing,
}

// checkSetting refuses a change of one of fixedSettings, or of the library's settings. Names
// of settings are case-insensitive, even in quotes.
func checkSetting(name string) error {
	name = strings.ToLower(name)
	if isOwnSetting(name) {
		return refuse("the settings %s* name the tenant, which the context does:"+
			" use tenancy.NewContext", ownSettings)
	}
	if why, is := fixedSettings[name]; is {
		return refuse("the setting %s %s", name, why)
	}
	return nil
}

func (r *reader) checkRollback() error {
	words := r.remaining()
	if len(words) > 0 && words[0].is("work", "transaction") {
		words = words[1:]
	}
	if len(words) > 0 && words[0].is("to") {
		r.found.rollsBack = true
		r.found.startsWithRollback = r.found.startsWithRollback || !r.pastFirst
		return nil
	}
	return refuse("ROLLBACK ends a transaction without the pool's knowledge: return an error from" +
		" RunInTx")
}

func (r *reader) checkDeclare() error {
	words := r.peekRemaining()
	for i, w := range words {
		if w.is("hold") && i > 0 && words[i-1].is("with") {
			return refuse("a cursor WITH HOLD outlives its transaction")
		}
	}
	return r.checkBody()
}

// checkCreate allows only a temporary table that is dropped at the end of its transaction.
func (r *reader) checkCreate() error {
	words := slices.DeleteFunc(r.peekRemaining(),
		func(w word) bool { return w.is("local", "global") })
	if len(words) > 1 && words[0].is("temp", "temporary") && words[1].is("table") {
		for i := range words {
			if i+2 < len(words) && words[i].is("on") && words[i+1].is("commit") &&
				words[i+2].is("drop") {
				return r.checkBody()
			}
		}
	}
	return refuse("CREATE is for Options.Migrations; a temporary table needs ON COMMIT DROP")
}
