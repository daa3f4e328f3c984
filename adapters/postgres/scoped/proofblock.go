package scoped

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
)

// block is one SELECT, INSERT, UPDATE or DELETE, without the queries in its brackets.
type block struct {
	tables   []source // of the FROM or USING, the target first
	joined   []source // of a JOIN
	names    []string // the aliases of all sources
	rowsOnly bool     // the first of the FROM is a query that has the tenant's condition
	inFrom   bool
	inWhere  bool
	hasWhere bool
	deletes  bool
	inserts  bool // it is the SELECT of an INSERT

	confined bool     // the tenant's condition was found
	aliases  []string // whose tenant_id it compares; empty for the only table

	hasOr bool              // the conditions have an OR without brackets
	equal map[string]string // whose tenant_id is equal to whose
	outer []string          // the tables whose condition sub-queries rely on
}

// source is a table that a block reads or writes.
type source struct {
	name  string // empty if the table can't be a CTE
	alias string
}

// begin begins a block, which finish ends.
func (p *proof) begin(b block) *block {
	p.blocks = append(p.blocks, &b)
	return &b
}

// clauses reads the rest of a block, up to the closing bracket or a set operation.
func (p *proof) clauses(b *block) {
	for !p.closed() && !p.token.is(setOperations...) {
		switch {
		case b.inserts && p.token.is("on"):
			return
		case p.token.is("from") && !p.isOperator(), b.deletes && p.token.is("using"):
			p.next()
			p.from(b)
		case p.accept("join"), b.inFrom && p.token.text == ",":
			if p.token.text == "," {
				p.next()
			}
			p.source(b, &b.joined)
		case p.token.is("where"):
			p.where(b)
		case b.inWhere && p.accept("and"):
			p.equality(b)
		case p.accept("group", "having", "window", "order", "limit", "offset", "fetch", "for",
			"returning"):
			b.inFrom, b.inWhere = false, false
		case b.inWhere && p.token.is("or"):
			b.hasOr = true
			if b.confined {
				p.fail(refusals[refusedOr].err)
			}
			p.next()
		case p.token.text == "(":
			p.brackets()
		case p.startsHiddenQuery():
			p.fail(errUnconfined)
		default:
			p.next()
		}
	}
}

// where reads WHERE and the first condition. A second WHERE isn't SQL.
func (p *proof) where(b *block) {
	if b.hasWhere {
		p.fail(errUnconfined)
		return
	}
	p.next()
	b.inFrom, b.inWhere, b.hasWhere = false, true, true
	p.condition(b)
	p.equality(b)
}

// isOperator reports whether the current FROM belongs to IS [NOT] DISTINCT FROM.
func (p *proof) isOperator() bool {
	return p.previous[0].is("distinct") && p.previous[1].is("is", "not")
}

func (p *proof) from(b *block) {
	b.inFrom = true
	for {
		p.source(b, &b.tables)
		if p.token.text != "," {
			return
		}
		p.next()
	}
}

// source reads a table, a query in brackets or a function, and its alias.
func (p *proof) source(b *block, list *[]source) {
	p.accept("lateral")
	p.accept("only")
	if p.token.text == "(" {
		confined := p.subquery()
		b.names = append(b.names, p.alias())
		b.rowsOnly = b.rowsOnly || confined && len(b.tables) == 0 && len(b.joined) == 0
		return
	}
	s := p.name()
	if p.token.text == "(" {
		p.brackets() // the arguments of a function, which is no table
		b.names = append(b.names, s.alias, p.alias())
		return
	}
	s = p.aliased(s)
	b.names = append(b.names, s.alias)
	*list = append(*list, s)
}

// name reads the name of a table, with its schema.
func (p *proof) name() (s source) {
	s.name = p.identifier()
	s.alias = s.name
	for p.token.text == "." {
		p.next()
		s.name, s.alias = "", p.identifier()
	}
	return s
}

