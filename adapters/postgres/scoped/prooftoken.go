package scoped

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// token is a token of a statement other than space and comments. The filter's mark, which is
// a comment, is a token. At the end of the statement the text is empty.
type token struct {
	kind  sqllex.Kind
	text  string
	start int
}

// is reports whether the token is one of these words, in any case.
func (t token) is(words ...string) bool {
	return t.kind == sqllex.Word && slices.ContainsFunc(words,
		func(w string) bool { return len(w) == len(t.text) && strings.EqualFold(w, t.text) })
}

func (t token) isIdentifier() bool {
	return t.text != "" && (t.kind == sqllex.Word || t.kind == sqllex.Quoted)
}

// identifier moves past a name, and returns it folded as PostgreSQL does.
func (p *proof) identifier() string {
	if !p.token.isIdentifier() {
		p.fail(errUnconfined)
		return ""
	}
	name := p.token
	p.next()
	return folded(name.kind, name.text)
}

// afterTable are words that may follow the name of a table without being its alias.
var afterTable = []string{"join", "left", "right", "full", "inner", "cross", "natural", "on",
	"using", "where", "group", "having", "window", "order", "limit", "offset", "fetch", "for",
	"union", "intersect", "except", "returning", "set", "tablesample", "from", "values",
	"select", "default"}

// alias moves past an alias, and returns it. It is empty if there is none.
func (p *proof) alias() string {
	if p.accept("as") || p.token.isIdentifier() && !p.token.is(afterTable...) {
		return p.identifier()
	}
	return ""
}
