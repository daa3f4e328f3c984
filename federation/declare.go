package federation

import (
	"slices"
	"strings"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

var fieldTypes = []Type{String, Integer, Number, Boolean, Array, Object, Any}

// add takes one kind that is sound in itself.
func (k *Kinds) add(kind Kind) error {
	if !isToken(kind.Name, '_') {
		return tenancy.Errorf(tenancy.CodeInvalid,
			"kind %q: Name must be 1 to 63 of a-z, 0-9 and _, and begin with a letter", kind.Name)
	}
	if !isToken(kind.Path, '-') {
		return tenancy.Errorf(tenancy.CodeInvalid,
			"kind %q: Path %q must be 1 to 63 of a-z, 0-9 and -, and begin with a letter",
			kind.Name, kind.Path)
	}
	if k.byName[kind.Name] != nil {
		return tenancy.Errorf(tenancy.CodeInvalid, "kind %q: Name is declared twice", kind.Name)
	}
	if other := k.byPath[kind.Path]; other != nil {
		return tenancy.Errorf(tenancy.CodeInvalid, "kind %q: Path %q is that of kind %q", kind.Name,
			kind.Path, other.Name)
	}
	if kind.Singleton != "" && tenancy.CheckName(kind.Singleton) != nil {
		return tenancy.Errorf(tenancy.CodeInvalid, "kind %q: Singleton %q can't be a name",
			kind.Name, kind.Singleton)
	}
	s, err := newSchema(kind)
	if err != nil {
		return err
	}
	k.all = append(k.all, s.Kind)
	k.byName[kind.Name], k.byPath[kind.Path] = s, s
	return nil
}

func newSchema(kind Kind) (*schema, error) {
	kind.Fields, kind.References = slices.Clone(kind.Fields), slices.Clone(kind.References)
	s := &schema{Kind: kind, fields: map[string]Field{}, references: map[string]Reference{}}
	for _, f := range kind.Fields {
		if wrong := f.contradiction(); wrong != "" {
			return nil, tenancy.Errorf(tenancy.CodeInvalid, "kind %q: field %q: %s", kind.Name,
				f.Name, wrong)
		}
		if s.declares(f.Name) {
			return nil, tenancy.Errorf(tenancy.CodeInvalid, "kind %q: field %q: is declared twice",
				kind.Name, f.Name)
		}
		s.fields[f.Name] = f
	}
	for _, r := range kind.References {
		if wrong := r.contradiction(); wrong != "" {
			return nil, tenancy.Errorf(tenancy.CodeInvalid, "kind %q: reference %q: %s", kind.Name,
				r.Field, wrong)
		}
		if s.declares(r.Field) {
			return nil, tenancy.Errorf(tenancy.CodeInvalid,
				"kind %q: reference %q: Field is declared twice", kind.Name, r.Field)
		}
		s.references[r.Field] = r
	}
	if field, wrong := s.setDefaults(); wrong != "" {
		return nil, tenancy.Errorf(tenancy.CodeInvalid, "kind %q: field %q: %s", kind.Name, field,
			wrong)
	}
	return s, nil
}

func (s *schema) declares(member string) bool {
	_, field := s.fields[member]
	_, reference := s.references[member]
	return field || reference
}

func (f Field) contradiction() string {
	switch {
	case tenancy.CheckName(f.Name) != nil:
		return "Name can't be a member's name"
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
	case f.Secret && f.Type != String:
		return "Secret needs Type String"
	case f.Secret && len(f.Enum) > 0:
		return "Secret with Enum would show what it may be"
	case f.Secret && strings.Contains(f.Name, "/"):
		return "Secret needs a Name without slash: it is part of the secret's name"
	}
	return ""
}

func (r Reference) contradiction() string {
	switch {
	case tenancy.CheckName(r.Field) != nil:
		return "Field can't be a member's name"
	case len(r.Kinds) == 0:
		return "Kinds is empty"
	case hasDuplicates(r.Kinds):
		return "Kinds names a kind twice"
	case r.Many && len(r.Kinds) != 1:
		return "Many needs exactly one kind in Kinds"
	}
	return ""
}

// checkTargets refuses references to kinds that nobody declared.
func (k *Kinds) checkTargets(kind Kind) error {
	for _, r := range kind.References {
		for _, target := range r.Kinds {
			if k.byName[target] == nil {
				return tenancy.Errorf(tenancy.CodeInvalid,
					"kind %q: reference %q: Kinds names %q, which isn't declared", kind.Name,
					r.Field, target)
			}
		}
	}
	return nil
}

// isToken reports whether s can stand in a URL and a bundle as it is.
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
