package adopt

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// tenantForeignKey is a foreign key with tenant_id on both sides, with the old one that it
// replaces.
type tenantForeignKey struct {
	old             *foreign // nil: the foreign key to bailiwick.tenants, which replaces none
	name, builtName string
	definition      string
	target          string
}

func (p tenantForeignKey) find(r *relation) *foreign {
	for _, name := range []string{p.name, p.builtName} {
		if f := r.foreign(name); f != nil && f.hasTenant() {
			return f
		}
	}
	return nil
}

// valid reports whether all rows have to satisfy the new foreign key. One that replaces a foreign
// key that is NOT VALID stays so: rows may violate it.
func (p tenantForeignKey) valid() bool { return p.old == nil || p.old.Valid }

func (p tenantForeignKey) findOld(r *relation) *foreign {
	if p.old == nil {
		return nil
	}
	if f := r.foreign(p.old.Name); f != nil && !f.hasTenant() {
		return f
	}
	return nil
}

// foreignActions maps pg_constraint.confupdtype and confdeltype to SQL.
var foreignActions = map[string]string{"a": "", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL",
	"d": "SET DEFAULT"}

// tenantDefinition returns the definition with tenant_id added to both sides. For ON DELETE SET
// NULL or DEFAULT it lists the old columns, since tenant_id would be set too.
func (f *foreign) tenantDefinition() string {
	text := "FOREIGN KEY (tenant_id, " + quoted(f.Columns) + ") REFERENCES " + f.Target +
		" (tenant_id, " + quoted(f.References) + ")"
	if action := foreignActions[f.OnUpdate]; action != "" {
		text += " ON UPDATE " + action
	}
	if action := foreignActions[f.OnDelete]; action != "" {
		text += " ON DELETE " + action
		if f.setsOnDelete() {
			columns := f.SetColumns
			if len(columns) == 0 {
				columns = f.Columns
			}
			text += " (" + quoted(columns) + ")"
		}
	}
	if f.Deferrable {
		text += " DEFERRABLE"
	}
	if f.Deferred {
		text += " INITIALLY DEFERRED"
	}
	return text
}

func (f *foreign) setsOnDelete() bool { return f.OnDelete == "n" || f.OnDelete == "d" }

func (f *foreign) setsOnUpdate() bool { return f.OnUpdate == "n" || f.OnUpdate == "d" }

// tenantForeignKeys returns a table's foreign keys to owned tables, and the one to
// bailiwick.tenants.
func (e *Engine) tenantForeignKeys(s *state, was *relation) []tenantForeignKey {
	all := []tenantForeignKey{{
		name:       defaultName(was.Name, []string{tenantColumn}, "fkey"),
		target:     `"bailiwick"."tenants"`,
		definition: "FOREIGN KEY (tenant_id) REFERENCES bailiwick.tenants (id)",
	}}
	for i := range was.Foreign {
		f := &was.Foreign[i]
		if e.owned(f.Target) && !f.hasTenant() && !f.Inherited {
			all = append(all, tenantForeignKey{
				old: f, name: successorName(was.Name, f.Name, f.Columns, "fkey"),
				target: f.Target, definition: f.tenantDefinition()})
		}
	}
	for i := range all {
		all[i].builtName = all[i].name
		if was.foreign(all[i].name) != nil {
			all[i].builtName = temporaryName("new", all[i].name)
		}
	}
	return all
}

func (e *Engine) owned(table string) bool {
	for _, t := range e.spec.Tables {
		if t.sql() == table {
			return true
		}
	}
	return false
}

// addForeign adds a foreign key NOT VALID, which checks new rows only, and then validates it. A
// partitioned table can't have an unvalidated one: the partitions get theirs first, and the
// table's then adopts them. The statements after run in the transaction that adds the last one.
func (s *state) addForeign(
	r *relation, name, definition, target string, validate bool, after ...string,
) []action {
	var actions []action
	if r.Kind == "p" {
		for _, piece := range s.partitions(s.now, r.sql()) {
			if s.sameForeign(piece, definition) {
				continue
			}
			actions = append(actions,
				s.addForeign(piece, temporaryName("part", name), definition, target, true)...)
		}
		return append(actions, txAction(shareRowExcl, r.sql()+", "+target, append([]string{
			"ALTER TABLE " + r.sql() + " ADD CONSTRAINT " + sqltext.Quote(name) + " " + definition},
			after...)...))
	}
	existing := r.foreign(name)
	if existing == nil {
		actions = append(actions,
			txAction(shareRowExcl, r.sql()+", "+target, append([]string{"ALTER TABLE " + r.sql() +
				" ADD CONSTRAINT " + sqltext.Quote(name) + " " + definition + " NOT VALID"},
				after...)...))
	}
	if validate && (existing == nil || !existing.Valid) {
		actions = append(actions,
			action{sql: []string{"ALTER TABLE " + r.sql() + " VALIDATE CONSTRAINT " +
				sqltext.Quote(name)},
				lock: shareUpdateExcl, on: r.sql(), rows: r.Rows})
	}
	return actions
}

