package federation

import (
	"encoding/json"
	"slices"
)

// normalize returns the members of a spec in the form that every store returns,
// so that specs with the same meaning have the same digest: it drops declared
// members that are null, sets absent fields that have a Default to it, and sets
// absent Many references to []. The members keep the order of the canonical form.
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

// setDefaults computes the values of absent members. If a field contradicts its
// Default, it returns the field's name and a description of the contradiction;
// otherwise both are empty.
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

// canonicalDefault returns the Default in canonical form and in the notation of the
// Format, or a description of the contradiction between field and Default.
func (f Field) canonicalDefault() (value json.RawMessage, wrong string) {
	if f.Required {
		return nil, "Required can't be combined with Default: a required member is never absent"
	}
	if f.Secret {
		return nil, "Secret can't be combined with Default: it would reveal the secret"
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
	if value, wrong = f.Format.normalize(value); wrong != "" {
		return nil, "Default " + wrong
	}
	return value, ""
}
