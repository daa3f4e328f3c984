package federation

import (
	"bytes"
	"encoding/json"

	"github.com/go-json-experiment/json/jsontext"
)

// member is one member of a JSON object.
type member struct {
	name  string
	value json.RawMessage
}

// isNull reports whether the value is null, which is the only JSON value that begins
// with n.
func (m member) isNull() bool { return m.value[0] == 'n' }

// valueKind returns the JSON kind of the value at the start of raw, invalid if
// there is no value.
func valueKind(raw json.RawMessage) jsontext.Kind { return jsontext.Value(raw).Kind() }

// splitObject returns the members of an object in their order. The values share
// the object's memory.
func splitObject(object json.RawMessage) ([]member, error) {
	var list []member
	c := newCursor(object)
	err := c.open(jsontext.KindBeginObject)
	for err == nil && c.more() {
		var m member
		if m.name, err = c.name(); err != nil {
			break
		}
		m.value, err = c.value()
		list = append(list, m)
	}
	return list, err
}

// splitArray returns the elements of an array. They share the array's memory.
func splitArray(array json.RawMessage) ([]json.RawMessage, error) {
	var list []json.RawMessage
	c := newCursor(array)
	err := c.open(jsontext.KindBeginArray)
	for err == nil && c.more() {
		var value json.RawMessage
		value, err = c.value()
		list = append(list, value)
	}
	return list, err
}

// appendObject appends an object with these members. It is in canonical form if
// the values are and the members are sorted.
func appendObject(b []byte, members []member) []byte {
	b = append(b, '{')
	for i, m := range members {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, m.name), ':')
		b = append(b, m.value...)
	}
	return append(b, '}')
}

// cursor reads a JSON text in memory. The values that it returns share the
// memory of the text.
type cursor struct {
	text []byte
	d    *jsontext.Decoder
}

func newCursor(text []byte) *cursor {
	return &cursor{text, jsontext.NewDecoder(bytes.NewBuffer(text))}
}

// open reads the bracket that begins an object or array.
func (c *cursor) open(bracket jsontext.Kind) error {
	token, err := c.d.ReadToken()
	if err != nil {
		return syntaxError(err)
	}
	if token.Kind() != bracket {
		return errNotSealed
	}
	return nil
}

// more reports whether another member or element follows. After the last one it
// reads the closing bracket.
func (c *cursor) more() bool {
	kind := c.d.PeekKind()
	if kind != jsontext.KindEndObject && kind != jsontext.KindEndArray {
		return true // or an error, which the next read returns
	}
	_, err := c.d.ReadToken()
	return err != nil
}

// name reads the name of a member.
func (c *cursor) name() (string, error) {
	token, err := c.d.ReadToken()
	if err != nil {
		return "", syntaxError(err)
	}
	return token.String(), nil
}

// value reads a whole value.
func (c *cursor) value() (json.RawMessage, error) {
	v, err := c.d.ReadValue()
	if err != nil {
		return nil, syntaxError(err)
	}
	end := c.d.InputOffset()
	start := end - int64(len(v))
	return c.text[start:end:end], nil
}
