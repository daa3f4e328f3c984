package adopt

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// The triggers and the policy of an adopted table.
const (
	touchTrigger      = "bailiwick_touch"
	untenantedTrigger = "bailiwick_stray"
	tenantPolicy      = "bailiwick_tenant"
)

// functionStep creates the functions of the adoption's triggers. They are dropped when no old
// version is left.
func (e *Engine) functionStep() step {
	functions := e.functions()
	return step{name: "functions", phase: adoption.Expand,
		up: func(s *state) []action {
			if e.allContracted(s) {
				return nil
			}
			var statements []string
			for _, f := range functions {
				if !contains(s.info.Functions, f.name) {
					statements = append(statements, f.create, "REVOKE ALL ON FUNCTION bailiwick."+
						f.name+"() FROM PUBLIC")
				}
			}
			return txActions(noLock, "", statements)
		},
		down: func(s *state) []action { return e.dropFunctions(s) }}
}

func (e *Engine) dropFunctions(s *state) []action {
	var statements []string
	for _, f := range e.functions() {
		if contains(s.info.Functions, f.name) {
			statements = append(statements, "DROP FUNCTION bailiwick."+f.name+"()")
		}
	}
	return txActions(noLock, "", statements)
}

// triggerSteps create the triggers that count versions, that record writes in the audit log, and
// that record sessions which write without a tenant.
func (e *Engine) triggerSteps(t Table) []step {
	name := t.sql()
	return []step{
		e.auditStep(t),
		{name: "versions " + name, phase: adoption.Expand,
			up: func(s *state) []action {
				if !t.Versioned {
					return nil
				}
				var statements []string
				for _, old := range t.Replaced {
					if s.now[name].trigger(old) != nil {
						statements = append(statements, "DROP TRIGGER "+sqltext.Quote(old)+" ON "+
							name)
					}
				}
				if s.now[name].trigger(touchTrigger) == nil {
					statements = append(statements, "CREATE TRIGGER "+touchTrigger+
						" BEFORE UPDATE ON "+
						name+" FOR EACH ROW EXECUTE FUNCTION bailiwick.touch()")
				}
				return txActions(accessExcl, name, statements)
			},
			down: func(s *state) []action {
				var statements []string
				if s.now[name].trigger(touchTrigger) != nil {
					statements = append(statements, "DROP TRIGGER "+touchTrigger+" ON "+name)
				}
				for _, old := range t.Replaced {
					if was := s.was[name].trigger(old); was != nil &&
						s.now[name].trigger(old) == nil {
						statements = append(statements, was.Definition)
						statements = append(statements, was.enableStatements(name)...)
					}
				}
				return txActions(accessExcl, name, statements)
			}},
		{name: "untenanted writes " + name, phase: adoption.Expand,
			up: func(s *state) []action {
				if isContracted(s.now[name]) || s.now[name].trigger(untenantedTrigger) != nil {
					return nil
				}
				return []action{txAction(shareRowExcl, name,
					"CREATE TRIGGER "+untenantedTrigger+" AFTER INSERT OR UPDATE OR DELETE ON "+
						name+
						" FOR EACH STATEMENT WHEN (coalesce(current_setting('bailiwick.tenant',"+
						" true), '') = '') EXECUTE FUNCTION bailiwick.adoption_stray()")}
			},
			down: func(s *state) []action {
				if s.now[name].trigger(untenantedTrigger) == nil {
					return nil
				}
				return []action{txAction(accessExcl, name, "DROP TRIGGER "+untenantedTrigger+" ON "+
					name)}
			}},
	}
}

// auditStep creates the triggers that record writes in the audit log. An old version's writes,
// which have no tenant, leave no entry.
func (e *Engine) auditStep(t Table) step {
	name := t.sql()
	return step{name: "audit " + name, phase: adoption.Expand,
		up: func(s *state) []action {
			var statements []string
			for _, trigger := range t.Audit {
				if s.now[name].trigger(trigger.Name) == nil {
					statements = append(statements, trigger.Create)
				}
			}
			return txActions(shareRowExcl, name, statements)
		},
		down: func(s *state) []action {
			var statements []string
			for _, trigger := range t.Audit {
				if s.now[name].trigger(trigger.Name) != nil {
					statements = append(statements, "DROP TRIGGER "+trigger.Name+" ON "+name)
				}
			}
			return txActions(accessExcl, name, statements)
		}}
}

// enableStatements returns the statement that restores when a trigger fires, if it isn't the
// default.
func (t *trigger) enableStatements(table string) []string {
	mode := map[string]string{"D": "DISABLE", "R": "ENABLE REPLICA",
		"A": "ENABLE ALWAYS"}[t.Enabled]
	if mode == "" {
		return nil
	}
	return []string{"ALTER TABLE " + table + " " + mode + " TRIGGER " + sqltext.Quote(t.Name)}
}

// policySteps create the row-security policies. Row security itself is turned on in the
// contraction: before, it would hide every row from an old version that isn't the tables'
// owner.
func (e *Engine) policySteps(t Table) []step {
	name := t.sql()
	return []step{{name: "policy " + name, phase: adoption.Expand,
		up: func(s *state) []action {
			var statements []string
			for _, r := range append([]*relation{s.now[name]}, s.partitions(s.now, name)...) {
				if !r.policy(tenantPolicy) {
					statements = append(statements, "CREATE POLICY "+tenantPolicy+" ON "+r.sql()+
						" USING ("+e.spec.Condition+") WITH CHECK ("+e.spec.Condition+")")
				}
			}
			return txActions(accessExcl, name, statements)
		},
		down: func(s *state) []action {
			var statements []string
			for _, r := range append([]*relation{s.now[name]}, s.partitions(s.now, name)...) {
				if r.policy(tenantPolicy) {
					statements = append(statements, "DROP POLICY "+tenantPolicy+" ON "+r.sql())
				}
			}
			return txActions(accessExcl, name, statements)
		}}}
}

func contains(all []string, one string) bool { return slices.Contains(all, one) }
