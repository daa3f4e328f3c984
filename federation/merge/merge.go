package merge

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/bailiwick-go/bailiwick/federation"
)

// maxConflicts limits the conflicts that one item reports by themselves.
const maxConflicts = 1000

// Sides are the contents of one item: what both sides come from, what the target has, and what
// the source has. They are sealed, and of one kind and name. Without a Base, each side has
// added all that it has.
type Sides struct {
	Base         *federation.Item
	Ours, Theirs federation.Item
}

// Conflict is a place that both sides changed, each to another value. A value is nil if the side
// has none in that place.
type Conflict struct {
	Path   string          `json:"path"` // a JSON Pointer: /spec/model
	Base   json.RawMessage `json:"base,omitempty"`
	Ours   json.RawMessage `json:"ours,omitempty"`
	Theirs json.RawMessage `json:"theirs,omitempty"`
}

// Join returns Ours with what only Theirs changed, sealed, and the conflicts, sorted by path, in
// whose places the item has what Ours has. It has the version and the time of Ours. Whether the
// kind allows what comes out is for [federation.Kinds.Check] to say.
//
// If an item has more than 1000 conflicts, the members of the spec that hold them are reported
// as a whole, and if those are more than 1000, the whole spec.
func Join(kind federation.Kind, s Sides) (federation.Item, []Conflict, error) {
	base := federation.Item{Spec: json.RawMessage("{}")}
	if s.Base != nil {
		base = *s.Base
	}
	ours, err := contentOf(s.Ours)
	if err != nil {
		return federation.Item{}, nil, err
	}
	theirs, err := contentOf(s.Theirs)
	if err != nil {
		return federation.Item{}, nil, err
	}
	from, err := contentOf(base)
	if err != nil {
		return federation.Item{}, nil, err
	}
	j := joiner{atomic: atomicMembers(kind), sets: setMembers(kind)}
	var joined json.RawMessage
	for _, depth := range []int{unlimited, 2, 1} {
		j.conflicts, j.depth = nil, depth
		if joined = j.object("", from, ours, theirs, 0); j.err != nil {
			return federation.Item{}, nil, j.err
		}
		if len(j.conflicts) <= maxConflicts {
			break
		}
	}
	item, err := itemOf(s.Ours, joined)
	slices.SortFunc(j.conflicts, func(a, b Conflict) int { return cmp.Compare(a.Path, b.Path) })
	return item, j.conflicts, err
}

// unlimited is a depth that no item has.
const unlimited = 1 << 20

// joiner joins the values of one item. The places of values are known by their depth: /labels
// and /spec have the depth 1, the members of the spec 2.
type joiner struct {
	atomic    map[jsontext.Pointer]bool // objects that are joined as a whole
	sets      map[jsontext.Pointer]bool // lists that are sets
	depth     int                       // objects below it are joined as a whole
	conflicts []Conflict
	err       error
}

// value joins the values at one place; nil is the absence of a value.
func (j *joiner) value(
	at jsontext.Pointer, base, ours, theirs json.RawMessage, depth int,
) json.RawMessage {
	switch {
	case same(ours, theirs), same(base, theirs):
		return ours
	case same(base, ours):
		return theirs
	case j.sets[at] && isOf('[', base, ours, theirs):
		return j.set(base, ours, theirs)
	case depth < j.depth && !j.atomic[at] && isOf('{', base, ours, theirs) &&
		!anySecret(base, ours, theirs):
		return j.object(at, base, ours, theirs, depth)
	}
	j.conflicts = append(j.conflicts, Conflict{string(at), base, ours, theirs})
	return ours
}

// object joins objects member by member.
func (j *joiner) object(
	at jsontext.Pointer, base, ours, theirs json.RawMessage, depth int,
) json.RawMessage {
	from, left, right := j.members(base), j.members(ours), j.members(theirs)
	joined := object{}
	for name := range names(left, right) {
		value := j.value(at.AppendToken(name), from[name], left[name], right[name], depth+1)
		if value != nil {
			joined[name] = value
		}
	}
	return joined.encode()
}

// set joins lists without repetition: those of ours that theirs didn't remove, in their order,
// and after them those that theirs added.
func (j *joiner) set(base, ours, theirs json.RawMessage) json.RawMessage {
	from, left, right := j.elements(base), j.elements(ours), j.elements(theirs)
	inBase, inOurs, inTheirs := among(from), among(left), among(right)
	joined := []json.RawMessage{}
	for _, element := range left {
		if inTheirs[string(element)] || !inBase[string(element)] {
			joined = append(joined, element)
		}
	}
	for _, element := range right {
		if !inBase[string(element)] && !inOurs[string(element)] {
			joined = append(joined, element)
		}
	}
	return encodeList(joined)
}

func among(list []json.RawMessage) map[string]bool {
	found := make(map[string]bool, len(list))
	for _, element := range list {
		found[string(element)] = true
	}
	return found
}

// members returns the members of an object, none of nil.
func (j *joiner) members(raw json.RawMessage) object {
	members, err := splitObject(raw)
	if err != nil {
		j.err = err
	}
	return members
}

// elements returns the elements of a list, none of nil.
func (j *joiner) elements(raw json.RawMessage) []json.RawMessage {
	elements, err := splitList(raw)
	if err != nil {
		j.err = err
	}
	return elements
}
