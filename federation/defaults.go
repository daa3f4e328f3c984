package federation

import (
	"encoding/json"
	"slices"
)

// normalize answers the members of a spec as every store answers them, so that
// what says the same has the same digest: known members that are null are
// dropped, fields with a Default that are absent have it, and Many references
// that are absent are []. Members are in the order of the canonical form.
func (s *schema) normalize(members []member) (normal []member, changed bool) {
	normal = slices.DeleteFunc(slices.Clone(members),
		func(m member) bool { return m.isNull() && s.declares(m.name) })
	changed = len(normal) < len(members)
	for _, d := range s.defaults {
		at, found := slices.BinarySearchFunc(normal, d,
			func(a, b member) int { return compareUTF16(a.name, b.name) })
		if !found {
			normal, changed = slices.Insert(normal, at, d), true
		}
	}
	return normal, changed
}

// setDefaults finds what absent members mean. It answers the field whose
// Default contradicts it, and how; both are empty if none does.
func (s *schema) setDefaults() (field, wrong string) {
	for _, f := range s.Fields {
		if len(f.Default) == 0 {
			continue
		}
		value, wrong := f.canonicalDefault()
		if wrong != "" {
			return f.Name, wrong
		}
		s.defaults = append(s.defaults, member{f.Name, value})
	}
	for _, r := range s.References {
		if r.Many && !r.Required {
			s.defaults = append(s.defaults, member{r.Field, json.RawMessage(`[]`)})
		}
	}
	return "", ""
}

func (f Field) canonicalDefault() (value json.RawMessage, wrong string) {
	if f.Required {
		return nil, "Required with Default: an absent member is either refused or has a meaning"
	}
	if f.Secret {
		return nil, "Secret with Default would show it"
	}
	value, err := Canonical(f.Default)
	if err != nil || valueKind(value) == 'n' {
		return nil, "Default must be a JSON value other than null"
	}
	var p problems
	f.check(&p, "", value)
	if len(p) > 0 {
		return nil, "Default " + p[0].Detail
	}
	return value, ""
}