// sameForeign reports whether a partition has the foreign key already, and it is valid.
func (s *state) sameForeign(piece *relation, definition string) bool {
	for _, f := range piece.Foreign {
		if f.Valid && f.hasTenant() == strings.Contains(definition, "(tenant_id") &&
			strings.HasPrefix(definition, "FOREIGN KEY ("+f.columnList()+")") {
			return true
		}
	}
	return false
}

// columnList returns the columns as tenantDefinition writes them, with tenant_id unquoted.
func (f *foreign) columnList() string {
	names := quoted(f.Columns)
	return strings.Replace(names, sqltext.Quote(tenantColumn), tenantColumn, 1)
}

// foreignSteps add the new foreign keys of a table.
func (e *Engine) foreignSteps(s *state, t Table) []step {
	name := t.sql()
	var steps []step
	for _, p := range e.tenantForeignKeys(s, s.was[name]) {
		steps = append(steps, step{name: "foreign key " + name + " (" + p.name + ")",
			phase: adoption.Expand,
			up: func(s *state) []action {
				f, builtName := p.find(s.now[name]), p.builtName
				if f != nil && (f.Valid || !p.valid()) {
					return nil
				}
				if f != nil {
					builtName = f.Name
				}
				return s.addForeign(s.now[name], builtName, p.definition, p.target, p.valid())
			},
			down: func(s *state) []action { return p.drop(s, name) }})
	}
	return steps
}

// drop drops the foreign key, also if only some partitions have it.
func (p tenantForeignKey) drop(s *state, table string) []action {
	if f := p.find(s.now[table]); f != nil {
		return []action{txAction(accessExcl, table+", "+p.target,
			"ALTER TABLE "+table+" DROP CONSTRAINT "+sqltext.Quote(f.Name))}
	}
	var actions []action
	for _, piece := range s.partitions(s.now, table) {
		if f := piece.foreign(temporaryName("part", p.builtName)); f != nil {
			actions = append(actions, txAction(accessExcl, piece.sql()+", "+p.target,
				"ALTER TABLE "+piece.sql()+" DROP CONSTRAINT "+sqltext.Quote(f.Name)))
		}
	}
	return actions
}

// oldForeignSteps drop the old foreign keys, which the new ones replace.
func (e *Engine) oldForeignSteps(s *state, t Table) []step {
	name := t.sql()
	var steps []step
	for _, p := range e.tenantForeignKeys(s, s.was[name]) {
		if p.old == nil {
			continue
		}
		steps = append(steps, step{name: "old foreign key " + name + " (" + p.old.Name + ")",
			phase: adoption.Contract,
			up: func(s *state) []action {
				var statements []string
				r := s.now[name]
				if p.findOld(r) != nil {
					statements = append(statements, "ALTER TABLE "+name+" DROP CONSTRAINT "+
						sqltext.Quote(p.old.Name))
				}
				if f := p.find(r); f != nil && f.Name != p.name {
					statements = append(statements, "ALTER TABLE "+name+" RENAME CONSTRAINT "+
						sqltext.Quote(f.Name)+" TO "+sqltext.Quote(p.name))
				}
				if len(statements) > 0 {
					statements = append(statements, p.old.commentOn(name, p.name)...)
				}
				return txActions(accessExcl, name+", "+p.target, statements)
			},
			down: func(s *state) []action {
				r := s.now[name]
				if f := p.findOld(r); f != nil && (f.Valid || !p.old.Valid) {
					return nil
				}
				var actions []action
				if f := p.find(r); f != nil && f.Name == p.old.Name {
					actions = append(actions,
						txAction(accessExcl, name, "ALTER TABLE "+name+" RENAME CONSTRAINT "+
							sqltext.Quote(f.Name)+" TO "+sqltext.Quote(p.builtName)))
					r = &relation{Schema: r.Schema, Name: r.Name, Kind: r.Kind, Rows: r.Rows}
				}
				definition := strings.TrimSuffix(p.old.Definition, " NOT VALID")
				return append(actions, s.addForeign(r, p.old.Name, definition, p.target,
					p.old.Valid, p.old.commentOn(name, p.old.Name)...)...)
			}})
	}
	return steps
}
