package adopt

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// newIndexSteps build the declared indexes that the tables don't have.
func (e *Engine) newIndexSteps(s *state) []step {
	var steps []step
	for _, i := range e.spec.Indexes {
		name := sqltext.Qualified(i.Schema, i.Table)
		was := s.was[name]
		if was == nil || was.index(i.Name) != nil {
			continue
		}
		steps = append(steps, step{name: "index " + i.sql(), phase: adoption.Expand,
			up: func(s *state) []action {
				if k := s.now[name].index(i.Name); k != nil && k.Valid {
					return nil
				}
				return buildIndex(false, i.Name, s.now[name], i.Definition)
			},
			down: func(s *state) []action {
				if s.now[name].index(i.Name) == nil {
					return nil
				}
				return []action{dropIndex(s.now[name], i.Name)}
			}})
	}
	return steps
}

// replacedIndexes returns the declared indexes that exist with another definition.
func (e *Engine) replacedIndexes(s *state) []Index {
	var list []Index
	for _, i := range e.spec.Indexes {
		was := s.was[sqltext.Qualified(i.Schema, i.Table)]
		if was == nil {
			continue
		}
		if k := was.index(i.Name); k != nil && !k.hasTenant() {
			list = append(list, i)
		}
	}
	return list
}

// replacedIndexBuilds build the new definition of an index under another name.
func (e *Engine) replacedIndexBuilds(s *state) []step {
	var steps []step
	for _, i := range e.replacedIndexes(s) {
		name, built := sqltext.Qualified(i.Schema, i.Table),
			temporaryName("new", i.Name)
		steps = append(steps, step{name: "index " + i.sql(), phase: adoption.Contract,
			up: func(s *state) []action {
				r := s.now[name]
				if k := r.index(i.Name); k != nil && k.hasTenant() {
					return nil
				}
				if k := r.index(built); k != nil && k.Valid {
					return nil
				}
				return buildIndex(false, built, r,
					inTablespace(i.Definition, s.was[name].index(i.Name).Tablespace))
			},
			down: func(s *state) []action {
				if s.now[name].index(built) == nil {
					return nil
				}
				return []action{dropIndex(s.now[name], built)}
			}})
	}
	return steps
}

// replacedIndexExchanges replace the old index by the one that replacedIndexBuilds built. The
// way back builds the old one again under a third name.
func (e *Engine) replacedIndexExchanges(s *state) []step {
	var steps []step
	for _, i := range e.replacedIndexes(s) {
		name := sqltext.Qualified(i.Schema, i.Table)
		was := s.was[name].index(i.Name)
		built, back := temporaryName("new", i.Name), temporaryName("old", i.Name)
		rename := func(from, to string) string {
			return "ALTER INDEX " + sqltext.Qualified(i.Schema, from) +
				" RENAME TO " + sqltext.Quote(to)
		}
		steps = append(steps, step{name: "exchange index " + i.sql(), phase: adoption.Contract,
			up: func(s *state) []action {
				var statements []string
				k := s.now[name].index(i.Name)
				if k != nil && !k.hasTenant() {
					statements = append(statements, "DROP INDEX "+i.sql())
				}
				if k == nil || !k.hasTenant() {
					statements = append(append(statements, rename(built, i.Name)),
						was.carry(s.now[name], i.Name, 1)...)
				}
				return txActions(accessExcl, name, statements)
			},
			down: func(s *state) []action {
				r := s.now[name]
				k := r.index(i.Name)
				if k != nil && !k.hasTenant() {
					return nil
				}
				var actions []action
				if existing := r.index(back); existing == nil || !existing.Valid {
					actions = buildIndex(false, back, r, was.tail())
				}
				var statements []string
				if k != nil {
					statements = append(statements, rename(i.Name, built))
				}
				statements = append(append(statements, rename(back, i.Name)),
					was.carry(r, i.Name, 0)...)
				return append(actions, txAction(accessExcl, name, statements...))
			}})
	}
	return steps
}
