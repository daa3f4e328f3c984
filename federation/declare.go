package federation

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// formatsOf are the formats that a field of the type may have.
var formatsOf = map[Type][]Format{String: {DateTime, Bytes, UUID}, Number: {Float}}

var fieldTypes = []Type{String, Integer, Number, Boolean, Array, Object, Any}

// add validates a kind, except the kinds that its references name, and adds it.
func (k *Kinds) add(kind Kind) error {
	if !isToken(kind.Name, '_') {
		return kind.errorf("Name must be 1 to 63 of a-z, 0-9 and _, and begin with a letter")
	}
	if !isToken(kind.Path, '-') {
		return kind.errorf("Path %q must be 1 to 63 of a-z, 0-9 and -, and begin with a letter",
			kind.Path)
	}
	if k.byName[kind.Name] != nil {
		return kind.errorf("Name is declared twice")
	}
	if other := k.byPath[kind.Path]; other != nil {
		return kind.errorf("Path %q is already declared by kind %q", kind.Path, other.Name)
	}
	if kind.Singleton != "" && tenancy.CheckName(kind.Singleton) != nil {
		return kind.errorf("Singleton %q isn't a valid name", kind.Singleton)
	}
	s, err := newSchema(kind)
	if err != nil {
		return err
	}
	k.all = append(k.all, s.Kind)
	k.byName[kind.Name], k.byPath[kind.Path] = s, s
	return nil
}

// newSchema validates the fields and references of a kind, except the kinds that the
// references name.
func newSchema(kind Kind) (*schema, error) {
	kind.Fields, kind.References = slices.Clone(kind.Fields), slices.Clone(kind.References)
	s := &schema{Kind: kind, fields: map[string]Field{}, references: map[string]Reference{}}
	for _, f := range kind.Fields {
		if wrong := f.contradiction(); wrong != "" {
			return nil, kind.errorf("field %q: %s", f.Name, wrong)
		}
		if s.declares(f.Name) {
			return nil, kind.errorf("field %q: is declared twice", f.Name)
		}
		s.fields[f.Name] = f
	}
	for _, r := range kind.References {
		if wrong := r.contradiction(); wrong != "" {
			return nil, kind.errorf("reference %q: %s", r.Field, wrong)
		}
		if s.declares(r.Field) {
			return nil, kind.errorf("reference %q: Field is declared twice", r.Field)
		}
		s.references[r.Field] = r
	}
	for _, m := range kind.MarkedSecrets {
		if m.Marker == "" || len(m.Members) == 0 {
			return nil, kind.errorf("MarkedSecrets needs Marker and Members")
		}
	}
	if field, wrong := s.setDefaults(); wrong != "" {
		return nil, kind.errorf("field %q: %s", field, wrong)
	}
	return s, nil
}

// errorf returns an error that begins with the kind's name.
func (k Kind) errorf(format string, args ...any) error {
	return tenancy.Errorf(tenancy.CodeInvalid, "kind %q: %s", k.Name, fmt.Sprintf(format, args...))
}

// declares reports whether a field or reference has this name.
func (s *schema) declares(member string) bool {
	_, field := s.fields[member]
	_, reference := s.references[member]
	return field || reference
}

// contradiction describes the first invalid or contradictory setting of the
// field, "" if there is none.
func (f Field) contradiction() string {
	switch {
	case tenancy.CheckName(f.Name) != nil:
		return "Name isn't a valid member name"
	case !slices.Contains(fieldTypes, f.Type):
		return "Type must be one of the declared types"
	case len(f.Enum) > 0 && f.Type != String:
		return "Enum needs Type String"
	case slices.Contains(f.Enum, "") || hasDuplicates(f.Enum):
		return "Enum has an empty or repeated string"
	case (f.Minimum != nil || f.Maximum != nil) && f.Type != Integer:
		return "Minimum and Maximum need Type Integer"
	case f.Minimum != nil && f.Maximum != nil && *f.Minimum > *f.Maximum:
		return "Minimum is above Maximum"
	case f.Format != "" && !slices.Contains(formatsOf[f.Type], f.Format):
		return "Format isn't one of those of Type"
	case f.Secret && f.Type != String:
		return "Secret needs Type String"
	case f.Secret && len(f.Enum) > 0:
		return "Secret can't be combined with Enum: it would reveal the possible values"
	case f.Secret && strings.Contains(f.Name, "/"):
		return "Secret needs a Name without a slash: it is part of the secret's name"
	}
	return ""
}

// contradiction describes the first invalid setting of the reference, "" if
// there is none.
func (r Reference) contradiction() string {
	switch {
	case tenancy.CheckName(r.Field) != nil:
		return "Field isn't a valid member name"
	case len(r.Kinds) == 0:
		return "Kinds is empty"
	case hasDuplicates(r.Kinds):
		return "Kinds has the same kind twice"
	case r.Unordered && !r.Many:
		return "Unordered needs Many"
	case r.Many && len(r.Kinds) != 1:
		return "Many needs exactly one kind in Kinds"
	}
	return ""
}

// checkTargets refuses references to undeclared kinds.
func (k *Kinds) checkTargets(kind Kind) error {
	for _, r := range kind.References {
		for _, target := range r.Kinds {
			if k.byName[target] == nil {
				return kind.errorf("reference %q: Kinds has %q, which isn't declared", r.Field,
					target)
			}
		}
	}
	return nil
}

// isToken reports whether s is 1 to 63 lower-case letters, digits and joiners and
// begins with a letter, so that URLs and bundles need no escapes for it.
func isToken(s string, joiner byte) bool {
	if s == "" || len(s) > 63 || s[0] < 'a' || s[0] > 'z' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == joiner) {
			return false
		}
	}
	return true
}

func hasDuplicates(list []string) bool {
	sorted := slices.Sorted(slices.Values(list))
	return len(slices.Compact(sorted)) != len(list)
}
