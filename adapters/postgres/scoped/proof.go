package scoped

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// proof reads the text of a statement that bun built, and proves that the statement reads and
// writes rows of one tenant only. The filter relies on what the caller called; the proof
// relies on the text that is sent, so it also holds for what bun builds without the handle:
// q.NewSelect(), a table that a relation changes, a query of another handle, and text that
// leaves its brackets.
//
// Each table that the text names has the tenant's condition after the filter's mark, is a CTE,
// or is shared and only read. A plain table in the text of a Join is the documented exception. What the proof
// doesn't understand is refused.
type proof struct {
	statement string
	tenant    string // the tenant's id, as an SQL constant
	declared  declarations
	at        int // where the text after the current token begins
	token     token
	previous  [2]token // the tokens before the current one, the last one first
	depth     int      // of brackets
	ctes      []string // the names of the CTEs that the current query can read
	blocks    []*block // that are being read, the outermost first
	edits     []edit
	err       error
}

// edit replaces a part of the statement.
type edit struct {
	start, end int
	text       string
}

var errUnconfined = tenancy.Errorf(tenancy.CodeInternal,
	"the statement names a table without the tenant's condition: make each sub-query with the"+
		" handle and pass it as an argument (\"(?)\", query), or use NewRaw, where row security"+
		" alone applies")

// prove returns the statement to send.
func prove(statement string, tenant tenancy.ID, declared declarations) (string, error) {
	p := proof{statement: statement, tenant: "'" + tenant.String() + "'", declared: declared}
	p.next()
	p.query()
	if p.token.text != "" {
		p.fail(errUnconfined)
	}
	if p.err != nil {
		return "", p.err
	}
	return p.edited(), nil
}

func (p *proof) edited() string {
	if len(p.edits) == 0 {
		return p.statement
	}
	var b strings.Builder
	at := 0
	for _, e := range p.edits {
		b.WriteString(p.statement[at:e.start] + e.text)
		at = e.end
	}
	return b.String() + p.statement[at:]
}

// fail refuses the statement, and ends the reading.
func (p *proof) fail(err error) {
	if p.err == nil {
		p.err = err
	}
	p.at, p.token = len(p.statement), token{}
}

// next moves to the next token. At the end the token is empty.
func (p *proof) next() {
	p.previous = [2]token{p.token, p.previous[0]}
	p.token = token{start: len(p.statement)}
	for p.at < len(p.statement) {
		start := p.at
		kind, n := sqllex.Next(p.statement[start:])
		p.at += n
		text := p.statement[start:p.at]
		switch {
		case kind == sqllex.Space, kind == sqllex.Comment && text != markConfined:
			continue
		case kind == sqllex.Unicode, text == ";": // a name or a statement that isn't checked
			p.fail(errUnconfined)
		default:
			p.token = token{kind: kind, text: text, start: start}
		}
		return
	}
}

// accept moves past the current token if it is one of words.
func (p *proof) accept(words ...string) bool {
	if !p.token.is(words...) {
		return false
	}
	p.next()
	return true
}

// expect moves past the current token, which must be text.
func (p *proof) expect(text string) {
	if !strings.EqualFold(p.token.text, text) {
		p.fail(errUnconfined)
		return
	}
	p.next()
}

// closed reports whether the current bracket or the statement ends.
func (p *proof) closed() bool { return p.token.text == "" || p.token.text == ")" }

// brackets reads a bracketed query or expression.
func (p *proof) brackets() {
	p.expect("(")
	p.depth++
	if p.token.is("select", "with", "values", "table", "insert", "update", "delete", "merge") {
		p.query()
	} else {
		p.expression()
	}
	p.depth--
	p.expect(")")
}

// expression reads up to the closing bracket.
func (p *proof) expression() {
	for !p.closed() {
		p.item()
		if p.token.text == "," {
			p.next()
		}
	}
}

// item reads an expression up to a comma, one of the words, or the closing bracket.
func (p *proof) item(ends ...string) {
	for !p.closed() && p.token.text != "," && !p.token.is(ends...) {
		switch {
		case p.token.text == "(":
			p.brackets()
		case p.startsHiddenQuery():
			p.fail(errUnconfined)
		default:
			p.next()
		}
	}
}

// startsHiddenQuery reports whether a query begins at a place where SQL has none.
func (p *proof) startsHiddenQuery() bool {
	return p.token.is("select", "table") && p.previous[0].text != "." && !p.previous[0].is("as")
}

// query reads a query with its CTEs, up to the closing bracket. It reports whether its last
// SELECT has the tenant's condition.
func (p *proof) query() (confined bool) {
	outer := len(p.ctes)
	if p.accept("with") {
		p.with()
	}
	for !p.closed() {
		switch {
		case p.accept("select"):
			b := p.begin(block{})
			p.clauses(b)
			p.finish(b)
			confined = b.confined
		case p.accept("insert"):
			p.insert()
		case p.accept("update"):
			p.update()
		case p.accept("delete"):
			p.delete()
		case p.accept("values"), p.accept("order", "limit", "offset", "fetch"):
			p.rows()
		case p.token.text == "(":
			p.subquery()
		case p.accept(setOperations...), p.accept("all", "distinct"):
		default:
			p.fail(errUnconfined)
		}
	}
	p.ctes = p.ctes[:outer]
	return confined
}

var setOperations = []string{"union", "intersect", "except"}

// rows reads what follows VALUES, or the end of a union.
func (p *proof) rows() {
	for !p.closed() && !p.token.is(setOperations...) {
		p.item(setOperations...)
		if p.token.text == "," {
			p.next()
		}
	}
}

// subquery reads a query in brackets, where nothing else is allowed.
func (p *proof) subquery() (confined bool) {
	p.expect("(")
	p.depth++
	confined = p.query()
	p.depth--
	p.expect(")")
	return confined
}

// with reads the CTEs of a query. The name of a CTE is known after it, in a recursive one
// also within it.
func (p *proof) with() {
	for {
		recursive := p.accept("recursive")
		name := p.identifier()
		if p.token.text == "(" {
			p.brackets()
		}
		p.expect("as")
		p.accept("not")
		p.accept("materialized")
		if recursive {
			p.ctes = append(p.ctes, name)
		}
		p.subquery()
		if !recursive {
			p.ctes = append(p.ctes, name)
		}
		if p.token.text != "," {
			return
		}
		p.next()
	}
}
