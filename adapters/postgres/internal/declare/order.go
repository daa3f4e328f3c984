package declare

import "fmt"

// dependencyOrder returns the tables that have a kind, each after the tables that it refers
// to. A kind may refer to itself. Kinds that refer to each other in a cycle are refused,
// because their rows couldn't be written kind by kind.
func dependencyOrder(declared []*Table) ([]*Table, error) {
	s := sorter{byKind: map[string]*Table{}, states: map[string]visitState{}}
	for _, t := range declared {
		if t.Kind != "" {
			s.byKind[t.Kind] = t
		}
	}
	for _, t := range declared {
		if t.Kind == "" {
			continue
		}
		if err := s.visit(t); err != nil {
			return nil, err
		}
	}
	return s.order, nil
}

// visitState says how far the depth-first search is with a kind.
type visitState int

const (
	unvisited visitState = iota
	visiting             // its references are being visited
	visited
)

// sorter sorts tables topologically, by a depth-first search.
type sorter struct {
	byKind map[string]*Table
	states map[string]visitState // by kind
	order  []*Table
}

// visit appends the tables that t refers to, and then t, to the order.
func (s *sorter) visit(t *Table) error {
	switch s.states[t.Kind] {
	case visited:
		return nil
	case visiting:
		return fmt.Errorf("postgres: kind %q refers to itself through other kinds: remove one of"+
			" the references", t.Kind)
	}
	s.states[t.Kind] = visiting
	for _, kind := range t.referencedKinds() {
		target, ok := s.byKind[kind]
		if !ok {
			return fmt.Errorf("postgres: %s refers to kind %q, which no table declares", t.Name,
				kind)
		}
		if target == t {
			continue
		}
		if err := s.visit(target); err != nil {
			return err
		}
	}
	s.states[t.Kind] = visited
	s.order = append(s.order, t)
	return nil
}

// referencedKinds returns the kinds that the references of t may refer to.
func (t *Table) referencedKinds() []string {
	var kinds []string
	for _, r := range t.References {
		kinds = append(kinds, r.Kinds()...)
	}
	return kinds
}
