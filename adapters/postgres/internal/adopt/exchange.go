package adopt

import (
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// exchangeSteps replace the keys of a table, its default and its row security in one
// transaction: no session ever sees a table without the old keys and without row security.
func (e *Engine) exchangeSteps(s *state, t Table) []step {
	name := t.sql()
	return []step{{name: "exchange " + name, phase: adoption.Contract,
		up:   func(s *state) []action { return e.exchange(s, t) },
		down: func(s *state) []action { return e.exchangeBack(s, t) },
	}}
}

// exchange returns the action for what is left of a table's exchange.
func (e *Engine) exchange(s *state, t Table) []action {
	r := s.now[t.sql()]
	var statements []string
	if r.Kind == "p" {
		statements = e.exchangePartitioned(s, t)
	} else {
		for _, w := range e.tenantKeys(s, t, s.was[r.sql()]) {
			exchanged := w.exchange(r)
			statements = append(statements, exchanged...)
			if len(exchanged) > 0 {
				statements = append(statements, w.carry(r)...)
			}
		}
	}
	if c := r.column(tenantColumn); c == nil || c.Default != tenantDefault {
		statements = append(statements,
			"ALTER TABLE "+r.sql()+" ALTER COLUMN tenant_id SET DEFAULT "+tenantDefault)
	}
	for _, piece := range append([]*relation{r}, s.partitions(s.now, r.sql())...) {
		if !piece.Enabled {
			statements = append(statements, "ALTER TABLE "+piece.sql()+" ENABLE ROW LEVEL SECURITY")
		}
		if !piece.Forced {
			statements = append(statements, "ALTER TABLE "+piece.sql()+" FORCE ROW LEVEL SECURITY")
		}
		if piece.trigger(untenantedTrigger) != nil {
			statements = append(statements, "DROP TRIGGER "+untenantedTrigger+" ON "+piece.sql())
		}
	}
	return txActions(accessExcl, r.sql(), statements)
}

// exchange returns the statements that replace the old key of r by the new one. A constraint is
// dropped and added in one ALTER TABLE.
func (w tenantKey) exchange(r *relation) []string {
	k, old := w.find(r), w.findOld(r)
	built := w.builtName
	if k != nil {
		built = k.Name
	}
	switch {
	case w.constraint && (old != nil || k == nil || !k.Constraint):
		statement := "ALTER TABLE " + r.sql() + " "
		if old != nil {
			statement += "DROP CONSTRAINT " + sqltext.Quote(old.Name) + ", "
		}
		return []string{statement + "ADD CONSTRAINT " + sqltext.Quote(w.name) + " " + w.kind() +
			" USING INDEX " + sqltext.Quote(built) + w.deferral()}
	case w.constraint:
		return nil
	}
	var statements []string
	if old != nil {
		statements = append(statements, "DROP INDEX "+sqltext.Qualified(r.Schema, old.Name))
	}
	if built != w.name {
		statements = append(statements, "ALTER INDEX "+sqltext.Qualified(r.Schema, built)+
			" RENAME TO "+sqltext.Quote(w.name))
	}
	return statements
}

func (w tenantKey) kind() string {
	if w.primary {
		return "PRIMARY KEY"
	}
	return "UNIQUE"
}

// carry gives the new key what its definition doesn't have of the old one.
func (w tenantKey) carry(r *relation) []string {
	if w.old == nil {
		return nil
	}
	return w.old.carry(r, w.name, 1)
}

// partitioned returns the statement that creates the key of a partitioned table.
func (w tenantKey) partitioned(r *relation) string {
	if w.old != nil && slices.Equal(w.columns, w.old.Columns) {
		return w.old.partitionedKey(r, w.name, "tenant_id, ")
	}
	columns := append([]string{tenantColumn}, w.columns...)
	return "ALTER TABLE " + r.sql() + " ADD CONSTRAINT " + sqltext.Quote(w.name) + " " + w.kind() +
		" (" + quoted(columns) + ")"
}

// deferral returns the clause that makes the new constraint deferrable as the old one was.
func (w tenantKey) deferral() string {
	if w.old == nil || w.old.Immediate {
		return ""
	}
	return deferral(w.old)
}

func deferral(k *key) string {
	switch {
	case k.Immediate:
		return ""
	case k.Deferred:
		return " DEFERRABLE INITIALLY DEFERRED"
	}
	return " DEFERRABLE"
}

// exchangePartitioned replaces the keys of the partitions, and then creates the table's key,
// which adopts them: a partitioned table can't use an existing index as its key.
func (e *Engine) exchangePartitioned(s *state, t Table) []string {
	r := s.now[t.sql()]
	var drops, adds, parts []string
	for _, w := range e.tenantKeys(s, t, s.was[r.sql()]) {
		if k := w.find(r); k != nil {
			continue
		}
		if w.findOld(r) != nil {
			drops = append(drops, dropKey(r, w.old))
		}
		adds = append(append(adds, w.partitioned(r)), w.carry(r)...)
	}
	if len(adds) == 0 {
		return nil
	}
	for _, piece := range s.partitions(s.was, r.sql()) {
		now := s.now[piece.sql()]
		for _, w := range e.tenantKeys(s, t, piece) {
			if w.old == nil || w.old.Of == "" {
				continue
			}
			plain := *now
			plain.Keys = withoutOld(now.Keys, w.old.Name)
			parts = append(append(parts, w.exchange(&plain)...), w.carry(now)...)
		}
	}
	return append(append(drops, parts...), adds...)
}

// withoutOld returns a partition's keys without the one that its table's key owned.
func withoutOld(keys []key, name string) []key {
	var left []key
	for _, k := range keys {
		if k.Name != name || k.hasTenant() {
			left = append(left, k)
		}
	}
	return left
}

func dropKey(r *relation, k *key) string {
	if k.Constraint {
		return "ALTER TABLE " + r.sql() + " DROP CONSTRAINT " + sqltext.Quote(k.Name)
	}
	return "DROP INDEX " + sqltext.Qualified(r.Schema, k.Name)
}
