package scoped

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/sqllex"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errInsertColumns = tenancy.Errorf(tenancy.CodeInternal,
	"an INSERT … SELECT needs the names of its columns: use Column")

// target reads the table that an UPDATE or DELETE changes. It is never a CTE.
func (p *proof) target() *block {
	p.accept("only")
	s := p.aliased(p.name())
	if s.shared {
		p.fail(refusals[refusedShared].err)
	}
	s.name = ""
	return p.begin(block{tables: []source{s}, names: []string{s.alias}})
}

func (p *proof) update() {
	b := p.target()
	p.expect("set")
	p.assignments(b.tables[0].facts)
	p.clauses(b)
	p.finish(b)
}

func (p *proof) delete() {
	p.expect("from")
	b := p.target()
	b.deletes = true
	p.clauses(b)
	p.finish(b)
}

// insert reads an INSERT. Its rows are the tenant's if it leaves the tenant's column out, whose
// default is the tenant, or gives it the tenant's id.
func (p *proof) insert() {
	p.expect("into")
	b := p.target()
	target := b.tables[0].facts
	tenant, named := -1, p.token.text == "("
	if named {
		tenant = p.columns(target)
	}
	switch {
	case p.accept("default"):
		p.expect("values")
	case p.accept("values"):
		p.insertValues(tenant)
	case p.accept("select") && named:
		p.insertSelect(tenant, target)
	default:
		p.fail(errInsertColumns)
	}
	if p.accept("on") {
		p.item("do")
		p.expect("do")
		if p.accept("update") {
			p.expect("set")
			p.assignments(target)
			p.clauses(b)
			p.finish(b)
			return
		}
		p.expect("nothing")
	}
	b.tables = nil
	p.clauses(b)
	p.finish(b)
}

// columns reads a list of columns in brackets. It returns the index of the target's column with
// the tenant's id, or -1.
func (p *proof) columns(target *facts) int {
	tenant := -1
	p.expect("(")
	for i := 0; p.err == nil; i++ {
		if target.isTenant(p.column(target)) {
			tenant = i
		}
		if p.token.text != "," {
			break
		}
		p.next()
	}
	p.expect(")")
	return tenant
}

// column reads a column and the field or element of it that is written. It returns the
// column's name without a qualifier.
func (p *proof) column(of *facts) string {
	name := p.identifier()
	for p.token.text == "." || p.token.text == "[" {
		if p.token.text == "[" {
			for !p.closed() && p.token.text != "]" {
				p.next()
			}
			p.next()
			continue
		}
		p.next()
		if field := p.identifier(); !of.isTenant(name) {
			name = field
		}
	}
	return name
}

// assignments reads what follows SET, and refuses an assignment of the target's tenant id.
func (p *proof) assignments(target *facts) {
	for p.err == nil {
		switch {
		case p.token.text != "(":
			if target.isTenant(p.column(target)) {
				p.excludedTenant(target)
			}
		case p.columns(target) >= 0:
			p.fail(refusals[refusedSet].err)
		}
		p.expect("=")
		p.assigned()
		if p.token.text != "," {
			return
		}
		p.next()
	}
}

// excludedTenant refuses any value of the tenant's id but EXCLUDED.tenant_id, which bun assigns in
// an upsert of all columns: it is the tenant of the row that was to be inserted.
func (p *proof) excludedTenant(target *facts) {
	ahead := *p
	ahead.expect("=")
	ahead.expect("excluded")
	ahead.expect(".")
	if !target.isTenant(ahead.column(target)) || ahead.token.text != "," &&
		!ahead.token.is("where") || ahead.err != nil {
		p.fail(refusals[refusedSet].err)
	}
}

// assigned reads the value of an assignment.
func (p *proof) assigned() {
	ends := []string{"from", "where", "returning", "join"}
	p.item(ends...)
	for p.token.is("from") && p.isOperator() {
		p.next()
		p.item(ends...)
	}
}

// insertValues reads the rows of VALUES, whose tenant's id has the index tenant.
func (p *proof) insertValues(tenant int) {
	for p.err == nil {
		p.expect("(")
		for i := 0; p.err == nil; i++ {
			if i == tenant {
				p.ownTenant()
			}
			p.item()
			if p.token.text != "," {
				break
			}
			p.next()
		}
		p.expect(")")
		if p.token.text != "," {
			return
		}
		p.next()
	}
}

// ownTenant reads a tenant's id, which must be the handle's or DEFAULT.
func (p *proof) ownTenant() {
	own := p.token.kind == sqllex.Text && strings.EqualFold(p.token.text, p.tenant)
	if !own && !p.token.is("default") {
		p.fail(refusals[refusedTenant].err)
	}
	p.next()
	for p.token.text == ":" { // ::uuid
		p.next()
	}
	p.accept("uuid")
	if p.token.text != "," && p.token.text != ")" {
		p.fail(refusals[refusedTenant].err)
	}
}

// insertSelect reads the SELECT of an INSERT, whose tenant's id has the index tenant. The rows
// come from other queries, which may give it any value, so the statement compares it:
// a row of another tenant is an error of the database (an invalid uuid).
func (p *proof) insertSelect(tenant int, target *facts) {
	b := p.begin(block{inserts: true})
	for i := 0; p.err == nil; i++ {
		start := p.token.start
		if i == tenant {
			if !target.isTenant(p.column(target)) {
				p.fail(refusals[refusedTenant].err)
			}
			end := p.previous[0].start + len(p.previous[0].text)
			p.edits = append(p.edits, edit{start, end, p.compared(p.statement[start:end])})
		}
		p.item("from")
		if p.token.text != "," {
			break
		}
		p.next()
	}
	p.clauses(b)
	p.finish(b)
}

// compared returns an expression that is the tenant's id, or an error.
func (p *proof) compared(column string) string {
	return "CASE WHEN " + column + " = " + p.tenant + " THEN " + column +
		" ELSE concat('a row names another tenant', left(" + column + "::text, 0))::uuid END"
}
