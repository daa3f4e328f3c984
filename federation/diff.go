package federation

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// maxDifferences limits the differences that Diff returns for a spec.
const maxDifferences = 1000

// Difference is one place in which two items differ. If an item has no value in
// that place, its side is nil.
type Difference struct {
	Path string          `json:"path"` // a JSON Pointer: /labels/team, /spec/prompts/2
	From json.RawMessage `json:"from,omitempty"`
	To   json.RawMessage `json:"to,omitempty"`
}

// Diff returns the places in which the labels and specs of two sealed items
// differ, sorted by path. It compares objects member by member, arrays element by
// element at the same index, and any other value as a whole. A value that only
// one side has is one difference. An item without Spec, like the zero Item, has
// no members. Two items with the same ref have no difference exactly when they
// have the same digest.
//
// Diff never leaves out a difference, but it may report a larger value. If the
// specs differ in more than 1000 places, it compares the members of the spec as a
// whole, and if more than 1000 of them differ, the whole spec. Below a path of
// more than 512 bytes it compares values as a whole.
func Diff(from, to Item) []Difference {
	found := diffLabels(from.Labels, to.Labels)
	for _, depth := range []int{maxDepth, 1, 0} {
		w := walk{from: newCursor(specOf(from)), to: newCursor(specOf(to)), depth: depth}
		if w.value() && len(w.found) <= maxDifferences {
			found = append(found, w.found...)
			break
		}
		if depth == 0 { // not JSON: report both specs unchanged
			found = append(found, Difference{"/spec", from.Spec, to.Spec})
		}
	}
	slices.SortFunc(found, func(a, b Difference) int { return cmp.Compare(a.Path, b.Path) })
	return found
}

// specOf returns the item's spec, {} if it has none.
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

// label returns the value of a label as JSON, nil if there is none.
func label(labels map[string]string, key string) json.RawMessage {
	value, ok := labels[key]
	if !ok {
		return nil
	}
	return quoted(value)
}
