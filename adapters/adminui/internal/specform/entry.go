package specform

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/federation"
)

// The ways in which an input holds the value of a member. The name of the input is the way,
// a dot and the name of the member: a form can be read without knowing how the kind was
// declared when the form was made.
const (
	asText   = "text"   // a string as it is
	asNumber = "number" // a JSON number, or a name of one that JSON lacks
	asBool   = "bool"   // true or false
	asJSON   = "json"   // any value
	asName   = "name"   // the name of an item; with a kind, {"kind", "name"}
	asNames  = "names"  // the names of items, one a line
	asSecret = "secret" // the new value of a secret

	ofKind = "kind"  // the path of the kind of a name
	keep   = "keep"  // the JSON that an empty input means
	unset  = "unset" // the secret is to be removed
)

// Other is the name of the input with all members that no field or reference declares.
const Other = "other"

// Names begins the names of the inputs that hold names, one a line.
const Names = asNames + "."

// Inputs returns the names of the inputs of all forms; one that ends with a dot is a prefix.
func Inputs() []string {
	names := []string{Other}
	for _, way := range append(ways(), ofKind, keep, unset) {
		names = append(names, way+".")
	}
	return names
}

func ways() []string {
	return []string{asText, asNumber, asBool, asJSON, asName, asNames, asSecret}
}

// entry is a member of a spec in a form.
type entry struct {
	member string
	way    string // empty: the form has only what is kept
	text   string
	kind   string // the path of the kind, of a name of one of several kinds
	keep   string // JSON; empty: an empty input means that the member is absent
	unset  bool
}

// input returns the name of the entry's input.
func (e entry) input() string { return e.way + "." + e.member }

// empty reports whether nothing was typed.
func (e entry) empty() bool {
	if e.way == asText || e.way == asSecret {
		return e.text == ""
	}
	return strings.TrimSpace(e.text) == ""
}

// value returns the JSON of the entry, nil if the member is absent. wrong says what is wrong
// with the text.
func (e entry) value(kinds *federation.Kinds) (value json.RawMessage, wrong string) {
	if e.empty() {
		return e.keptValue()
	}
	switch e.way {
	case asText, asSecret:
		return canonical(quote(e.text))
	case asNumber:
		return number(strings.TrimSpace(e.text))
	case asBool:
		return boolean(e.text)
	case asName:
		return e.reference(kinds)
	case asNames:
		return canonical(quoteAll(lines(e.text)))
	}
	return canonical([]byte(e.text))
}

// keptValue returns the value that an empty input means.
func (e entry) keptValue() (json.RawMessage, string) {
	if e.keep == "" || e.unset {
		return nil, ""
	}
	return canonical([]byte(e.keep))
}

// canonical returns the canonical form of what was typed, or says why it has none.
func canonical(text []byte) (json.RawMessage, string) {
	value, err := federation.Canonical(text)
	if err != nil {
		return nil, explain(text, err)
	}
	return value, ""
}

// floatNames are the strings for numbers that JSON lacks.
var floatNames = []string{"NaN", "Infinity", "-Infinity"}

func number(text string) (json.RawMessage, string) {
	if slices.Contains(floatNames, text) {
		return quote(text), ""
	}
	if value := jsontext.Value(text); !value.IsValid() || value.Kind() != jsontext.KindNumber {
		return nil, "Must be a number, such as 10 or 0.5."
	}
	return canonical([]byte(text))
}

func boolean(text string) (json.RawMessage, string) {
	if text != "true" && text != "false" {
		return nil, "Must be true or false."
	}
	return json.RawMessage(text), ""
}

// reference returns the JSON of a name. With a kind, it is an object.
func (e entry) reference(kinds *federation.Kinds) (json.RawMessage, string) {
	name := quote(strings.TrimSpace(e.text))
	if e.kind == "" {
		return canonical(name)
	}
	kind, ok := kinds.ByPath(e.kind)
	if !ok {
		return nil, "Must be of a kind of the list."
	}
	return canonical(Object(map[string]json.RawMessage{"kind": quote(kind.Name), "name": name}))
}

// lines returns the lines of text that aren't empty.
func lines(text string) []string {
	var all []string
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			all = append(all, line)
		}
	}
	return all
}

func quoteAll(texts []string) json.RawMessage {
	out := []byte{'['}
	for i, text := range texts {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, quote(text)...)
	}
	return append(out, ']')
}
