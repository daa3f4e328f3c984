package federation

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDifferences bounds what one item's Diff answers in detail.
const maxDifferences = 1000

// Difference is one place in which two items differ. The side that has nothing
// there is absent.
type Difference struct {
	Path string          `json:"path"` // a JSON Pointer: /labels/team, /spec/prompts/2
	From json.RawMessage `json:"from,omitempty"`
	To   json.RawMessage `json:"to,omitempty"`
}

// Diff answers where the labels and specs of two sealed items differ, sorted by
// path. Objects are compared member by member, arrays element by element at the
// same index; any other value as a whole. What only one side has is one
// difference. An item without Spec, like the zero Item, has no members. Two
// items of the same ref have no difference exactly when they have the same
// digest.
//
// Nothing is ever left out, but where the specs differ in more than 1000
// places, the members of the spec are compared as a whole, and if that are
// still too many, the spec is; and below a path of more than 512 bytes values
// are compared as a whole.
func Diff(from, to Item) []Difference {
	found := diffLabels(from.Labels, to.Labels)
	for _, depth := range []int{maxDepth, 1, 0} {
		w := walk{from: newCursor(specOf(from)), to: newCursor(specOf(to)), depth: depth}
		if w.value() && len(w.found) <= maxDifferences {
			found = append(found, w.found...)
			break
		}
		if depth == 0 { // not JSON: the specs as they are
			found = append(found, Difference{"/spec", from.Spec, to.Spec})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
	return found
}

func specOf(item Item) json.RawMessage {
	if len(item.Spec) == 0 {
		return json.RawMessage("{}")
	}
	return item.Spec
}

func diffLabels(from, to map[string]string) []Difference {
	all := make(map[string]bool, len(from)+len(to))
	for _, labels := range []map[string]string{from, to} {
		for key := range maps.Keys(labels) {
			all[key] = true
		}
	}
	var found []Difference
	for key := range all {
		a, b := label(from, key), label(to, key)
		if string(a) != string(b) {
			found = append(found, Difference{string(jsontext.Pointer("/labels").AppendToken(key)),
				a, b})
		}
	}
	return found
}

// label is the value of a label as JSON, nil if there is none.
func label(labels map[string]string, key string) json.RawMessage {
	value, ok := labels[key]
	if !ok {
		return nil
	}
	return quoted(value)
}