// aliased reads the alias after a table's name.
func (p *proof) aliased(s source) source {
	if alias := p.alias(); alias != "" {
		s.alias = alias
	}
	return s
}

// condition reads the tenant's condition after WHERE, if there is one.
func (p *proof) condition(b *block) {
	ahead := *p
	if ahead.next(); p.token.text != "(" || ahead.token.text != markConfined {
		return
	}
	p.next()
	p.next()
	for {
		p.comparison(b)
		if !p.accept("and") {
			break
		}
	}
	b.confined = true
	p.expect(")")
}

// comparison reads one comparison of the tenant's condition, or TRUE.
func (p *proof) comparison(b *block) {
	if p.accept("true") {
		return
	}
	column, alias := p.identifier(), ""
	if p.token.text == "." {
		p.next()
		column, alias = p.identifier(), column
	}
	if column != tenantColumn {
		p.fail(errUnconfined)
	}
	p.expect("=")
	if p.token.kind == sqllex.Text && !strings.EqualFold(p.token.text, p.tenant) {
		p.fail(refusals[refusedHandle].err)
	}
	p.expect(p.tenant)
	b.aliases = append(b.aliases, alias)
}

// finish refuses a block that has a table without the tenant's condition, and ends it.
func (p *proof) finish(b *block) {
	p.blocks = p.blocks[:len(p.blocks)-1]
	if p.depth == 0 && b.comparesUnknown() {
		return
	}
	need := b.outer
	// The text of a Join has no condition. bun makes the statements of relations without the
	// handle's condition, and reads a query with the tenant's rows instead of the table.
	if !b.confined && !(b.rowsOnly && p.depth == 0) {
		b.tables = append(b.tables, b.joined...)
	}
	for _, s := range b.tables {
		if !p.isCTE(s) {
			need = append(need, s.alias)
		}
	}
	for _, alias := range need {
		p.require(b, alias)
	}
}

// require refuses the block unless the table with this alias has the tenant's condition. The
// condition of a sub-query may be that of the outer query: a.tenant_id = b.tenant_id.
func (p *proof) require(b *block, alias string) {
	equal, isEqual := b.equal[alias]
	isOnly := len(b.tables) == 1 && slices.Contains(b.aliases, "")
	switch {
	case slices.Contains(b.aliases, alias) || isOnly && b.tables[0].alias == alias:
		return
	case b.hasOr || len(p.blocks) == 0:
		p.fail(errUnconfined)
	case isEqual && !slices.Contains(b.names, equal):
		alias = equal
	case slices.Contains(b.names, alias):
		p.fail(errUnconfined)
	}
	if p.err == nil {
		outer := p.blocks[len(p.blocks)-1]
		outer.outer = append(outer.outer, alias)
	}
}

// equality reads a comparison of two tables' tenant_id, if it is a condition that every row
// meets.
func (p *proof) equality(b *block) {
	ahead := *p
	one := ahead.tenantOf()
	ahead.expect("=")
	other := ahead.tenantOf()
	if ahead.err != nil || !ahead.closed() &&
		!ahead.token.is("and", "group", "order", "limit", "union", "intersect", "except") {
		return
	}
	if b.equal == nil {
		b.equal = map[string]string{}
	}
	b.equal[one], b.equal[other] = other, one
}

// tenantOf reads alias.tenant_id, and returns the alias.
func (p *proof) tenantOf() string {
	alias := p.identifier()
	p.expect(".")
	if p.identifier() != tenantColumn {
		p.fail(errUnconfined)
	}
	return alias
}

// comparesUnknown reports whether the tenant's condition names a table that the block doesn't
// have (a ModelTableExpr that isn't understood). The database refuses that,
// except in a sub-query, where the name may be one of the outer query.
func (b *block) comparesUnknown() bool {
	return slices.ContainsFunc(b.aliases,
		func(alias string) bool { return alias != "" && !slices.Contains(b.names, alias) })
}

func (p *proof) isCTE(s source) bool { return s.name != "" && slices.Contains(p.ctes, s.name) }
