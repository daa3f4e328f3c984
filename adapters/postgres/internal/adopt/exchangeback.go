package adopt

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// exchangeBack is the inverse of exchange. It builds the old keys again while the new ones
// exist. If foreign keys refer to a new primary key, which is dropped, it also builds another
// unique index for them to refer to.
func (e *Engine) exchangeBack(s *state, t Table) []action {
	r := s.now[t.sql()]
	var actions []action
	var statements []string
	if r.Kind == "p" {
		actions, statements = e.restorePartitioned(s, t)
	} else {
		actions, statements = e.restoreKeys(s, t)
	}
	if c := r.column(tenantColumn); c != nil && c.Default == tenantDefault {
		statements = append(statements, "ALTER TABLE "+r.sql()+
			" ALTER COLUMN tenant_id SET DEFAULT "+sqltext.Literal(e.spec.Tenant)+"::uuid")
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
	return append(actions, txActions(accessExcl, r.sql(), statements)...)
}

// restoreKeys returns the actions that build the old keys of a table, and the statements that
// then replace the new ones by them.
func (e *Engine) restoreKeys(s *state, t Table) (actions []action, statements []string) {
	r := s.now[t.sql()]
	var dropForeign, addForeign []string
	for _, w := range e.tenantKeys(s, t, s.was[r.sql()]) {
		k := w.find(r)
		if w.old == nil || w.findOld(r) != nil {
			if w.old == nil && k != nil && k.Constraint {
				statements = append(statements, dropKey(r, k))
			}
			continue
		}
		back := temporaryName("old", w.old.Name)
		if existing := r.key(back); existing == nil || !existing.Valid {
			actions = append(actions, buildIndex(true, back, r, w.old.tail())...)
		}
		if k != nil && w.referenced && k.Constraint {
			built, more := w.secondIndex(r)
			actions = append(actions, more...)
			drop, add := e.referencingForeignKeys(s, r.sql(), k)
			dropForeign = append(dropForeign, drop...)
			addForeign = append(addForeign, add...)
			if built != w.builtName { // its name is free once the constraint is dropped
				addForeign = append(addForeign, "ALTER INDEX "+sqltext.Qualified(r.Schema, built)+
					" RENAME TO "+sqltext.Quote(w.builtName))
			}
		}
		statements = append(append(statements, w.restore(r, k, back)...),
			w.old.carry(r, w.old.Name, 0)...)
	}
	return actions, append(append(dropForeign, statements...), addForeign...)
}

// secondIndex builds another index of the same key, which remains when the constraint is
// dropped.
func (w tenantKey) secondIndex(r *relation) (name string, actions []action) {
	name = w.builtName
	if w.builtName == w.name {
		name = temporaryName("again", w.name)
	}
	if existing := r.key(name); existing == nil || !existing.Valid {
		actions = buildIndex(true, name, r, w.tail)
	}
	return name, actions
}

// referencingForeignKeys returns statements that drop the foreign keys that refer to a key,
// and that add them again. They are added NOT VALID, since they held before, and validated
// later.
func (e *Engine) referencingForeignKeys(s *state, table string, k *key) (drop, add []string) {
	for _, name := range sortedNames(s.now) {
		r := s.now[name]
		for _, f := range r.Foreign {
			if f.Target != table || f.Inherited || len(f.References) != len(k.Columns) ||
				slices.ContainsFunc(k.Columns,
					func(c string) bool { return !slices.Contains(f.References, c) }) {
				continue
			}
			drop = append(drop, "ALTER TABLE "+name+" DROP CONSTRAINT "+sqltext.Quote(f.Name))
			notValid := " NOT VALID"
			if r.Kind == "p" {
				notValid = ""
			}
			add = append(add, "ALTER TABLE "+name+" ADD CONSTRAINT "+sqltext.Quote(f.Name)+" "+
				strings.TrimSuffix(f.Definition, " NOT VALID")+notValid)
			add = append(add, f.commentOn(name, f.Name)...)
		}
	}
	return drop, add
}

// restore returns the statements that replace key k of r, if any, by the old key, whose index is
// built under the name back.
func (w tenantKey) restore(r *relation, k *key, back string) []string {
	switch {
	case w.old.Constraint:
		statement := "ALTER TABLE " + r.sql() + " "
		if k != nil && k.Constraint {
			statement += "DROP CONSTRAINT " + sqltext.Quote(k.Name) + ", "
		}
		kind := "UNIQUE"
		if w.old.Primary {
			kind = "PRIMARY KEY"
		}
		return []string{statement + "ADD CONSTRAINT " + sqltext.Quote(w.old.Name) + " " + kind +
			" USING INDEX " + sqltext.Quote(back) + deferral(w.old)}
	}
	var statements []string
	if k != nil && k.Name == w.old.Name {
		statements = append(statements, "ALTER INDEX "+sqltext.Qualified(r.Schema, k.Name)+
			" RENAME TO "+sqltext.Quote(w.builtName))
	}
	return append(statements, "ALTER INDEX "+sqltext.Qualified(r.Schema, back)+" RENAME TO "+
		sqltext.Quote(w.old.Name))
}

// restorePartitioned is restoreKeys for a partitioned table. The old keys are built on the
// partitions, and the table's key adopts them.
func (e *Engine) restorePartitioned(s *state, t Table) (actions []action, statements []string) {
	r := s.now[t.sql()]
	var adds []string
	for _, w := range e.tenantKeys(s, t, s.was[r.sql()]) {
		if w.old == nil || w.findOld(r) != nil {
			continue
		}
		if k := w.find(r); k != nil {
			statements = append(statements, dropKey(r, k))
		}
		adds = append(append(adds, w.old.partitionedKey(r, w.old.Name, "")),
			w.old.carry(r, w.old.Name, 0)...)
	}
	if len(adds) == 0 {
		return nil, nil
	}
	for _, was := range s.partitions(s.was, r.sql()) {
		piece := s.now[was.sql()]
		if piece == nil {
			continue
		}
		for _, w := range e.tenantKeys(s, t, was) {
			if w.old == nil || w.old.Of == "" || w.findOld(piece) != nil {
				continue
			}
			back := temporaryName("old", w.old.Name)
			if existing := piece.key(back); existing == nil || !existing.Valid {
				actions = append(actions, buildIndex(true, back, piece, w.old.tail())...)
			}
			statements = append(append(statements, w.restore(piece, nil, back)...),
				w.old.carry(piece, w.old.Name, 0)...)
		}
	}
	return actions, append(statements, adds...)
}
