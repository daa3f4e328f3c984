package scoped

import (
	"bytes"
	"crypto/rand"
	"strconv"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// filter is the first condition of every scoped statement. It writes the
// tenant's condition for the tables of the query that is being rendered: of the
// one at hand, of a clone, or of the UPDATE that a soft DELETE becomes.
//
// It is no struct, which bun would take for a model.
type filter tenancy.ID

func (f filter) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	q, ok := rendered(gen)
	switch {
	case !ok:
		return append(b, refusals[refusedQuery].mark...), nil
	case q.value.Type() == insertType && doesNothing(b):
		return append(b, markNothing...), nil
	case q.ungrouped():
		return append(b, refusals[refusedOr].mark...), nil
	case q.bare():
		return append(b, refusals[refusedBare].mark...), nil
	case q.setsTenant():
		return append(b, refusals[refusedSet].mark...), nil
	}
	aliases, ok := q.aliases(gen)
	if !ok {
		return append(b, refusals[refusedTable].mark...), nil
	}
	if len(aliases) == 0 {
		return append(b, "TRUE"...), nil // no table is read but through other statements
	}
	for i, alias := range aliases {
		if i > 0 {
			b = append(b, " AND "...)
		}
		b = append(b, alias...)
		b = append(b, ".tenant_id = '"...)
		b = append(b, tenancy.ID(f).String()...)
		b = append(b, '\'')
	}
	return b, nil
}

// doesNothing reports whether a WHERE was begun behind ON CONFLICT … DO NOTHING,
// which has none.
func doesNothing(b []byte) bool {
	before, ok := bytes.CutSuffix(b, []byte(" WHERE ("))
	return ok && bytes.HasSuffix(bytes.ToUpper(bytes.TrimSpace(before)), []byte("DO NOTHING"))
}

// beforeWhere is a JOIN that writes nothing. bun renders joins right before the
// conditions: the last moment to put these in brackets.
type beforeWhere func(query)

func (f beforeWhere) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	if q, ok := rendered(gen); ok && q.ungrouped() {
		f(q)
	}
	return b, nil
}

type conditional[Q any] interface {
	Where(condition string, args ...any) Q
	WhereGroup(separator string, fn func(Q) Q) Q
}

// group makes the conditions of q a group behind the tenant's. bun's WhereGroup
// takes as the group whatever conditions the query has that its function answers,
// and gives that query those of the query it was called on in front.
func group[Q conditional[Q]](outer, q Q, tenant tenancy.ID) {
	outer.Where("?", filter(tenant)).WhereGroup(" AND ", func(Q) Q { return q })
}

// regroup renders a DELETE once more, with its conditions in brackets, if they
// need them: a DELETE has no joins to do it in time, and becomes another query
// where rows are deleted softly. One within another statement isn't rendered
// here, and is refused for its mark.
func (s *Handle) regroup(q *bun.DeleteQuery, statement string) (string, error) {
	if !strings.Contains(statement, refusals[refusedOr].mark) {
		return statement, nil
	}
	grouped := *q
	group(bun.NewDeleteQuery(s.db), &grouped, s.tenant)
	b, err := grouped.AppendQuery(s.db.QueryGen(), nil)
	return string(b), err
}

// bun answers no error for what an argument can't write: it puts the error's text
// into the statement. A refusal is a mark there, which no value can be taken for
// and PostgreSQL doesn't parse; the guard finds it and answers the error.
var (
	mark        = "?!(bailiwick " + rand.Text() + " "
	markNothing = mark + "nothing)"
	refusals    = []refusedMark{
		refusedQuery: refuse(refusedQuery, tenancy.CodeInternal,
			"a scoped query was put where its tables aren't known"),
		refusedTable: refuse(refusedTable, tenancy.CodeInternal,
			"the handle can't tell which table to filter: give the query a model, Table,"+
				" TableExpr with a plain name or TableExpr(\"(?) AS q\", query), or use Join or"+
				" NewRaw"),
		refusedOr: refuse(refusedOr, tenancy.CodeInternal,
			"WhereOr can't be put in brackets behind the tenant's condition here (a clone, an"+
				" upsert, a DELETE within another statement): use one Where or WhereGroup"),
		refusedBare: refuse(refusedBare, tenancy.CodeInternal,
			"an UPDATE or DELETE of all the tenant's rows needs a condition: Where(\"TRUE\")"),
		refusedSet: refuse(refusedSet, tenancy.CodeTenantMismatch,
			"tenant_id can't be set: a row stays with its tenant"),
		refusedTenant: refuse(refusedTenant, tenancy.CodeTenantMismatch,
			"a row names another tenant than the handle"),
	}
)

const (
	refusedQuery = iota
	refusedTable
	refusedOr
	refusedBare
	refusedSet
	refusedTenant
)

type refusedMark struct {
	mark string
	err  error
}

func refuse(number int, code tenancy.Code, message string) refusedMark {
	return refusedMark{mark: mark + strconv.Itoa(number) + ")",
		err: tenancy.Errorf(code, "%s", message)}
}

// withoutMarks answers the error of the first mark in a statement.
func withoutMarks(statement string) (string, error) {
	if !strings.Contains(statement, mark) {
		return statement, nil
	}
	for _, r := range refusals {
		if strings.Contains(statement, r.mark) {
			return "", r.err
		}
	}
	where := " WHERE (" + markNothing + ")"
	if strings.Contains(statement, where+" AND (") || strings.Contains(statement, where+" OR (") {
		return "", tenancy.Errorf(tenancy.CodeInternal, "ON CONFLICT … DO NOTHING takes no Where")
	}
	return strings.ReplaceAll(statement, where, ""), nil
}
