package adopt

import "strings"

// pairing is a foreign key with tenant_id on both sides, beside the one that it
// takes the place of.
type pairing struct {
	old         *foreign // nil: the one to the tenants
	name, built string
	definition  string
	target      string
}

func (p pairing) in(r *relation) *foreign {
	for _, name := range []string{p.name, p.built} {
		if f := r.foreign(name); f != nil && f.hasTenant() {
			return f
		}
	}
	return nil
}

func (p pairing) oldIn(r *relation) *foreign {
	if p.old == nil {
		return nil
	}
	if f := r.foreign(p.old.Name); f != nil && !f.hasTenant() {
		return f
	}
	return nil
}

var foreignActions = map[string]string{"a": "", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL",
	"d": "SET DEFAULT"}

// paired is the definition with tenant_id in front on both sides. What a
// deletion sets to NULL is named, or tenant_id would be.
func (f *foreign) paired() string {
	text := "FOREIGN KEY (tenant_id, " + quoted(f.Columns) + ") REFERENCES " + f.Target +
		" (tenant_id, " + quoted(f.References) + ")"
	if do := foreignActions[f.OnUpdate]; do != "" {
		text += " ON UPDATE " + do
	}
	if do := foreignActions[f.OnDelete]; do != "" {
		text += " ON DELETE " + do
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

// pairings are a table's foreign keys to tables that tenants own, and the one to
// the tenants.
func (e *Engine) pairings(s *state, was *relation) []pairing {
	all := []pairing{{
		name:       defaultName(was.Name, []string{tenantColumn}, "fkey"),
		target:     `"bailiwick"."tenants"`,
		definition: "FOREIGN KEY (tenant_id) REFERENCES bailiwick.tenants (id)",
	}}
	for i := range was.Foreign {
		f := &was.Foreign[i]
		if e.owned(f.Target) && !f.hasTenant() && !f.Inherited {
			all = append(all, pairing{old: f, name: succeed(was.Name, f.Name, f.Columns, "fkey"),
				target: f.Target, definition: f.paired()})
		}
	}
	for i := range all {
		all[i].built = all[i].name
		if was.foreign(all[i].name) != nil {
			all[i].built = interim("new", all[i].name)
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

// addForeign adds a foreign key that holds for what is written from now on, and
// then validates it. A partitioned table takes none that isn't valid: its
// partitions get theirs first, and the table's then adopts them.
func (s *state) addForeign(r *relation, name, definition, target string, validate bool) []action {
	var actions []action
	if r.Kind == "p" {
		for _, piece := range s.partitions(s.now, r.sql()) {
			if s.sameForeign(piece, definition) {
				continue
			}
			actions = append(actions,
				s.addForeign(piece, interim("part", name), definition, target, true)...)
		}
		return append(actions, brief(shareRowExcl, r.sql()+", "+target,
			"ALTER TABLE "+r.sql()+" ADD CONSTRAINT "+quote(name)+" "+definition))
	}
	known := r.foreign(name)
	if known == nil {
		actions = append(actions,
			brief(shareRowExcl, r.sql()+", "+target, "ALTER TABLE "+r.sql()+" ADD CONSTRAINT "+
				quote(name)+" "+definition+" NOT VALID"))
	}
	if validate && (known == nil || !known.Valid) {
		actions = append(actions,
			action{sql: []string{"ALTER TABLE " + r.sql() + " VALIDATE CONSTRAINT " + quote(name)},
				lock: shareUpdateExcl, on: r.sql(), rows: r.Rows})
	}
	return actions
}

// sameForeign reports whether a partition has the foreign key already, valid.
func (s *state) sameForeign(piece *relation, definition string) bool {
	for _, f := range piece.Foreign {
		if f.Valid && f.hasTenant() == strings.Contains(definition, "(tenant_id") &&
			strings.HasPrefix(definition, "FOREIGN KEY ("+f.list()+")") {
			return true
		}
	}
	return false
}

func (f *foreign) list() string {
	names := quoted(f.Columns)
	return strings.Replace(names, quote(tenantColumn), tenantColumn, 1)
}

func (e *Engine) foreignSteps(s *state, t Table) []step {
	name := t.sql()
	var steps []step
	for _, p := range e.pairings(s, s.was[name]) {
		steps = append(steps, step{name: "foreign key " + name + " (" + p.name + ")", phase: Expand,
			up: func(s *state) []action {
				if f := p.in(s.now[name]); f != nil && f.Valid {
					return nil
				} else if f != nil {
					return s.addForeign(s.now[name], f.Name, p.definition, p.target, true)
				}
				return s.addForeign(s.now[name], p.built, p.definition, p.target, true)
			},
			down: func(s *state) []action { return p.drop(s, name) }})
	}
	return steps
}

// drop takes the foreign key away, also where only some partitions have it.
func (p pairing) drop(s *state, table string) []action {
	if f := p.in(s.now[table]); f != nil {
		return []action{brief(accessExcl, table+", "+p.target,
			"ALTER TABLE "+table+" DROP CONSTRAINT "+quote(f.Name))}
	}
	var actions []action
	for _, piece := range s.partitions(s.now, table) {
		if f := piece.foreign(interim("part", p.built)); f != nil {
			actions = append(actions, brief(accessExcl, piece.sql()+", "+p.target,
				"ALTER TABLE "+piece.sql()+" DROP CONSTRAINT "+quote(f.Name)))
		}
	}
	return actions
}

// oldForeignSteps take the old foreign keys away, whose place the new ones have.
func (e *Engine) oldForeignSteps(s *state, t Table) []step {
	name := t.sql()
	var steps []step
	for _, p := range e.pairings(s, s.was[name]) {
		if p.old == nil {
			continue
		}
		steps = append(steps, step{name: "old foreign key " + name + " (" + p.old.Name + ")",
			phase: Contract,
			up: func(s *state) []action {
				var statements []string
				r := s.now[name]
				if p.oldIn(r) != nil {
					statements = append(statements, "ALTER TABLE "+name+" DROP CONSTRAINT "+
						quote(p.old.Name))
				}
				if f := p.in(r); f != nil && f.Name != p.name {
					statements = append(statements, "ALTER TABLE "+name+" RENAME CONSTRAINT "+
						quote(f.Name)+" TO "+quote(p.name))
				}
				return together(accessExcl, name+", "+p.target, statements)
			},
			down: func(s *state) []action {
				r := s.now[name]
				if f := p.oldIn(r); f != nil && (f.Valid || !p.old.Valid) {
					return nil
				}
				var actions []action
				if f := p.in(r); f != nil && f.Name == p.old.Name {
					actions = append(actions,
						brief(accessExcl, name, "ALTER TABLE "+name+" RENAME CONSTRAINT "+
							quote(f.Name)+" TO "+quote(p.built)))
					r = &relation{Schema: r.Schema, Name: r.Name, Kind: r.Kind, Rows: r.Rows}
				}
				definition := strings.TrimSuffix(p.old.Definition, " NOT VALID")
				return append(actions, s.addForeign(r, p.old.Name, definition, p.target,
					p.old.Valid)...)
			}})
	}
	return steps
}
