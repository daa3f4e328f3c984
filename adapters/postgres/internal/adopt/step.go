package adopt

import (
	"context"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// action is one change of the database: statements in one transaction, a single statement
// outside a transaction, or batches.
type action struct {
	sql         []string
	lock        string // the strongest lock on a table that others use
	on          string // that table
	rows        int64  // estimated rows read or written
	alone       bool   // it must run outside a transaction
	noTableLock bool   // on isn't a table that LOCK TABLE accepts
	work        func(ctx context.Context, e *Engine, report func(rows int64)) error
}

// step is one change and its inverse. Both return what is left to do.
type step struct {
	name     string
	phase    adoption.Phase
	up, down func(*state) []action
}

// The table-level locks, with their names in the PostgreSQL manual (13.3.1).
const (
	noLock          = "none"
	shareUpdateExcl = "SHARE UPDATE EXCLUSIVE"
	shareRowExcl    = "SHARE ROW EXCLUSIVE"
	accessExcl      = "ACCESS EXCLUSIVE"
)

// txAction runs statements in one short transaction: take the locks, change the catalog, end.
func txAction(lock, on string, statements ...string) action {
	return action{sql: statements, lock: lock, on: on}
}

// buildIndex builds an index while others write. It drops an invalid index of that name first.
func buildIndex(unique bool, name string, r *relation, tail string) []action {
	kind := "INDEX"
	if unique {
		kind = "UNIQUE INDEX"
	}
	var actions []action
	leftover := r.key(name)
	if leftover == nil {
		leftover = r.index(name)
	}
	if leftover != nil { // of an interrupted attempt
		actions = append(actions, dropIndex(r, name))
	}
	return append(actions, action{
		sql: []string{"CREATE " + kind + " CONCURRENTLY " + sqltext.Quote(name) + " ON " + r.sql() +
			" " +
			tail}, lock: shareUpdateExcl, on: r.sql(), rows: r.Rows, alone: true,
	})
}

func dropIndex(r *relation, name string) action {
	return action{sql: []string{"DROP INDEX CONCURRENTLY " + sqltext.Qualified(r.Schema, name)},
		lock: shareUpdateExcl, on: r.sql(), alone: true}
}

// txActions runs several statements in one transaction. It returns no action without
// statements.
func txActions(lock, on string, statements []string) []action {
	if len(statements) == 0 {
		return nil
	}
	return []action{txAction(lock, on, statements...)}
}

// steps returns all steps in order. They depend only on the original schema, which doesn't
// change during the adoption.
func (e *Engine) steps(s *state) []step {
	all := []step{e.libraryStep(), e.recordStep(), e.functionStep()}
	all = append(all, e.customSteps(adoption.Expand)...)
	each := func(tableSteps func(Table) []step) {
		for _, t := range e.spec.Tables {
			if s.was[t.sql()] != nil {
				all = append(all, tableSteps(t)...)
			}
		}
	}
	each(e.columnSteps)
	each(func(t Table) []step { return e.earlyKeySteps(s, t) })
	each(func(t Table) []step { return e.foreignSteps(s, t) })
	all = append(all, e.newIndexSteps(s)...)
	each(e.triggerSteps)
	each(e.policySteps)
	all = append(all, e.viewSteps(s)...)
	all = append(all, e.userSteps()...)

	each(func(t Table) []step { return e.lateKeySteps(s, t) })
	all = append(all, e.replacedIndexBuilds(s)...)
	each(func(t Table) []step { return e.oldForeignSteps(s, t) })
	each(func(t Table) []step { return e.exchangeSteps(s, t) })
	all = append(all, e.replacedIndexExchanges(s)...)
	all = append(all, e.invokerSteps(s)...)
	all = append(all, e.customSteps(adoption.Contract)...)
	return append(all, e.cleanupSteps()...)
}

// isContracted reports whether the keys and row security of a table have been exchanged: the
// old version can't use it any more.
func isContracted(r *relation) bool {
	c := r.column(tenantColumn)
	return c != nil && c.Default == tenantDefault && r.Forced
}

const tenantDefault = "bailiwick.current_tenant()"

// allContracted reports whether all tables are contracted.
func (e *Engine) allContracted(s *state) bool {
	for _, t := range e.spec.Tables {
		if r := s.now[t.sql()]; r != nil && !isContracted(r) {
			return false
		}
	}
	return true
}
