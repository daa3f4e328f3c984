package adopt

import (
	"context"
	"slices"
)

// PlannedStatement is a statement that an adoption would run.
type PlannedStatement struct {
	Phase Phase    `json:"phase"`
	Step  string   `json:"step"`
	SQL   []string `json:"sql"`   // run in one transaction, unless Alone
	Lock  string   `json:"lock"`  // the strongest lock on a table that others use
	On    string   `json:"on"`    // that table
	Rows  int64    `json:"rows"`  // estimated rows read or written; 0: only the catalog
	Alone bool     `json:"alone"` // run outside a transaction
}

// Plan returns the statements left to run, in order, of the phases up to the given one. A
// statement that depends on the result of an earlier one is planned for the current catalog.
func (e *Engine) Plan(ctx context.Context, to Phase) ([]PlannedStatement, error) {
	s, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.checkAdoptable(ctx, s); err != nil {
		return nil, err
	}
	return planned(e.steps(s), s, to == Contract, upActions), nil
}

// PlanDown returns the statements that Down would run now, in order.
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
	return planned(steps, s, true, downActions), nil
}

func planned(
	steps []step, s *state, contract bool, direction func(step) func(*state) []action,
) []PlannedStatement {
	plan := []PlannedStatement{}
	for _, st := range steps {
		if st.phase == Contract && !contract {
			continue
		}
		for _, a := range direction(st)(s) {
			plan = append(plan, PlannedStatement{Phase: st.phase, Step: st.name, SQL: a.sql,
				Lock: a.lock, On: a.on, Rows: a.rows, Alone: a.alone})
		}
	}
	return plan
}
