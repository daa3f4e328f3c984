package adopt

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
)

// tenantKey is a unique key that begins with tenant_id, with the old key that it replaces.
type tenantKey struct {
	old        *key   // nil: it replaces no key
	name       string // its final name, the same as in a fresh installation
	builtName  string // its name until the old key is dropped
	primary    bool
	constraint bool
	columns    []string // after tenant_id; empty if there are expressions
	tail       string
	referenced bool // foreign keys refer to it
}

// find returns the key of a table, under either name, or nil.
func (w tenantKey) find(r *relation) *key {
	for _, name := range []string{w.name, w.builtName} {
		if k := r.key(name); k != nil && k.hasTenant() {
			return k
		}
	}
	return nil
}

// findOld returns the old key of a table, or nil.
func (w tenantKey) findOld(r *relation) *key {
	if w.old == nil {
		return nil
	}
	if k := r.key(w.old.Name); k != nil && !k.hasTenant() {
		return k
	}
	return nil
}

// label returns the suffix of PostgreSQL's default name for such a key.
func (k *key) label() string {
	switch {
	case k.Primary:
		return "pkey"
	case k.Constraint:
		return "key"
	}
	return "idx"
}

// successorName returns the name of the new key. If the old key has PostgreSQL's default name,
// the new key gets the default name for its columns, with tenant_id.
func successorName(table, name string, columns []string, label string) string {
	if len(columns) == 0 || name != defaultName(table, columns, label) {
		return name
	}
	return defaultName(table, append([]string{tenantColumn}, columns...), label)
}

// tenantKeys returns the new keys of a table or partition.
func (e *Engine) tenantKeys(s *state, t Table, was *relation) []tenantKey {
	var all []tenantKey
	for i := range was.Keys {
		k := &was.Keys[i]
		if k.hasTenant() || !k.Valid || k.Primary && t.Primary != nil {
			continue
		}
		w := tenantKey{old: k, primary: k.Primary, constraint: k.Constraint, columns: k.Columns,
			tail: strings.Replace(k.tail(), "(", "(tenant_id, ", 1)}
		w.name = successorName(was.Name, k.Name, k.Columns, k.label())
		w.referenced = e.isReferenced(s, was.sql(), k.Columns)
		all = append(all, w)
	}
	if t.Primary != nil {
		w := tenantKey{old: was.primary(), primary: true, constraint: true, columns: t.Primary,
			tail: "USING btree (tenant_id, " + quoted(t.Primary) + ")"}
		w.name = defaultName(was.Name, t.Primary, "pkey")
		if w.old != nil {
			w.name = w.old.Name
		}
		all = append(all, w)
	}
	if t.Singleton {
		all = append(all, tenantKey{name: defaultName(was.Name, []string{tenantColumn}, "key"),
			constraint: true, tail: "USING btree (tenant_id)"})
	}
	for i := range all {
		all[i].builtName = all[i].name
		if was.key(all[i].name) != nil || was.index(all[i].name) != nil {
			all[i].builtName = temporaryName("new", all[i].name)
		}
	}
	return all
}

// isReferenced reports whether a foreign key refers to exactly these columns.
func (e *Engine) isReferenced(s *state, table string, columns []string) bool {
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

// indexedRelations returns the relations on which a table's indexes are built one by one:
// the table, or its partitions.
func (s *state) indexedRelations(table string) []*relation {
	if s.was[table].Kind == "p" {
		return s.partitions(s.was, table)
	}
	return []*relation{s.was[table]}
}

// earlyKeySteps build the keys that foreign keys refer to. The others are built in the
// contraction. Of two unique keys on the same values, ON CONFLICT uses only one as its
// arbiter: two sessions that insert the same new value at once would then fail with a
// violation of the other key, which the old version never saw.
func (e *Engine) earlyKeySteps(s *state, t Table) []step {
	return e.keySteps(s, t, true, adoption.Expand)
}

func (e *Engine) lateKeySteps(s *state, t Table) []step {
	return e.keySteps(s, t, false, adoption.Contract)
}

// keySteps build the new keys, each on the table or on each partition. The key of a partitioned
// table itself is created by exchangePartitioned.
func (e *Engine) keySteps(s *state, t Table, early bool, phase adoption.Phase) []step {
	var steps []step
	for _, piece := range s.indexedRelations(t.sql()) {
		for _, w := range e.tenantKeys(s, t, piece) {
			if w.referenced != early || piece.Parent != "" && w.old != nil && w.old.Of == "" {
				continue
			}
			name := piece.sql()
			steps = append(steps, step{name: "key " + name + " (" + w.name + ")", phase: phase,
				up: func(s *state) []action {
					if k := w.find(s.now[name]); k != nil && k.Valid {
						return nil
					}
					return buildIndex(true, w.builtName, s.now[name], w.tail)
				},
				down: func(s *state) []action {
					if k := w.find(s.now[name]); k != nil && !k.Constraint {
						return []action{dropIndex(s.now[name], k.Name)}
					}
					return nil
				}})
		}
	}
	return steps
}
