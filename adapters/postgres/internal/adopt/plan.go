package adopt

import (
	"context"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

// Plan returns the statements left to run, in order, of the phases up to the given one. A
// statement that depends on the result of an earlier one is planned for the current catalog.
func (e *Engine) Plan(ctx context.Context, to adoption.Phase) ([]adoption.PlannedStatement, error) {
	s, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.checkAdoptable(ctx, s); err != nil {
		return nil, err
	}
	return planned(e.steps(s), s, to == adoption.Contract, upActions), nil
}

// PlanDown returns the statements that Down would run now, in order.
func (e *Engine) PlanDown(ctx context.Context, to adoption.Phase) ([]adoption.PlannedStatement, error) {
	s, err := e.read(ctx)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, st := range e.steps(s) {
		if to == adoption.Expand || st.phase == adoption.Contract {
			steps = append(steps, st)
		}
	}
	slices.Reverse(steps)
	return planned(steps, s, true, downActions), nil
}

func planned(
	steps []step, s *state, contract bool, direction func(step) func(*state) []action,
) []adoption.PlannedStatement {
	plan := []adoption.PlannedStatement{}
	for _, st := range steps {
		if st.phase == adoption.Contract && !contract {
			continue
		}
		for _, a := range direction(st)(s) {
			plan = append(plan, adoption.PlannedStatement{Phase: st.phase, Step: st.name, SQL: a.sql,
				Lock: a.lock, On: a.on, Rows: a.rows, Alone: a.alone})
		}
	}
	return plan
}
