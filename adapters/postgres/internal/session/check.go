package session

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
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
		if err := r.checkStatement(); err != nil {
			return message{}, err
		}
		r.pastFirst = true
	}
	return r.found, nil
}

// message is what was found in one of statements that may be sent.
type message struct {
	rollsBack          bool // to a savepoint, and to the settings of that time
	startsWithRollback bool // with its first statement
}

func refuse(format string, args ...any) error {
	return tenancy.Errorf(tenancy.CodeInternal, "not sent to the database: "+format, args...)
}

// checkStatement reads to the end of one, the word at hand being its first.
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
		return r.checkBody() // a syntax error, which the database says better
	case first.is("select", "with", "values", "table", "insert", "update", "delete", "merge",
		"show", "fetch", "move", "close", "lock", "notify", "call", "savepoint", "release"):
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
		return refuse("COPY needs a connection of its own, and row security doesn't take COPY" +
			" FROM: use INSERT, or an import")
	case first.is("listen", "unlisten"):
		return refuse("%s needs a connection of its own", strings.ToUpper(first.text))
	}
	return refuse("%s isn't for a connection that tenants share: use Options.Migrations for the"+
		" schema, RunInTx for transactions", strings.ToUpper(first.text))
}

// skipExplain moves to what EXPLAIN explains. In brackets stand its options, or
// that.
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
		return refuse("SET would hold for whoever uses the connection next: use" +
			" SET LOCAL within RunInTx")
	}
	return checkSetting(words[1].name())
}

const (
	changesParsing   = "would change how values are read"
	sharesRandomness = "outlives its transaction, and makes the random numbers of others known"
)

// fixedSettings are settings that not even a transaction may change for itself.
var fixedSettings = map[string]string{
	"standard_conforming_strings": changesParsing, "backslash_quote": changesParsing,
	"client_encoding": changesParsing, "names": changesParsing,
	"statement_timeout": "is how the server keeps a statement's deadline: give it a context that" +
		" has one",
	"seed": sharesRandomness,
	"":     "has a name that can't be looked at: it may be one that " + changesParsing,
}

// checkSetting refuses a setting that is kept. Their names know no case, not even in
// quotes.
func checkSetting(name string) error {
	name = strings.ToLower(name)
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
	return refuse("ROLLBACK ends a transaction behind the pool's back: return an error from RunInTx")
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

// checkCreate lets a temporary table through that ends with its transaction.
func (r *reader) checkCreate() error {
	words := slices.DeleteFunc(r.peekRemaining(), func(w word) bool { return w.is("local", "global") })
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
