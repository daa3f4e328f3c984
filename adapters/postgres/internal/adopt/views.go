package adopt

import (
	"slices"
	"strings"
)

// since15 is the first server whose views can read with their reader's rights.
const since15 = 150000

// viewSteps give views their new definition, which has a column tenant_id more.
func (e *Engine) viewSteps(s *state) []step {
	var steps []step
	for _, v := range e.spec.Views {
		name := v.sql()
		was := s.oldView[name]
		if was == nil || slices.Contains(was.Columns, tenantColumn) {
			continue
		}
		steps = append(steps, step{name: "view " + name, phase: Expand,
			up: func(s *state) []action {
				if now := s.views[name]; now != nil && slices.Contains(now.Columns, tenantColumn) {
					return nil
				}
				return []action{loose(name, "CREATE OR REPLACE VIEW "+name+options(was.Options)+
					" AS "+v.Definition)}
			},
			down: func(s *state) []action {
				now := s.views[name]
				if now != nil && !slices.Contains(now.Columns, tenantColumn) {
					return nil
				}
				statements := []string{
					"DROP VIEW IF EXISTS " + name,
					"CREATE VIEW " + name + options(was.Options) + " AS " +
						strings.TrimSuffix(was.Definition, ";"),
					"ALTER VIEW " + name + " OWNER TO " + quote(was.Owner),
				}
				return []action{loose(name, append(statements, was.Grants...)...)}
			}})
	}
	return steps
}

func options(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " WITH (" + strings.Join(list, ", ") + ")"
}

// invokerSteps let each view read with its reader's rights.
func (e *Engine) invokerSteps(s *state) []step {
	if s.version < since15 {
		return nil
	}
	var steps []step
	for _, name := range sortedNames(s.oldView) {
		was := s.oldView[name]
		if was.invoker() {
			continue
		}
		steps = append(steps, step{name: "rights of view " + name, phase: Contract,
			up: func(s *state) []action {
				if now := s.views[name]; now == nil || now.invoker() {
					return nil
				}
				return []action{loose(name, "ALTER VIEW "+name+" SET (security_invoker = true)")}
			},
			down: func(s *state) []action {
				if now := s.views[name]; now == nil || !now.invoker() {
					return nil
				}
				return []action{loose(name, "ALTER VIEW "+name+" RESET (security_invoker)")}
			}})
	}
	return steps
}

// loose is a brief action on a view, whose tables need no lock.
func loose(view string, statements ...string) action {
	a := brief(accessExcl, view, statements...)
	a.loose = true
	return a
}
