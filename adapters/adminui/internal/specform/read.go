package specform

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bailiwick-go/bailiwick/federation"
)

// fromForm returns the entries of a form that was sent, in the order of the kind's
// declaration, and the text of all other members.
func fromForm(kind federation.Kind, form url.Values) (entries []entry, other string) {
	found := map[string]*entry{}
	for name, values := range form {
		way, member, ok := strings.Cut(name, ".")
		if !ok || len(values) == 0 {
			continue
		}
		e := found[member]
		if e == nil {
			e = &entry{member: member}
			found[member] = e
		}
		e.take(way, plainLines(values[0]))
	}
	for _, member := range order(kind, found) {
		entries = append(entries, *found[member])
	}
	return entries, plainLines(form.Get(Other))
}

// take keeps the value of an input.
func (e *entry) take(way, value string) {
	switch way {
	case ofKind:
		e.kind = value
	case keep:
		e.keep = value
	case unset:
		e.unset = value != ""
	default:
		if e.way == "" || way < e.way { // a forged form may have several
			e.way, e.text = way, value
		}
	}
}

// plainLines returns the text of an input with the line ends that it had before the browser
// changed them (HTML, section 4.10.11.2).
func plainLines(text string) string { return strings.ReplaceAll(text, "\r\n", "\n") }

// order returns the members of a form: the declared ones as they are declared, then the
// others.
func order(kind federation.Kind, found map[string]*entry) []string {
	var members []string
	add := func(member string) {
		if found[member] != nil && !slices.Contains(members, member) {
			members = append(members, member)
		}
	}
	for _, f := range kind.Fields {
		add(f.Name)
	}
	for _, r := range kind.References {
		add(r.Field)
	}
	var rest []string
	for member := range found {
		if !slices.Contains(members, member) {
			rest = append(rest, member)
		}
	}
	slices.Sort(rest)
	return append(members, rest...)
}

// Read returns the spec that a form says, in canonical form. wrong says by the names of
// inputs what is wrong with their text; the spec is then what could be read.
func Read(kinds *federation.Kinds, kind federation.Kind, form url.Values) (
	spec json.RawMessage, wrong map[string]string,
) {
	entries, other := fromForm(kind, form)
	wrong = map[string]string{}
	members := readOther(other, wrong)
	for _, e := range entries {
		value, fault := e.value(kinds)
		switch _, twice := members[e.member]; {
		case !utf8.ValidString(e.member):
			wrong[Other] = "Must be UTF-8 text."
		case fault != "":
			wrong[e.input()] = fault
		case twice:
			wrong[Other] = "Has the member " + string(quote(e.member)) + ", which has a field above."
		case value != nil:
			members[e.member] = value
		}
	}
	return sorted(Object(members)), wrong
}

// sorted returns the canonical form of an object. One that has none is refused by the API.
func sorted(spec json.RawMessage) json.RawMessage {
	if text, err := federation.Canonical(spec); err == nil {
		return text
	}
	return spec
}

// readOther returns the members that no field declares.
func readOther(text string, wrong map[string]string) map[string]json.RawMessage {
	none := map[string]json.RawMessage{}
	if strings.TrimSpace(text) == "" {
		return none
	}
	value, fault := canonical([]byte(text))
	if fault != "" {
		wrong[Other] = fault
		return none
	}
	members, ok := Members(value)
	if !ok {
		wrong[Other] = `Must be a JSON object, such as {"owner": "ann"}.`
		return none
	}
	return members
}
