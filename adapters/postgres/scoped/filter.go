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

// filter is the first condition of every scoped statement. It writes the tenant's condition
// for the tables of the query that is being rendered. That is the handle's query, a clone of
// it, or the UPDATE that bun makes of a soft DELETE.
//
// It isn't a struct, because bun would treat a struct as a model.
type filter func(schema.QueryGen, []byte) ([]byte, error)

func (f filter) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) { return f(gen, b) }

func (s *Handle) filter(gen schema.QueryGen, b []byte) ([]byte, error) {
	q, ok := rendered(gen)
	switch {
	case !ok:
		return append(b, refusals[refusedQuery].mark...), nil
	case isForeign(gen, s.tenant):
		return append(b, refusals[refusedHandle].mark...), nil
	case q.value.Type() == insertType && doesNothing(b):
		return append(b, markNothing...), nil
	case q.hasOr():
		return append(b, refusals[refusedOr].mark...), nil
	case q.hasNoCondition():
		return append(b, refusals[refusedNoCondition].mark...), nil
	}
	tables, refusal := q.tenantTables(gen, s.factory.declared)
	switch {
	case q.setsTenant(tables):
		return append(b, refusals[refusedSet].mark...), nil
	case refusal != 0:
		return append(b, refusals[refusal].mark...), nil
	}
	if len(tables) == 0 { // it reads shared tables, and tables of other scoped queries
		return append(b, markConfined+"TRUE"...), nil
	}
	b = append(b, markConfined...)
	for i, table := range tables {
		if i > 0 {
			b = append(b, " AND "...)
		}
		b = append(b, table.alias...)
		b = append(b, '.')
		b = append(b, table.sql...)
		b = append(b, " = '"...)
		b = append(b, s.tenant.String()...)
		b = append(b, '\'')
	}
	return b, nil
}

// isForeign reports whether the statement that is being rendered belongs to the handle of
// another tenant than this part of it.
func isForeign(gen schema.QueryGen, tenant tenancy.ID) bool {
	const placeholder = "?" + tenantArg
	outer := string(gen.AppendQuery(nil, placeholder))
	return outer != placeholder && outer != "'"+tenant.String()+"'"
}

// doesNothing reports whether b ends with a WHERE after ON CONFLICT … DO NOTHING, where SQL
// allows no WHERE.
func doesNothing(b []byte) bool {
	before, ok := bytes.CutSuffix(b, []byte(" WHERE ("))
	return ok && bytes.HasSuffix(bytes.ToUpper(bytes.TrimSpace(before)), []byte("DO NOTHING"))
}

// beforeWhere is a JOIN that writes nothing, and calls the function when the query has a
// WhereOr. bun renders joins directly before the conditions, so this is the last moment to
// put the conditions in brackets.
type beforeWhere func(query)

func (f beforeWhere) AppendQuery(gen schema.QueryGen, b []byte) ([]byte, error) {
	if q, ok := rendered(gen); ok && q.hasOr() {
		f(q)
	}
	return b, nil
}

// whereQuery is a bun query that can have conditions.
type whereQuery[Q any] interface {
	Where(condition string, args ...any) Q
	WhereGroup(separator string, fn func(Q) Q) Q
}

// group puts the conditions of q in brackets, after the tenant's condition. It relies on
// bun's WhereGroup: that takes all conditions of the query that fn returns as the group, and
// gives this query the conditions of outer before the group.
func group[Q whereQuery[Q]](outer, q Q, f filter) {
	outer.Where("?", f).WhereGroup(" AND ", func(Q) Q { return q })
}

// regroup renders a DELETE a second time with its conditions in brackets, if it has a
// WhereOr. A DELETE has no joins that could add the brackets earlier, and a soft DELETE
// becomes another query. A DELETE within another statement isn't rendered here; it is
// refused because of its mark.
func (s *Handle) regroup(q *bun.DeleteQuery, statement string) (string, error) {
	if !strings.Contains(statement, refusals[refusedOr].mark) {
		return statement, nil
	}
	grouped := *q
	group(bun.NewDeleteQuery(s.db), &grouped, s.filter)
	b, err := grouped.AppendQuery(s.db.QueryGen(), nil)
	return string(b), err
}

// When an argument returns an error, bun doesn't return it: it writes the error's text into
// the statement. So a refusal writes a mark instead. A mark is random, so that no value
// equals it, and PostgreSQL can't parse it. The guard finds the mark in the statement and
// returns its error.
//
// The mark of a confined query goes before the tenant's condition, for [prove]. It is a
// comment, so that a handle's query can also be an argument of another bun.DB's query.
var (
	mark         = "?!(bailiwick " + rand.Text() + " "
	markNothing  = mark + "nothing)"
	markConfined = "/*bailiwick " + rand.Text() + "*/"
	refusals     = []refusal{
		refusedQuery: refuse(refusedQuery, tenancy.CodeInternal,
			"a scoped query is used where its tables are unknown"),
		refusedTable: refuse(refusedTable, tenancy.CodeInternal,
			"the handle can't determine which table to filter: give the query a model, Table,"+
				" TableExpr with a plain name or TableExpr(\"(?) AS q\", query), or use Join or"+
				" NewRaw"),
		refusedOr: refuse(refusedOr, tenancy.CodeInternal,
			"WhereOr isn't supported here (a clone, an upsert, a DELETE within another"+
				" statement), because it can't be put in brackets after the tenant's"+
				" condition: use one Where or WhereGroup"),
		refusedNoCondition: refuse(refusedNoCondition, tenancy.CodeInternal,
			"an UPDATE or DELETE of all the tenant's rows needs a condition: Where(\"TRUE\")"),
		refusedSet: refuse(refusedSet, tenancy.CodeTenantMismatch,
			"the column with the tenant's id (tenant_id) can't be set: a row stays with its tenant"),
		refusedTenant: refuse(refusedTenant, tenancy.CodeTenantMismatch,
			"a row names another tenant than the handle"),
		refusedHandle: refuse(refusedHandle, tenancy.CodeTenantMismatch,
			"a part of the statement belongs to the handle of another tenant"),
		refusedShared: refuse(refusedShared, tenancy.CodeForbidden,
			"a table of Options.Shared can't be written: every tenant reads its rows, so only the"+
				" host's own connection or a migration changes them"),
	}
)

// The indexes of refusals.
const (
	refusedQuery = iota
	refusedTable
	refusedOr
	refusedNoCondition
	refusedSet
	refusedTenant
	refusedHandle
	refusedShared
)

// refusal is a mark and the error that it is replaced by.
type refusal struct {
	mark string
	err  error
}

func refuse(number int, code tenancy.Code, message string) refusal {
	return refusal{mark: mark + strconv.Itoa(number) + ")",
		err: tenancy.Errorf(code, "%s", message)}
}

// withoutMarks returns the error of a mark in the statement. A statement without an error is
// returned without the marks of DO NOTHING.
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
