package federation

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Kinds is the set of kinds of a registry. It never changes and may be used by
// any number of goroutines.
type Kinds struct {
	all    []Kind
	byName map[string]*schema
	byPath map[string]*schema
}

// schema is a kind with its members by name.
type schema struct {
	Kind
	fields     map[string]Field
	references map[string]Reference
	defaults   []member // what absent members mean
}

// NewKinds makes the set. An empty Path becomes the Name with hyphens for
// underscores and an "s" behind it. What contradicts itself or another kind is
// [tenancy.CodeInvalid], named in the message.
func NewKinds(kinds ...Kind) (*Kinds, error) {
	k := &Kinds{byName: map[string]*schema{}, byPath: map[string]*schema{}}
	for _, kind := range kinds {
		if kind.Path == "" {
			kind.Path = strings.ReplaceAll(kind.Name, "_", "-") + "s"
		}
		if err := k.add(kind); err != nil {
			return nil, err
		}
	}
	for _, kind := range k.all {
		if err := k.checkTargets(kind); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(k.all, func(a, b Kind) int { return cmp.Compare(a.Name, b.Name) })
	return k, nil
}

// All answers every kind, sorted by name.
func (k *Kinds) All() []Kind { return slices.Clone(k.all) }

// Kind answers the kind with this name.
func (k *Kinds) Kind(name string) (Kind, bool) {
	s, ok := k.byName[name]
	if !ok {
		return Kind{}, false
	}
	return s.Kind, true
}

// ByPath answers the kind whose resources have this path in URLs.
func (k *Kinds) ByPath(path string) (Kind, bool) {
	s, ok := k.byPath[path]
	if !ok {
		return Kind{}, false
	}
	return s.Kind, true
}

// schemaOf finds the kind of an item. A kind that isn't declared is
// [tenancy.CodeNotFound].
func (k *Kinds) schemaOf(item Item) (*schema, error) {
	s, ok := k.byName[item.Kind]
	if !ok {
		return nil, problem(tenancy.CodeNotFound, "/kind", "is no kind of this registry")
	}
	return s, nil
}
