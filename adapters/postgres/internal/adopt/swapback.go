package adopt

import (
	"slices"
	"strings"
)

// exchangeBack is the inverse of exchange. The old keys are built anew, beside
// the new ones, and so is a key for the foreign keys to refer to when the
// primary key that they refer to now is gone.
func (e *Engine) exchangeBack(s *state, t Table) []action {
	r := s.now[t.sql()]
	var actions []action
	var statements []string
	if r.Kind == "p" {
		actions, statements = e.restorePartitioned(s, t)
	} else {
		actions, statements = e.restoreKeys(s, t)
	}
	if c := r.column(tenantColumn); c != nil && c.Default == stamped {
		statements = append(statements, "ALTER TABLE "+r.sql()+
			" ALTER COLUMN tenant_id SET DEFAULT "+literal(e.spec.Tenant)+"::uuid")
	}
	for _, piece := range append([]*relation{r}, s.partitions(s.now, r.sql())...) {
		was := s.was[piece.sql()]
		if piece.Forced && (was == nil || !was.Forced) {
			statements = append(statements,
				"ALTER TABLE "+piece.sql()+" NO FORCE ROW LEVEL SECURITY")
		}
		if piece.Enabled && (was == nil || !was.Enabled) {
			statements = append(statements,
				"ALTER TABLE "+piece.sql()+" DISABLE ROW LEVEL SECURITY")
		}
	}
	return append(actions, together(accessExcl, r.sql(), statements)...)
}

func (e *Engine) restoreKeys(s *state, t Table) (actions []action, statements []string) {
	r := s.now[t.sql()]
	var leaning, again []string
	for _, w := range e.wantedKeys(s, t, s.was[r.sql()]) {
		k := w.in(r)
		if w.old == nil || w.oldIn(r) != nil {
			if w.old == nil && k != nil && k.Constraint {
				statements = append(statements, dropKey(r, k))
			}
			continue
		}
		back := interim("old", w.old.Name)
		if known := r.key(back); known == nil || !known.Valid {
			actions = append(actions, build(true, back, r, w.old.Tail)...)
		}
		if k != nil && w.early && k.Constraint {
			built, more := w.rebuilt(r)
			actions = append(actions, more...)
			drop, add := e.lean(s, r.sql(), k)
			leaning, again = append(leaning, drop...), append(again, add...)
			if built != w.built { // its name is free when the constraint is gone
				again = append(again, "ALTER INDEX "+quote(r.Schema)+"."+quote(built)+" RENAME TO "+
					quote(w.built))
			}
		}
		statements = append(statements, w.restore(r, k, back)...)
	}
	return actions, append(append(leaning, statements...), again...)
}

// rebuilt is a second index of the same key, which stays when the constraint
// goes.
func (w wanted) rebuilt(r *relation) (name string, actions []action) {
	name = w.built
	if w.built == w.name {
		name = interim("again", w.name)
	}
	if known := r.key(name); known == nil || !known.Valid {
		actions = build(true, name, r, w.tail)
	}
	return name, actions
}

// lean takes away the foreign keys that refer to a key, and puts them back. What
// they promise has been looked at already: they are validated later.
func (e *Engine) lean(s *state, table string, k *key) (drop, add []string) {
	for _, name := range sortedNames(s.now) {
		r := s.now[name]
		for _, f := range r.Foreign {
			if f.Target != table || f.Inherited || len(f.References) != len(k.Columns) ||
				slices.ContainsFunc(k.Columns,
					func(c string) bool { return !slices.Contains(f.References, c) }) {
				continue
			}
			drop = append(drop, "ALTER TABLE "+name+" DROP CONSTRAINT "+quote(f.Name))
			notValid := " NOT VALID"
			if r.Kind == "p" {
				notValid = ""
			}
			add = append(add, "ALTER TABLE "+name+" ADD CONSTRAINT "+quote(f.Name)+" "+
				strings.TrimSuffix(f.Definition, " NOT VALID")+notValid)
		}
	}
	return drop, add
}

func (w wanted) restore(r *relation, k *key, back string) []string {
	switch {
	case w.old.Constraint:
		statement := "ALTER TABLE " + r.sql() + " "
		if k != nil && k.Constraint {
			statement += "DROP CONSTRAINT " + quote(k.Name) + ", "
		}
		kind := "UNIQUE"
		if w.old.Primary {
			kind = "PRIMARY KEY"
		}
		return []string{statement + "ADD CONSTRAINT " + quote(w.old.Name) + " " + kind +
			" USING INDEX " + quote(back) + deferral(w.old)}
	}
	var statements []string
	if k != nil && k.Name == w.old.Name {
		statements = append(statements, "ALTER INDEX "+quote(r.Schema)+"."+quote(k.Name)+
			" RENAME TO "+quote(w.built))
	}
	return append(statements, "ALTER INDEX "+quote(r.Schema)+"."+quote(back)+" RENAME TO "+
		quote(w.old.Name))
}

func (e *Engine) restorePartitioned(s *state, t Table) (actions []action, statements []string) {
	r := s.now[t.sql()]
	var behind []string
	for _, w := range e.wantedKeys(s, t, s.was[r.sql()]) {
		if w.old == nil || w.oldIn(r) != nil {
			continue
		}
		if k := w.in(r); k != nil {
			statements = append(statements, dropKey(r, k))
		}
		if w.old.Constraint {
			kind := "UNIQUE"
			if w.old.Primary {
				kind = "PRIMARY KEY"
			}
			behind = append(behind, "ALTER TABLE "+r.sql()+" ADD CONSTRAINT "+quote(w.old.Name)+" "+
				kind+" ("+quoted(w.old.Columns)+")")
		} else {
			behind = append(behind, "CREATE UNIQUE INDEX "+quote(w.old.Name)+" ON "+r.sql()+" "+
				w.old.Tail)
		}
	}
	if len(behind) == 0 {
		return nil, nil
	}
	for _, was := range s.partitions(s.was, r.sql()) {
		piece := s.now[was.sql()]
		if piece == nil {
			continue
		}
		for _, w := range e.wantedKeys(s, t, was) {
			if w.old == nil || w.old.Of == "" || w.oldIn(piece) != nil {
				continue
			}
			back := interim("old", w.old.Name)
			if known := piece.key(back); known == nil || !known.Valid {
				actions = append(actions, build(true, back, piece, w.old.Tail)...)
			}
			statements = append(statements, w.restore(piece, nil, back)...)
		}
	}
	return actions, append(statements, behind...)
}
