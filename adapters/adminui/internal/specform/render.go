package specform

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/adapters/adminui/internal/view"
	"github.com/bailiwick-go/bailiwick/federation"
)

// Paths finds the pages that help with references.
type Paths struct {
	Proposals func(path string) string    // of the module that proposes names; "" without a kind
	List      func(path string) view.Link // to the list of a kind's items
}

// Sheet is a spec as the inputs of a form.
type Sheet struct {
	Fields []view.Field
	Hidden []view.Hidden
	Names  map[string]string // the names of inputs by the JSON Pointers of their values
}

// Writer writes specs of a kind into forms.
type Writer struct {
	Kinds *federation.Kinds
	Kind  federation.Kind
	Paths Paths
}

// FromSpec returns the sheet of a spec.
func (w Writer) FromSpec(spec json.RawMessage) Sheet {
	entries, other := fromSpec(w.Kinds, w.Kind, spec)
	return w.sheet(entries, other)
}

// FromForm returns the sheet of a form that was sent, with what was typed. The values of
// secrets are left out.
func (w Writer) FromForm(form url.Values) Sheet {
	entries, other, hidden := w.conceal(form)
	s := w.sheet(entries, other)
	for i, field := range s.Fields {
		if slices.Contains(hidden, field.Name) {
			s.Fields[i].Error = "The secret that you typed isn't shown again: please type it again."
		}
	}
	return s
}

// sheet returns the inputs of the entries.
func (w Writer) sheet(entries []entry, other string) Sheet {
	s := Sheet{Names: map[string]string{}}
	for _, e := range entries {
		if e.way == "" {
			e.way = asBool // of a box that isn't checked, the form has only what is kept
		}
		s.Names[pointer(e.member)] = e.input()
		s.Fields = append(s.Fields, w.fields(e)...)
		if e.keep != "" {
			s.Hidden = append(s.Hidden, view.Hidden{Name: keep + "." + e.member, Value: e.keep})
		}
	}
	if !w.Kind.Closed || other != "" {
		s.Names["/spec"] = Other
		s.Fields = append(s.Fields, view.Field{Name: Other, Label: "Other fields", Value: other,
			Type: view.CodeField, Rows: rows(other, 3),
			Hint: `Everything else, as a JSON object such as {"owner": "ann"}.`})
	}
	return s
}

func pointer(member string) string {
	return string(jsontext.Pointer("/spec").AppendToken(member))
}

// fields returns the inputs of an entry.
func (w Writer) fields(e entry) []view.Field {
	i := slices.IndexFunc(w.Kind.References, func(r federation.Reference) bool {
		return r.Field == e.member
	})
	if i >= 0 && (e.way == asName || e.way == asNames) {
		return w.picker(w.Kind.References[i], e)
	}
	i = slices.IndexFunc(w.Kind.Fields, func(f federation.Field) bool { return f.Name == e.member })
	declared := federation.Field{Name: e.member}
	if i >= 0 {
		declared = w.Kind.Fields[i]
	}
	field := view.Field{Name: e.input(), Label: Label(e.member), Value: e.text, Hint: hint(declared),
		Required: declared.Required && e.keep == ""}
	switch e.way {
	case asText:
		return []view.Field{textField(field, declared)}
	case asNumber:
		if field.Type = view.NumberField; declared.Format == federation.Float {
			field.Type = view.TextField
		}
	case asBool:
		return []view.Field{boolField(field, e)}
	case asSecret:
		return secretFields(field, e)
	default:
		field.Type, field.Rows = view.CodeField, rows(e.text, 3)
		field.Hint = strings.TrimSpace("JSON; empty: not set. " + field.Hint)
	}
	return []view.Field{field}
}

// longTexts are the members whose text usually has several lines.
var longTexts = []string{"description", "instructions", "template", "prompt", "content", "text"}

// textField returns the input of a string.
func textField(field view.Field, declared federation.Field) view.Field {
	switch {
	case len(declared.Enum) > 0:
		field.Type = view.SelectField
		field.Options = options(field.Value, declared.Enum, declared.Enum)
	case slices.Contains(longTexts, declared.Name), strings.Contains(field.Value, "\n"),
		len(field.Value) > 80:
		field.Type, field.Rows = view.AreaField, rows(field.Value, 3)
	}
	return field
}

