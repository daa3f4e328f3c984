package specform

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// Members returns the members of a JSON object; ok is false for any other value.
func Members(object json.RawMessage) (members map[string]json.RawMessage, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(object))
	if d.PeekKind() != jsontext.KindBeginObject {
		return nil, false
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	members = map[string]json.RawMessage{}
	for d.PeekKind() == jsontext.KindString {
		name, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		member := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, false
		}
		members[member] = bytes.Clone(value)
	}
	_, err := d.ReadToken()
	return members, err == nil
}

// Object returns the JSON object of the members, sorted by their names.
func Object(members map[string]json.RawMessage) json.RawMessage {
	out := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quote(name)...), ':'), members[name]...)
	}
	return append(out, '}')
}

// quote returns text as a JSON string. Text that isn't UTF-8 gives text that isn't JSON.
func quote(text string) json.RawMessage {
	quoted, err := jsontext.AppendQuote(nil, text)
	if err != nil {
		return nil
	}
	return quoted
}

// Text returns the text of a JSON string; ok is false for any other value.
func Text(raw json.RawMessage) (text string, ok bool) {
	if jsontext.Value(raw).Kind() != jsontext.KindString {
		return "", false
	}
	unquoted, err := jsontext.AppendUnquote(nil, raw)
	return string(unquoted), err == nil
}

// Texts returns the texts of a JSON array of strings; ok is false for any other value.
func Texts(raw json.RawMessage) (texts []string, ok bool) {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	if d.PeekKind() != jsontext.KindBeginArray {
		return nil, false
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, false
	}
	for d.PeekKind() == jsontext.KindString {
		token, err := d.ReadToken()
		if err != nil {
			return nil, false
		}
		texts = append(texts, token.String())
	}
	return texts, d.PeekKind() == jsontext.KindEndArray
}

// Indented returns JSON with a line for each member and element. Its numbers and strings
// are as they were.
func Indented(raw json.RawMessage) string {
	value := jsontext.Value(bytes.Clone(raw))
	if value.Indent(jsontext.WithIndent("  ")) != nil {
		return string(raw)
	}
	return string(value)
}
