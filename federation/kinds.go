package federation

import (
	"cmp"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Kinds is the set of kinds of a registry. It is immutable and safe for
// concurrent use.
type Kinds struct {
	all    []Kind
	byName map[string]*schema
	byPath map[string]*schema
}

// schema is a kind with its fields and references by name.
type schema struct {
	Kind
	fields     map[string]Field
	references map[string]Reference
	defaults   []member // the values of absent members
}

// NewKinds returns the set of these kinds. An empty Path becomes the Name with
// hyphens instead of underscores and an "s" appended. A kind that contradicts
// itself or another one is [tenancy.CodeInvalid]; the message names the kind and
// the field.
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

// All returns every kind, sorted by name.
func (k *Kinds) All() []Kind { return slices.Clone(k.all) }

// Kind returns the kind with this name.
func (k *Kinds) Kind(name string) (Kind, bool) {
	s, ok := k.byName[name]
	if !ok {
		return Kind{}, false
	}
	return s.Kind, true
}

// ByPath returns the kind whose resources have this path in URLs.
func (k *Kinds) ByPath(path string) (Kind, bool) {
	s, ok := k.byPath[path]
	if !ok {
		return Kind{}, false
	}
	return s.Kind, true
}

// schemaOf returns the schema of an item's kind. An undeclared kind is
// [tenancy.CodeNotFound].
func (k *Kinds) schemaOf(item Item) (*schema, error) {
	s, ok := k.byName[item.Kind]
	if !ok {
		return nil, problem(tenancy.CodeNotFound, "/kind", "isn't a kind of this registry")
	}
	return s, nil
}
