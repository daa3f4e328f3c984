package adopt

import "slices"

// The names of what stands on an adopted table.
const (
	touch  = "bailiwick_touch"
	stray  = "bailiwick_stray"
	policy = "bailiwick_tenant"
)

// functionStep makes what the triggers of the adoption run. It is gone when the
// old version is.
func (e *Engine) functionStep() step {
	functions := e.functions()
	return step{name: "functions", phase: Expand,
		up: func(s *state) []action {
			if e.contracted(s) {
				return nil
			}
			var statements []string
			for _, f := range functions {
				if !contains(s.base.Functions, f.name) {
					statements = append(statements, f.create, "REVOKE ALL ON FUNCTION bailiwick."+
						f.name+"() FROM PUBLIC")
				}
			}
			return together(noLock, "", statements)
		},
		down: func(s *state) []action { return e.dropFunctions(s) }}
}

func (e *Engine) dropFunctions(s *state) []action {
	var statements []string
	for _, f := range e.functions() {
		if contains(s.base.Functions, f.name) {
			statements = append(statements, "DROP FUNCTION bailiwick."+f.name+"()")
		}
	}
	return together(noLock, "", statements)
}

// triggerSteps count versions, and note who writes without a tenant.
func (e *Engine) triggerSteps(t Table) []step {
	name := t.sql()
	return []step{
		{name: "versions " + name, phase: Expand,
			up: func(s *state) []action {
				if !t.Versioned {
					return nil
				}
				var statements []string
				for _, old := range t.Replaced {
					if s.now[name].trigger(old) != nil {
						statements = append(statements, "DROP TRIGGER "+quote(old)+" ON "+name)
					}
				}
				if s.now[name].trigger(touch) == nil {
					statements = append(statements, "CREATE TRIGGER "+touch+" BEFORE UPDATE ON "+
						name+" FOR EACH ROW EXECUTE FUNCTION bailiwick.touch()")
				}
				return together(accessExcl, name, statements)
			},
			down: func(s *state) []action {
				var statements []string
				if s.now[name].trigger(touch) != nil {
					statements = append(statements, "DROP TRIGGER "+touch+" ON "+name)
				}
				for _, old := range t.Replaced {
					if was := s.was[name].trigger(old); was != nil &&
						s.now[name].trigger(old) == nil {
						statements = append(statements, was.Definition)
						statements = append(statements, was.state(name)...)
					}
				}
				return together(accessExcl, name, statements)
			}},
		{name: "strays " + name, phase: Expand,
			up: func(s *state) []action {
				if swapped(s.now[name]) || s.now[name].trigger(stray) != nil {
					return nil
				}
				return []action{brief(shareRowExcl, name,
					"CREATE TRIGGER "+stray+" AFTER INSERT OR UPDATE OR DELETE ON "+name+
						" FOR EACH STATEMENT WHEN (coalesce(current_setting('bailiwick.tenant',"+
						" true), '') = '') EXECUTE FUNCTION bailiwick.adoption_stray()")}
			},
			down: func(s *state) []action {
				if s.now[name].trigger(stray) == nil {
					return nil
				}
				return []action{brief(accessExcl, name, "DROP TRIGGER "+stray+" ON "+name)}
			}},
	}
}

// state says again when a trigger is asked.
func (t *trigger) state(table string) []string {
	word := map[string]string{"D": "DISABLE", "R": "ENABLE REPLICA",
		"A": "ENABLE ALWAYS"}[t.Enabled]
	if word == "" {
		return nil
	}
	return []string{"ALTER TABLE " + table + " " + word + " TRIGGER " + quote(t.Name)}
}

// policySteps say who sees what, once row security is on, which comes with the
// contract: on, it would hide every row from an old version that isn't the
// tables' owner.
func (e *Engine) policySteps(t Table) []step {
	name := t.sql()
	return []step{{name: "policy " + name, phase: Expand,
		up: func(s *state) []action {
			var statements []string
			for _, r := range append([]*relation{s.now[name]}, s.partitions(s.now, name)...) {
				if !r.policy(policy) {
					statements = append(statements, "CREATE POLICY "+policy+" ON "+r.sql()+
						" USING ("+e.spec.Condition+") WITH CHECK ("+e.spec.Condition+")")
				}
			}
			return together(accessExcl, name, statements)
		},
		down: func(s *state) []action {
			var statements []string
			for _, r := range append([]*relation{s.now[name]}, s.partitions(s.now, name)...) {
				if r.policy(policy) {
					statements = append(statements, "DROP POLICY "+policy+" ON "+r.sql())
				}
			}
			return together(accessExcl, name, statements)
		}}}
}

func contains(all []string, one string) bool { return slices.Contains(all, one) }
