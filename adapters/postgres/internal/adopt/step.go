package adopt

import "context"

// action is one thing that is done to the database: statements in a transaction
// of their own, a single one outside, or batches.
type action struct {
	sql   []string
	lock  string // the strongest lock that it takes on a table that others use
	on    string // that table
	rows  int64  // about how many it reads or writes
	alone bool   // it can't run in a transaction
	loose bool   // on isn't a table that can be locked beforehand
	work  func(ctx context.Context, e *Engine, tell func(rows int64)) error
}

// step is one change, and its inverse. Both answer what is left to do.
type step struct {
	name     string
	phase    Phase
	up, down func(*state) []action
}

// The locks, as the manual names them (13.3.1).
const (
	noLock          = "none"
	shareUpdateExcl = "SHARE UPDATE EXCLUSIVE"
	shareRowExcl    = "SHARE ROW EXCLUSIVE"
	accessExcl      = "ACCESS EXCLUSIVE"
)

// brief is a transaction that takes its locks, changes the catalog and ends.
func brief(lock, on string, statements ...string) action {
	return action{sql: statements, lock: lock, on: on}
}

// build is an index that is made while others write.
func build(unique bool, name string, r *relation, tail string) []action {
	kind := "INDEX"
	if unique {
		kind = "UNIQUE INDEX"
	}
	var actions []action
	leftover := r.key(name)
	if leftover == nil {
		leftover = r.index(name)
	}
	if leftover != nil { // an earlier attempt was broken off
		actions = append(actions, unbuild(r, name))
	}
	return append(actions, action{
		sql: []string{"CREATE " + kind + " CONCURRENTLY " + quote(name) + " ON " + r.sql() + " " +
			tail}, lock: shareUpdateExcl, on: r.sql(), rows: r.Rows, alone: true,
	})
}

func unbuild(r *relation, name string) action {
	return action{sql: []string{"DROP INDEX CONCURRENTLY " + quote(r.Schema) + "." + quote(name)},
		lock: shareUpdateExcl, on: r.sql(), alone: true}
}

// together makes one action of several that must not be seen apart. There is
// none of nothing.
func together(lock, on string, statements []string) []action {
	if len(statements) == 0 {
		return nil
	}
	return []action{brief(lock, on, statements...)}
}

// steps are all, in order. They depend on what was there before and on nothing
// that changes.
func (e *Engine) steps(s *state) []step {
	all := []step{e.libraryStep(), e.recordStep(), e.functionStep()}
	all = append(all, e.customSteps(Expand)...)
	each := func(make func(Table) []step) {
		for _, t := range e.spec.Tables {
			if s.was[t.sql()] != nil {
				all = append(all, make(t)...)
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
	each(func(t Table) []step { return e.swapSteps(s, t) })
	all = append(all, e.replacedIndexSwaps(s)...)
	all = append(all, e.invokerSteps(s)...)
	all = append(all, e.customSteps(Contract)...)
	return append(all, e.farewellSteps()...)
}

// swapped reports whether a table has left the old version behind.
func swapped(r *relation) bool {
	c := r.column(tenantColumn)
	return c != nil && c.Default == stamped && r.Forced
}

const stamped = "bailiwick.current_tenant()"

// contracted reports whether all tables have.
func (e *Engine) contracted(s *state) bool {
	for _, t := range e.spec.Tables {
		if r := s.now[t.sql()]; r != nil && !swapped(r) {
			return false
		}
	}
	return true
}
