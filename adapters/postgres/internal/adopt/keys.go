package adopt

import (
	"slices"
	"strings"
)

// wanted is a unique key that begins with tenant_id, beside the one that it
// takes the place of.
type wanted struct {
	old        *key   // nil: there was none
	name       string // as a fresh installation has it
	built      string // its name until the old one is gone
	primary    bool
	constraint bool
	columns    []string // behind tenant_id; empty where there are expressions
	tail       string
	early      bool // foreign keys refer to it
}

// in finds it in a table, under either name.
func (w wanted) in(r *relation) *key {
	for _, name := range []string{w.name, w.built} {
		if k := r.key(name); k != nil && k.hasTenant() {
			return k
		}
	}
	return nil
}

// oldIn finds the old one.
func (w wanted) oldIn(r *relation) *key {
	if w.old == nil {
		return nil
	}
	if k := r.key(w.old.Name); k != nil && !k.hasTenant() {
		return k
	}
	return nil
}

func (k *key) label() string {
	switch {
	case k.Primary:
		return "pkey"
	case k.Constraint:
		return "key"
	}
	return "idx"
}

// succeed names what takes a key's place: what had PostgreSQL's own name gets
// that again, with tenant_id in it.
func succeed(table, name string, columns []string, label string) string {
	if len(columns) == 0 || name != defaultName(table, columns, label) {
		return name
	}
	return defaultName(table, append([]string{tenantColumn}, columns...), label)
}

// wantedKeys are a table's, or a partition's.
func (e *Engine) wantedKeys(s *state, t Table, was *relation) []wanted {
	var all []wanted
	for i := range was.Keys {
		k := &was.Keys[i]
		if k.hasTenant() || !k.Valid || k.Primary && t.Primary != nil {
			continue
		}
		w := wanted{old: k, primary: k.Primary, constraint: k.Constraint, columns: k.Columns,
			tail: strings.Replace(k.Tail, "(", "(tenant_id, ", 1)}
		w.name = succeed(was.Name, k.Name, k.Columns, k.label())
		w.early = e.referredTo(s, was.sql(), k.Columns)
		all = append(all, w)
	}
	if t.Primary != nil {
		w := wanted{old: was.primary(), primary: true, constraint: true, columns: t.Primary,
			tail: "USING btree (tenant_id, " + quoted(t.Primary) + ")"}
		w.name = defaultName(was.Name, t.Primary, "pkey")
		if w.old != nil {
			w.name = w.old.Name
		}
		all = append(all, w)
	}
	if t.Singleton {
		all = append(all, wanted{name: defaultName(was.Name, []string{tenantColumn}, "key"),
			constraint: true, tail: "USING btree (tenant_id)"})
	}
	for i := range all {
		all[i].built = all[i].name
		if was.key(all[i].name) != nil || was.index(all[i].name) != nil {
			all[i].built = interim("new", all[i].name)
		}
	}
	return all
}

// referredTo reports whether a foreign key refers to the columns.
func (e *Engine) referredTo(s *state, table string, columns []string) bool {
	for _, r := range s.was {
		for _, f := range r.Foreign {
			if f.Target == table && len(f.References) == len(columns) &&
				!slices.ContainsFunc(columns,
					func(c string) bool { return !slices.Contains(f.References, c) }) {
				return true
			}
		}
	}
	return false
}

// pieces are the relations that a table's indexes are built on, one at a time:
// itself, or its partitions.
func (s *state) pieces(table string) []*relation {
	if s.was[table].Kind == "p" {
		return s.partitions(s.was, table)
	}
	return []*relation{s.was[table]}
}

// earlyKeySteps build the keys that foreign keys refer to. The others come with
// the contract: of two unique keys on the same values, ON CONFLICT knows one as
// its arbiter, and two sessions that upsert the same new value at once would
// fail at the other, where the old version's never did.
func (e *Engine) earlyKeySteps(s *state, t Table) []step { return e.keySteps(s, t, true, Expand) }

func (e *Engine) lateKeySteps(s *state, t Table) []step { return e.keySteps(s, t, false, Contract) }

func (e *Engine) keySteps(s *state, t Table, early bool, phase Phase) []step {
	var steps []step
	for _, piece := range s.pieces(t.sql()) {
		for _, w := range e.wantedKeys(s, t, piece) {
			if w.early != early || piece.Parent != "" && w.old != nil && w.old.Of == "" {
				continue
			}
			name := piece.sql()
			steps = append(steps, step{name: "key " + name + " (" + w.name + ")", phase: phase,
				up: func(s *state) []action {
					if k := w.in(s.now[name]); k != nil && k.Valid {
						return nil
					}
					return build(true, w.built, s.now[name], w.tail)
				},
				down: func(s *state) []action {
					if k := w.in(s.now[name]); k != nil && !k.Constraint {
						return []action{unbuild(s.now[name], k.Name)}
					}
					return nil
				}})
		}
	}
	return steps
}
