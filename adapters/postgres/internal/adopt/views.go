package adopt

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// version15 is the first server version with security_invoker views.
const version15 = 150000

// viewSteps give views their new definition, which adds the column tenant_id.
func (e *Engine) viewSteps(s *state) []step {
	var steps []step
	for _, v := range e.spec.Views {
		name := v.sql()
		was := s.oldView[name]
		if was == nil || slices.Contains(was.Columns, tenantColumn) {
			continue
		}
		steps = append(steps, step{name: "view " + name, phase: adoption.Expand,
			up: func(s *state) []action {
				if now := s.views[name]; now != nil && slices.Contains(now.Columns, tenantColumn) {
					return nil
				}
				return []action{viewAction(name, "CREATE OR REPLACE VIEW "+name+
					viewOptions(was.Options)+
					" AS "+v.Definition)}
			},
			down: func(s *state) []action {
				now := s.views[name]
				if now != nil && !slices.Contains(now.Columns, tenantColumn) {
					return nil
				}
				statements := []string{
					"DROP VIEW IF EXISTS " + name,
					"CREATE VIEW " + name + viewOptions(was.Options) + " AS " +
						strings.TrimSuffix(was.Definition, ";"),
					"ALTER VIEW " + name + " OWNER TO " + sqltext.Quote(was.Owner),
				}
				statements = append(append(statements, was.Grants...), was.Extras...)
				return []action{viewAction(name, statements...)}
			}})
	}
	return steps
}

func viewOptions(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return " WITH (" + strings.Join(list, ", ") + ")"
}

// invokerSteps make each view read with the rights of the user who queries it.
func (e *Engine) invokerSteps(s *state) []step {
	if s.version < version15 {
		return nil
	}
	var steps []step
	for _, name := range sortedNames(s.oldView) {
		was := s.oldView[name]
		if was.invoker() {
			continue
		}
		steps = append(steps, step{name: "rights of view " + name, phase: adoption.Contract,
			up: func(s *state) []action {
				if now := s.views[name]; now == nil || now.invoker() {
					return nil
				}
				return []action{viewAction(name,
					"ALTER VIEW "+name+" SET (security_invoker = true)")}
			},
			down: func(s *state) []action {
				if now := s.views[name]; now == nil || !now.invoker() {
					return nil
				}
				return []action{viewAction(name, "ALTER VIEW "+name+" RESET (security_invoker)")}
			}})
	}
	return steps
}

// viewAction is a transaction that changes a view, without a LOCK TABLE.
func viewAction(view string, statements ...string) action {
	a := txAction(accessExcl, view, statements...)
	a.noTableLock = true
	return a
}
