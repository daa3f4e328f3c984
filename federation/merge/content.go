package merge

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/federation"
)

// object is a JSON object. Its values are in canonical form, so that equal bytes are equal
// values.
type object map[string]json.RawMessage

// contentOf returns what is joined of an item: {"labels", "spec"}.
func contentOf(item federation.Item) (json.RawMessage, error) {
	labels, err := json.Marshal(item.Labels)
	if err == nil && len(item.Labels) > 0 {
		labels, err = federation.Canonical(labels)
	}
	if len(item.Labels) == 0 {
		labels = []byte("{}")
	}
	return object{"labels": labels, "spec": item.Spec}.encode(), err
}

// itemOf returns item with this content, sealed.
func itemOf(item federation.Item, content json.RawMessage) (federation.Item, error) {
	parts, err := splitObject(content)
	if err != nil {
		return federation.Item{}, err
	}
	item.Labels = nil
	if err := json.Unmarshal(parts["labels"], &item.Labels); err != nil {
		return federation.Item{}, err
	}
	item.Spec = parts["spec"]
	return item.Seal()
}

// atomicMembers are the references that are objects: {"kind", "name"}.
func atomicMembers(kind federation.Kind) map[jsontext.Pointer]bool {
	return placesOf(kind, func(r federation.Reference) bool { return !r.Many && len(r.Kinds) > 1 })
}

// setMembers are the lists of references.
func setMembers(kind federation.Kind) map[jsontext.Pointer]bool {
	return placesOf(kind, func(r federation.Reference) bool { return r.Many })
}

func placesOf(
	kind federation.Kind, chosen func(federation.Reference) bool,
) map[jsontext.Pointer]bool {
	places := map[jsontext.Pointer]bool{}
	for _, r := range kind.References {
		if chosen(r) {
			places[jsontext.Pointer("/spec").AppendToken(r.Field)] = true
		}
	}
	return places
}

// same reports whether two values are equal. nil, the absence of a value, equals only itself.
func same(a, b json.RawMessage) bool { return (a == nil) == (b == nil) && bytes.Equal(a, b) }

// isOf reports whether both sides are objects, or both lists, and the base too if there is one.
func isOf(bracket byte, base, ours, theirs json.RawMessage) bool {
	begins := func(raw json.RawMessage) bool { return len(raw) > 0 && raw[0] == bracket }
	return begins(ours) && begins(theirs) && (base == nil || begins(base))
}

// anySecret reports whether one of the values is a reference to a secret.
func anySecret(values ...json.RawMessage) bool {
	return slices.ContainsFunc(values, func(raw json.RawMessage) bool {
		_, is := federation.ParseSecretRef(raw)
		return is
	})
}

// names yields the names of the members of a and b, each once.
func names(a, b object) iter.Seq[string] {
	return func(yield func(string) bool) {
		for name := range a {
			if !yield(name) {
				return
			}
		}
		for name := range b {
			if _, seen := a[name]; !seen && !yield(name) {
				return
			}
		}
	}
}

// splitObject returns the members of an object, none of nil.
func splitObject(raw json.RawMessage) (object, error) {
	found := object{}
	err := each(raw, '{', func(d *jsontext.Decoder) error {
		name, err := d.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		value, err := d.ReadValue()
		found[key] = bytes.Clone(value)
		return err
	})
	return found, err
}

// splitList returns the elements of a list, none of nil.
func splitList(raw json.RawMessage) ([]json.RawMessage, error) {
	var found []json.RawMessage
	err := each(raw, '[', func(d *jsontext.Decoder) error {
		value, err := d.ReadValue()
		found = append(found, bytes.Clone(value))
		return err
	})
	return found, err
}

// each reads what is between the brackets of raw.
func each(raw json.RawMessage, bracket jsontext.Kind, read func(*jsontext.Decoder) error) error {
	if raw == nil {
		return nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	token, err := d.ReadToken()
	if err != nil {
		return fmt.Errorf("merge: an item isn't sealed: %w", err)
	}
	if token.Kind() != bracket {
		return fmt.Errorf("merge: an item isn't sealed: %s where %s is expected", token.Kind(), bracket)
	}
	for {
		switch d.PeekKind() {
		case '}', ']':
			return nil
		}
		if err := read(d); err != nil {
			return fmt.Errorf("merge: an item isn't sealed: %w", err)
		}
	}
}

// encode writes the object. The order of its members doesn't matter: the item is sealed after
// it, which sorts them.
func (o object) encode() json.RawMessage {
	text := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(o)) {
		if i > 0 {
			text = append(text, ',')
		}
		quoted, err := jsontext.AppendQuote(nil, name)
		if err != nil {
			panic("merge: a name that was read can't be written: " + err.Error())
		}
		text = append(append(append(text, quoted...), ':'), o[name]...)
	}
	return append(text, '}')
}

func encodeList(elements []json.RawMessage) json.RawMessage {
	text := []byte{'['}
	for i, element := range elements {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, element...)
	}
	return append(text, ']')
}
