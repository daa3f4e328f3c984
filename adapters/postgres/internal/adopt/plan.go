package adopt

import (
	"context"
	"slices"
)

// PlannedStatement is one that is left to run.
type PlannedStatement struct {
	Phase Phase    `json:"phase"`
	Step  string   `json:"step"`
	SQL   []string `json:"sql"`   // in one transaction, unless Alone
	Lock  string   `json:"lock"`  // the strongest on a table that others use
	On    string   `json:"on"`    // that table
	Rows  int64    `json:"rows"`  // about how many it reads or writes; 0: only the catalog
	Alone bool     `json:"alone"` // not in a transaction
}

// Plan answers what is left to do, in order, of the phases up to this one. What
// depends on the outcome of an earlier statement is planned as it would be now.
func (e *Engine) Plan(ctx context.Context, to Phase) ([]PlannedStatement, error) {
	s, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.check(ctx, s); err != nil {
		return nil, err
	}
	return planned(e.steps(s), s, to == Contract,
		func(st step) func(*state) []action { return st.up }), nil
}

// PlanDown answers what the way back would do now.
func (e *Engine) PlanDown(ctx context.Context, to Phase) ([]PlannedStatement, error) {
	s, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, st := range e.steps(s) {
		if to == Expand || st.phase == Contract {
			steps = append(steps, st)
		}
	}
	slices.Reverse(steps)
	return planned(steps, s, true, func(st step) func(*state) []action { return st.down }), nil
}

func planned(
	steps []step, s *state, contract bool, left func(step) func(*state) []action,
) []PlannedStatement {
	plan := []PlannedStatement{}
	for _, st := range steps {
		if st.phase == Contract && !contract {
			continue
		}
		for _, a := range left(st)(s) {
			plan = append(plan, PlannedStatement{Phase: st.phase, Step: st.name, SQL: a.sql,
				Lock: a.lock, On: a.on, Rows: a.rows, Alone: a.alone})
		}
	}
	return plan
}
