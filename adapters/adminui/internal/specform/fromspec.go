package specform

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/federation"
)

// fromSpec returns the entries of a spec: one for each declared member, and the text with
// all others.
func fromSpec(kinds *federation.Kinds, kind federation.Kind, spec json.RawMessage) (
	entries []entry, other string,
) {
	members, ok := Members(spec)
	if !ok {
		return nil, string(spec)
	}
	for _, f := range kind.Fields {
		entries = append(entries, fieldEntry(f, members[f.Name]))
		delete(members, f.Name)
	}
	for _, r := range kind.References {
		entries = append(entries, referenceEntry(kinds, r, members[r.Field]))
		delete(members, r.Field)
	}
	if len(members) > 0 {
		other = Indented(Object(members))
	}
	return entries, other
}

// fieldEntry returns the entry of a field's value; nil: it is absent. A value that the
// field's input can't hold is JSON.
func fieldEntry(f federation.Field, value json.RawMessage) entry {
	e := entry{member: f.Name, way: fieldWay(f)}
	text, isText := Text(value)
	switch kind := jsontext.Value(value).Kind(); {
	case f.Secret:
		if _, isRef := federation.ParseSecretRef(value); isRef {
			e.keep = string(value)
		}
	case value == nil:
	case e.way == asText && isText && fits(f, text):
		e.text = text
		if text == "" {
			e.keep = `""`
		}
	case e.way == asNumber && kind == jsontext.KindNumber:
		e.text = string(value)
	case e.way == asNumber && f.Format == federation.Float && isText && slices.Contains(floatNames, text):
		e.text = text
	case e.way == asBool && (kind == jsontext.KindTrue || kind == jsontext.KindFalse):
		e.text = string(value)
		if len(f.Default) > 0 {
			e.keep = "false" // it is a box, which sends nothing while it isn't checked
		}
	default:
		e.way, e.text = asJSON, Indented(value)
	}
	return e
}

func fieldWay(f federation.Field) string {
	switch {
	case f.Secret:
		return asSecret
	case f.Type == federation.String:
		return asText
	case f.Type == federation.Integer, f.Type == federation.Number:
		return asNumber
	case f.Type == federation.Boolean:
		return asBool
	}
	return asJSON
}

// fits reports whether an input of the field can hold the text. Browsers change the ends of
// lines, and show no other control character than the tab.
func fits(f federation.Field, text string) bool {
	if len(f.Enum) > 0 {
		return slices.Contains(f.Enum, text)
	}
	return !strings.ContainsFunc(text, func(c rune) bool {
		return c != '\n' && c != '\t' && unicode.IsControl(c)
	})
}

// referenceEntry returns the entry of a reference.
func referenceEntry(kinds *federation.Kinds, r federation.Reference, value json.RawMessage) entry {
	e := entry{member: r.Field, way: asName}
	if r.Many {
		e.way = asNames
	}
	if value == nil {
		return e
	}
	if r.Many {
		if names, ok := Texts(value); ok && !slices.ContainsFunc(names, unfit) {
			e.text = strings.Join(names, "\n")
			if len(names) == 0 {
				e.keep = "[]"
			}
			return e
		}
	} else if ref, ok := ReferenceOf(r, value); ok && !unfit(ref.Name) {
		e.text = ref.Name
		if kind, ok := kinds.Kind(ref.Kind); ok && len(r.Kinds) > 1 {
			e.kind = kind.Path
		}
		return e
	}
	e.way, e.text = asJSON, Indented(value)
	return e
}

// unfit reports whether a name would be another one after it was typed.
func unfit(name string) bool {
	return name == "" || strings.TrimSpace(name) != name ||
		strings.ContainsFunc(name, unicode.IsControl)
}

// ReferenceOf returns the item that a reference which isn't Many names; ok is false if the
// value doesn't have its form.
func ReferenceOf(r federation.Reference, value json.RawMessage) (ref federation.Ref, ok bool) {
	if len(r.Kinds) == 1 {
		name, ok := Text(value)
		return federation.Ref{Kind: r.Kinds[0], Name: name}, ok
	}
	members, ok := Members(value)
	if !ok || len(members) != 2 {
		return ref, false
	}
	kind, hasKind := Text(members["kind"])
	name, hasName := Text(members["name"])
	return federation.Ref{Kind: kind, Name: name},
		hasKind && hasName && slices.Contains(r.Kinds, kind)
}

// Defaults returns the spec with which a new item of the kind begins.
func Defaults(kind federation.Kind) json.RawMessage {
	members := map[string]json.RawMessage{}
	for _, f := range kind.Fields {
		if len(f.Default) > 0 {
			members[f.Name] = f.Default
		}
	}
	return Object(members)
}
