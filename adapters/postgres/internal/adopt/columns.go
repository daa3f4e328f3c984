package adopt

// columnSteps give a table its tenant_id. A constant default is kept in the
// catalog for the rows that are there already (PostgreSQL 11): they have the
// tenant from that moment on, and not one of them is written.
func (e *Engine) columnSteps(t Table) []step {
	name := t.sql()
	fallback := literal(e.spec.Tenant) + "::uuid"
	return []step{
		{name: "column " + name, phase: Expand,
			up: func(s *state) []action {
				c := s.now[name].column(tenantColumn)
				switch {
				case c == nil:
					return []action{brief(accessExcl, name,
						"ALTER TABLE "+name+" ADD COLUMN tenant_id uuid DEFAULT "+fallback)}
				case c.Default == "" && !c.NotNull:
					return []action{brief(accessExcl, name,
						"ALTER TABLE "+name+" ALTER COLUMN tenant_id SET DEFAULT "+fallback)}
				}
				return nil
			},
			down: func(s *state) []action {
				was, now := s.was[name].column(tenantColumn), s.now[name].column(tenantColumn)
				switch {
				case now == nil:
					return nil
				case was == nil:
					return []action{brief(accessExcl, name,
						"ALTER TABLE "+name+" DROP COLUMN tenant_id")}
				case was.Default == "" && now.Default != "":
					return []action{brief(accessExcl, name,
						"ALTER TABLE "+name+" ALTER COLUMN tenant_id DROP DEFAULT")}
				}
				return nil
			}},
		{name: "not null " + name, phase: Expand, up: func(s *state) []action {
			return e.fill(s, t)
		}, down: func(s *state) []action { return e.unfill(s, t) }},
	}
}

// filler keeps an old version from writing NULL into a column that it had
// itself, while the backfill is on its way.
const filler = "bailiwick_fill"

func notNullCheck(r *relation) string { return interim("tenant", r.Name) }

// fill makes the column NOT NULL without a scan under a lock that anybody would
// feel: the scan is that of a CHECK, under one that lets others write.
func (e *Engine) fill(s *state, t Table) []action {
	r := s.now[t.sql()]
	name, check := r.sql(), quote(notNullCheck(r))
	if c := r.column(tenantColumn); c != nil && c.NotNull {
		return nil
	}
	var actions []action
	if s.was[name].column(tenantColumn) != nil {
		actions = append(actions, e.backfill(s, r)...)
	}
	known := r.check(notNullCheck(r))
	if known == nil {
		actions = append(actions,
			brief(accessExcl, name, "ALTER TABLE "+name+" ADD CONSTRAINT "+check+
				" CHECK (tenant_id IS NOT NULL) NOT VALID"))
	}
	if known == nil || !known.Valid {
		actions = append(actions,
			action{sql: []string{"ALTER TABLE " + name + " VALIDATE CONSTRAINT " + check},
				lock: shareUpdateExcl, on: name, rows: r.Rows})
	}
	last := []string{"ALTER TABLE " + name + " ALTER COLUMN tenant_id SET NOT NULL",
		"ALTER TABLE " + name + " DROP CONSTRAINT " + check}
	if s.was[name].column(tenantColumn) != nil {
		last = append(last, "DROP TRIGGER IF EXISTS "+filler+" ON "+name)
	}
	return append(actions, brief(accessExcl, name, last...))
}

func (e *Engine) unfill(s *state, t Table) []action {
	r, was := s.now[t.sql()], s.was[t.sql()].column(tenantColumn)
	name := r.sql()
	var statements []string
	if r.check(notNullCheck(r)) != nil {
		statements = append(statements, "ALTER TABLE "+name+" DROP CONSTRAINT "+
			quote(notNullCheck(r)))
	}
	if r.trigger(filler) != nil {
		statements = append(statements, "DROP TRIGGER "+filler+" ON "+name)
	}
	if c := r.column(tenantColumn); c != nil && c.NotNull && (was == nil || !was.NotNull) {
		statements = append(statements, "ALTER TABLE "+name+" ALTER COLUMN tenant_id DROP NOT NULL")
	}
	return together(accessExcl, name, statements)
}
