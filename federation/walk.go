package federation

import (
	"encoding/json"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// walk traverses two specs in parallel and records their differences. Both are in
// canonical form, so their members have the same order and one pass is enough. It
// stops after maxDifferences. The methods that compare return false if the walk
// stopped or a text isn't JSON.
type walk struct {
	from, to *cursor
	depth    int // levels to descend into; deeper values are compared as a whole
	path     []step
	length   int // of path, in bytes
	found    []Difference
}

// step is one token of a path: a member or an element. A JSON Pointer is built
// only for a difference, because most values have none.
type step struct {
	name  string
	index int // of an element; -1 for a member
}

// record adds a difference at the current path.
func (w *walk) record(from, to json.RawMessage) bool {
	path := jsontext.Pointer("/spec")
	for _, s := range w.path {
		if s.index >= 0 {
			s.name = strconv.Itoa(s.index)
		}
		path = path.AppendToken(s.name)
	}
	w.found = append(w.found, Difference{string(path), from, to})
	return len(w.found) <= maxDifferences
}

// descend runs compare with the path extended by s.
func (w *walk) descend(s step, compare func() bool) bool {
	w.path, w.length = append(w.path, s), w.length+len(s.name)+1
	ok := compare()
	w.path, w.length = w.path[:len(w.path)-1], w.length-len(s.name)-1
	return ok
}

// value compares the next value of each side.
func (w *walk) value() bool {
	kind := w.from.d.PeekKind()
	if kind == w.to.d.PeekKind() && len(w.path) < w.depth && w.length <= maxPath {
		switch kind {
		case jsontext.KindBeginObject:
			return w.object()
		case jsontext.KindBeginArray:
			return w.array()
		}
	}
	from, err := w.from.value()
	if err != nil {
		return false
	}
	to, err := w.to.value()
	if err != nil {
		return false
	}
	return string(from) == string(to) || w.record(from, to)
}

// onlyFrom records the next value of the side from, which the side to lacks.
func (w *walk) onlyFrom() bool {
	value, err := w.from.value()
	return err == nil && w.record(value, nil)
}

// onlyTo records the next value of the side to, which the side from lacks.
func (w *walk) onlyTo() bool {
	value, err := w.to.value()
	return err == nil && w.record(nil, value)
}

// array compares two arrays, element by element at the same index.
func (w *walk) array() bool {
	if w.from.open(jsontext.KindBeginArray) != nil || w.to.open(jsontext.KindBeginArray) != nil {
		return false
	}
	left, right := w.from.more(), w.to.more()
	for i := 0; left || right; i++ {
		compare := w.value
		if !right {
			compare = w.onlyFrom
		} else if !left {
			compare = w.onlyTo
		}
		if !w.descend(step{index: i}, compare) {
			return false
		}
		left, right = left && w.from.more(), right && w.to.more()
	}
	return true
}

// object compares two objects by merging their sorted members.
func (w *walk) object() bool {
	if w.from.open(jsontext.KindBeginObject) != nil ||
		w.to.open(jsontext.KindBeginObject) != nil {
		return false
	}
	left, right := w.from.member(), w.to.member()
	for left.ok || right.ok {
		order := compareUTF16(left.name, right.name)
		ok := false
		switch {
		case left.ok && (!right.ok || order < 0):
			ok = w.descend(step{left.name, -1}, w.onlyFrom)
			left = w.from.member()
		case right.ok && (!left.ok || order > 0):
			ok = w.descend(step{right.name, -1}, w.onlyTo)
			right = w.to.member()
		default:
			ok = w.descend(step{left.name, -1}, w.value)
			left, right = w.from.member(), w.to.member()
		}
		if !ok {
			return false
		}
	}
	return left.err == nil && right.err == nil
}

// memberName is the name of the next member. ok is false after the last member
// and after an error.
type memberName struct {
	name string
	ok   bool
	err  error
}

// member reads the name of the next member.
func (c *cursor) member() memberName {
	if !c.more() {
		return memberName{}
	}
	name, err := c.name()
	return memberName{name, err == nil, err}
}
