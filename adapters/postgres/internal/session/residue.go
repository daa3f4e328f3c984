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
		return refuse("COPY needs a connection of its own, and row security doesn't take COPY" +
			" FROM: use INSERT, or an import")
	case first.is("listen", "unlisten"):
		return refuse("%s needs a connection of its own", strings.ToUpper(first.text))
	}
	return refuse("%s isn't for a connection that tenants share: use Options.Migrations for the"+
		" schema, RunInTx for transactions", strings.ToUpper(first.text))
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
	return ahead.next() && (ahead.word.isMark("(") ||
		ahead.word.is("select", "with", "values", "table"))
}

// set lets SET LOCAL, SET TRANSACTION and SET CONSTRAINTS through.
func (r *reader) set() error {
	words := r.remaining()
	switch {
	case len(words) > 0 && words[0].is("transaction", "constraints"):
		return nil
	case len(words) < 2 || !words[0].is("local"):
		return refuse("SET would hold for whoever uses the connection next: use" +
			" SET LOCAL within RunInTx")
	}
	return changeable(words[1].name())
}

const (
	ofValues = "would change how values are read"
	ofRandom = "outlives its transaction, and makes the random numbers of others known"
)

// kept are settings that not even a transaction may change for itself.
var kept = map[string]string{
	"standard_conforming_strings": ofValues, "backslash_quote": ofValues,
	"client_encoding": ofValues, "names": ofValues,
	"statement_timeout": "is how the server keeps a statement's deadline: give it a context that" +
		" has one",
	"seed": ofRandom,
	"":     "has a name that can't be looked at: it may be one that " + ofValues,
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
			if i+2 < len(words) && words[i].is("on") && words[i+1].is("commit") &&
				words[i+2].is("drop") {
				return r.body()
			}
		}
	}
	return refuse("CREATE is for Options.Migrations; a temporary table needs ON COMMIT DROP")
}