// options returns those of a select with an empty one before them.
func options(value string, values, texts []string) []view.Option {
	all := []view.Option{{Text: "not set", Selected: value == ""}}
	for i, v := range values {
		all = append(all, view.Option{Value: v, Text: texts[i], Selected: v == value})
	}
	return all
}

// boolField returns a box for a value that is always set, else a select.
func boolField(field view.Field, e entry) view.Field {
	if e.keep == "false" {
		field.Type, field.Checked, field.Required, field.Hint = view.CheckField, e.text == "true", false, ""
		return field
	}
	field.Type = view.SelectField
	field.Options = options(e.text, []string{"true", "false"}, []string{"yes", "no"})
	return field
}

// secretFields returns the input of a secret's new value, and the box that removes the
// stored one.
func secretFields(field view.Field, e entry) []view.Field {
	field.Type, field.Value, field.Autocomplete = view.PasswordField, "", "new-password"
	if e.keep == "" {
		field.Hint = "It is stored encrypted, and never shown again."
		return []view.Field{field}
	}
	field.Hint = "Leave it empty to keep what is stored. The value is never shown."
	return []view.Field{field, {Name: unset + "." + e.member, Type: view.CheckField, Checked: e.unset,
		Label: "Remove the stored “" + Label(e.member) + "”"}}
}

// picker returns the inputs of a reference.
func (w Writer) picker(r federation.Reference, e entry) []view.Field {
	field := view.Field{Name: e.input(), Label: Label(r.Field), Value: e.text, Type: view.PickerField,
		Many: r.Many, Required: r.Required && e.keep == ""}
	var paths, texts []string
	for _, name := range r.Kinds {
		kind, _ := w.Kinds.Kind(name)
		paths, texts = append(paths, kind.Path), append(texts, Label(name))
		field.Links = append(field.Links, w.Paths.List(kind.Path))
	}
	if r.Many {
		field.Rows, field.Hint = rows(e.text, 3), "One name a line."
	}
	if len(paths) == 1 {
		field.Proposals = w.Paths.Proposals(paths[0])
		return []view.Field{field}
	}
	choice := view.Field{Name: ofKind + "." + e.member, Label: Label(r.Field) + ": kind",
		Type: view.SelectField, Options: options(e.kind, paths, texts)[1:]}
	field.Proposals, field.KindField = w.Paths.Proposals(""), choice.ID()
	return []view.Field{choice, field}
}

// hint returns what a value of the field must be.
func hint(f federation.Field) string {
	var parts []string
	switch {
	case f.Minimum != nil && f.Maximum != nil:
		parts = append(parts, fmt.Sprintf("From %d to %d.", *f.Minimum, *f.Maximum))
	case f.Minimum != nil:
		parts = append(parts, fmt.Sprintf("At least %d.", *f.Minimum))
	case f.Maximum != nil:
		parts = append(parts, fmt.Sprintf("At most %d.", *f.Maximum))
	}
	switch f.Format {
	case federation.DateTime:
		parts = append(parts, "A time such as 2026-01-31T12:00:00Z.")
	case federation.Bytes:
		parts = append(parts, "In base64.")
	case federation.UUID:
		parts = append(parts, "A UUID.")
	case federation.Float:
		parts = append(parts, "A number, NaN, Infinity or -Infinity.")
	}
	if len(f.Default) > 0 && f.Type != federation.Boolean && string(f.Default) != `""` {
		parts = append(parts, "Empty: "+string(f.Default)+".")
	}
	return strings.Join(parts, " ")
}

// capitals are words that are written so.
var capitals = map[string]string{"api": "API", "mcp": "MCP", "url": "URL", "id": "ID", "json": "JSON"}

// Label returns the name of a member for people: "Model config".
func Label(member string) string {
	words := strings.Split(member, "_")
	for i, word := range words {
		if capital := capitals[word]; capital != "" {
			words[i] = capital
		}
	}
	text := strings.Join(words, " ")
	if text[0] >= 'a' && text[0] <= 'z' {
		text = strings.ToUpper(text[:1]) + text[1:]
	}
	return text
}

// rows returns how many lines of an area show a text, at least least.
func rows(text string, least int) int {
	return min(max(strings.Count(text, "\n")+1+len(text)/100, least), 24)
}
