package adopt

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// columnSteps add tenant_id to a table. PostgreSQL stores a constant default for the existing
// rows in the catalog (since version 11): they have the tenant at once, and no row is written.
func (e *Engine) columnSteps(t Table) []step {
	name := t.sql()
	fallback := sqltext.Literal(e.spec.Tenant) + "::uuid"
	return []step{
		{name: "column " + name, phase: adoption.Expand,
			up: func(s *state) []action {
				c := s.now[name].column(tenantColumn)
				switch {
				case c == nil:
					return []action{txAction(accessExcl, name,
						"ALTER TABLE "+name+" ADD COLUMN tenant_id uuid DEFAULT "+fallback)}
				case c.Default == "" && !c.NotNull:
					return []action{txAction(accessExcl, name,
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
					return []action{txAction(accessExcl, name,
						"ALTER TABLE "+name+" DROP COLUMN tenant_id")}
				case was.Default == "" && now.Default != "":
					return []action{txAction(accessExcl, name,
						"ALTER TABLE "+name+" ALTER COLUMN tenant_id DROP DEFAULT")}
				}
				return nil
			}},
		{name: "not null " + name, phase: adoption.Expand, up: func(s *state) []action {
			return e.notNullActions(s, t)
		}, down: func(s *state) []action { return e.nullableActions(s, t) }},
	}
}

// fillTrigger replaces a NULL that the old version writes into its own column tenant_id, until
// the column is NOT NULL.
const fillTrigger = "bailiwick_fill"

// notNullCheck returns the name of the temporary CHECK constraint.
func notNullCheck(r *relation) string { return temporaryName("tenant", r.Name) }

// notNullActions makes the column NOT NULL without a scan under ACCESS EXCLUSIVE: a CHECK
// constraint is validated under a lock that lets others write, and SET NOT NULL then needs no
// scan.
func (e *Engine) notNullActions(s *state, t Table) []action {
	r := s.now[t.sql()]
	name, check := r.sql(), sqltext.Quote(notNullCheck(r))
	if c := r.column(tenantColumn); c != nil && c.NotNull {
		return nil
	}
	var actions []action
	if s.was[name].column(tenantColumn) != nil {
		actions = append(actions, e.backfillActions(s, r)...)
	}
	known := r.check(notNullCheck(r))
	if known == nil {
		actions = append(actions,
			txAction(accessExcl, name, "ALTER TABLE "+name+" ADD CONSTRAINT "+check+
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
		last = append(last, "DROP TRIGGER IF EXISTS "+fillTrigger+" ON "+name)
	}
	return append(actions, txAction(accessExcl, name, last...))
}

// nullableActions undo what notNullActions did, also if they were interrupted.
func (e *Engine) nullableActions(s *state, t Table) []action {
	r, was := s.now[t.sql()], s.was[t.sql()].column(tenantColumn)
	name := r.sql()
	var statements []string
	if r.check(notNullCheck(r)) != nil {
		statements = append(statements, "ALTER TABLE "+name+" DROP CONSTRAINT "+
			sqltext.Quote(notNullCheck(r)))
	}
	if r.trigger(fillTrigger) != nil {
		statements = append(statements, "DROP TRIGGER "+fillTrigger+" ON "+name)
	}
	if c := r.column(tenantColumn); c != nil && c.NotNull && (was == nil || !was.NotNull) {
		statements = append(statements, "ALTER TABLE "+name+" ALTER COLUMN tenant_id DROP NOT NULL")
	}
	return txActions(accessExcl, name, statements)
}
