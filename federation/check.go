package federation

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	maxLabels     = 64
	tooManyLabels = "must be at most %d"
)

// Check validates an item against its kind and returns it sealed. It ignores
// Version and UpdatedAt. An undeclared kind is [tenancy.CodeNotFound]. A spec that
// [Canonical] refuses is its error, one larger than [MaxSpec] is
// [tenancy.CodeTooLarge]. All other faults are one [tenancy.CodeInvalid] with each
// place in Details.
//
// The returned spec is in normal form, which every store returns: a declared
// member that is null counts as absent and is dropped, an absent field with a
// Default gets it, an absent Many reference that isn't Required becomes [], the
// names of an Unordered one are sorted, and a value with a Format gets its notation.
// The item's name, the names in references, the keys of labels and the names of secrets
// are in the form of [NormalName].
//
// An item is valid if:
//
//   - [tenancy.CheckName] accepts its name. The name of a singleton kind must be
//     the singleton's.
//   - A kind with NoLabels has none. It has at most 64 labels, no key is empty or has characters that
//     [tenancy.ShowsNothing] reports, and no value has control characters.
//   - A Closed kind has no other members in its spec: [tenancy.CodeUnknownField].
//   - Each field has its type and is within its enum and bounds. An Integer is a
//     number without fraction that fits into an int64. A Secret is a string that
//     isn't empty, or a [SecretRef].
//   - Each reference has the form that [Reference] describes, with names that
//     CheckName accepts. Check doesn't look up the referenced items.
func (k *Kinds) Check(item Item) (Item, error) {
	s, err := k.schemaOf(item)
	if err != nil {
		return Item{}, err
	}
	spec, err := canonicalSpec(item.Spec)
	if err != nil {
		return Item{}, err
	}
	var p problems
	item.Name = NormalName(item.Name)
	s.checkName(&p, item.Name)
	item.Labels = checkLabels(&p, item.Labels)
	if s.NoLabels && len(item.Labels) > 0 {
		p.invalid("/labels", "must be empty: items of this kind have no labels")
	}
	spec, err = s.checkSpec(&p, spec)
	if err != nil {
		return Item{}, err
	}
	if err := p.err(tenancy.CodeInvalid); err != nil {
		return Item{}, err
	}
	return item.sealed(spec), nil
}

func (s *schema) checkName(p *problems, name string) {
	if err := tenancy.CheckName(name); err != nil {
		p.invalid("/name", "%s", messageOf(err))
		return
	}
	if s.Singleton != "" && name != s.Singleton {
		p.invalid("/name", "must be %q: there is only one item of this kind", s.Singleton)
	}
}

// checkLabels returns the labels with their keys in normal form.
func checkLabels(p *problems, labels map[string]string) map[string]string {
	if len(labels) > maxLabels {
		p.invalid("/labels", tooManyLabels, maxLabels)
		return labels
	}
	normal := make(map[string]string, len(labels))
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		path := jsontext.Pointer("/labels").AppendToken(key)
		switch _, exists := normal[NormalName(key)]; {
		case key == "":
			p.invalid(path, "must have a key that isn't empty")
		case !printable(key) || !printable(labels[key]):
			p.invalid(path, "must have a key and a value of UTF-8 without control characters")
		case strings.ContainsFunc(key, tenancy.ShowsNothing):
			p.invalid(path, "must have a key without invisible characters")
		case exists:
			p.invalid(path, appearsTwice)
		}
		normal[NormalName(key)] = labels[key]
	}
	return normal
}

// printable reports whether s is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}

// checkSpec returns the spec in normal form and adds its faults to p.
func (s *schema) checkSpec(p *problems, spec json.RawMessage) (json.RawMessage, error) {
	members, err := splitObject(spec)
	if err != nil {
		return nil, err
	}
	kept, changed := s.normalize(members)
	for i, m := range kept {
		path := jsontext.Pointer("/spec").AppendToken(m.name)
		var normal json.RawMessage
		field, isField := s.fields[m.name]
		if isField {
			field.check(p, path, m.value)
			normal = field.normalSecret(m.value)
		}
		reference, isReference := s.references[m.name]
		if isReference {
			normal = reference.rewrite(p, path, m.value, normalRef)
		}
		if s.Closed && !isField && !isReference {
			p.add(tenancy.CodeUnknownField, path, unknownMember)
		}
		if normal != nil {
			kept[i].value, changed = normal, true
		}
	}
	s.checkRequired(p, kept)
	formatted, sorted := s.applyFormats(p, kept), s.sortNames(kept)
	if !changed && !formatted && !sorted {
		return spec, nil
	}
	return appendObject(make([]byte, 0, len(spec)), kept), nil
}

// checkRequired adds the required members that are absent to p.
func (s *schema) checkRequired(p *problems, members []member) {
	require := func(name string) {
		if !slices.ContainsFunc(members, func(m member) bool { return m.name == name }) {
			p.invalid(jsontext.Pointer("/spec").AppendToken(name), "is required")
		}
	}
	for _, f := range s.Fields {
		if f.Required {
			require(f.Name)
		}
	}
	for _, r := range s.References {
		if r.Required {
			require(r.Field)
		}
	}
}
