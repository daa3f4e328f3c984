package merge_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/merge"
)

// The model merges another way: it turns each side into the places that it changed since the
// base, finds the pairs of them that collide, and writes those that don't into the base.

// path is a place, as the names that lead to it.
type path []string

func (p path) String() string { return strings.Join(p, "\x1f") }

func (p path) above(other path) bool {
	return len(p) <= len(other) && slices.Equal(p, other[:len(p)])
}

// change is a place with its new value; a removal has none.
type change struct {
	at      path
	removed bool
	value   any
}

// changesOf returns what leads from one value to another.
func changesOf(at path, from any, had bool, to any, has bool) []change {
	left, isLeft := from.(map[string]any)
	right, isRight := to.(map[string]any)
	switch {
	case had == has && reflect.DeepEqual(from, to):
		return nil
	case !has:
		return []change{{at: at, removed: true}}
	case !isRight || had && !isLeft || !had && len(right) == 0:
		return []change{{at: at, value: to}}
	}
	var all []change
	names := map[string]bool{}
	for name := range left {
		names[name] = true
	}
	for name := range right {
		names[name] = true
	}
	for name := range names {
		was, had := left[name]
		is, has := right[name]
		all = append(all, changesOf(append(slices.Clone(at), name), was, had, is, has)...)
	}
	return all
}

// collide reports whether two changes can't both be made.
func collide(a, b change) bool {
	if !a.at.above(b.at) && !b.at.above(a.at) {
		return false
	}
	if len(a.at) == len(b.at) {
		return a.removed != b.removed || !reflect.DeepEqual(a.value, b.value)
	}
	upper := a
	if len(b.at) < len(a.at) {
		upper = b
	}
	empty, isObject := upper.value.(map[string]any)
	return !isObject || len(empty) > 0 // an added empty object takes members
}

// put makes a change in a tree of objects, with what leads to it.
func put(tree map[string]any, c change) {
	for _, name := range c.at[:len(c.at)-1] {
		below, ok := tree[name].(map[string]any)
		if !ok {
			below = map[string]any{}
			tree[name] = below
		}
		tree = below
	}
	last := c.at[len(c.at)-1]
	if c.removed {
		delete(tree, last)
		return
	}
	if _, isObject := c.value.(map[string]any); isObject {
		if _, there := tree[last].(map[string]any); there {
			return // the empty object, whose members came first
		}
	}
	tree[last] = c.value
}

func clone(v any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	copied := map[string]any{}
	for name, value := range object {
		copied[name] = clone(value)
	}
	return copied
}

// edited returns a tree with some of its places changed.
func edited(t *rapid.T, tree map[string]any, label string) map[string]any {
	tree = clone(tree).(map[string]any)
	for i := range rapid.IntRange(0, 4).Draw(t, label) {
		at := rapid.SliceOfN(names, 1, 3).Draw(t, fmt.Sprint(label, i))
		c := change{at: at, removed: rapid.Bool().Draw(t, "removed")}
		if !c.removed {
			c.value = values(2).Draw(t, "value")
		}
		here := tree
		for _, name := range at[:len(at)-1] {
			below, ok := here[name].(map[string]any)
			if !ok {
				below = map[string]any{}
				if !c.removed {
					here[name] = below
				}
			}
			here = below
		}
		if c.removed {
			delete(here, at[len(at)-1])
		} else {
			here[at[len(at)-1]] = c.value
		}
	}
	return tree
}

var names = rapid.SampledFrom([]string{"a", "b", "c", "é", "a/b", "~"})

// values generates JSON values with objects of this depth.
func values(depth int) *rapid.Generator[any] {
	plain := rapid.SampledFrom([]any{nil, true, 1.0, 2.0, "x", "y", []any{}, []any{1.0}, []any{1.0, 2.0}})
	if depth == 0 {
		return plain
	}
	object := rapid.Custom(func(t *rapid.T) any { return objects(depth-1).Draw(t, "object") })
	return rapid.OneOf(plain, object)
}

func objects(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		return rapid.MapOfN(names, values(depth), 0, 4).Draw(t, "members")
	})
}

func itemOf(t require.TestingT, tree map[string]any) federation.Item {
	text, err := json.Marshal(tree)
	require.NoError(t, err)
	return sealed(t, string(text), nil)
}

func TestJoinAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tree := objects(3).Draw(t, "base")
		ours, theirs := edited(t, tree, "ours"), edited(t, tree, "theirs")
		base := itemOf(t, tree)
		got, conflicts, err := merge.Join(federation.Kind{Name: "agent"}, merge.Sides{Base: &base,
			Ours: itemOf(t, ours), Theirs: itemOf(t, theirs)})
		require.NoError(t, err)

		left, right := changesOf(nil, tree, true, ours, true), changesOf(nil, tree, true, theirs, true)
		want, collisions := clone(ours).(map[string]any), 0
		slices.SortFunc(right, func(a, b change) int { return len(b.at) - len(a.at) })
		for _, c := range right {
			against := slices.ContainsFunc(left, func(l change) bool { return collide(l, c) })
			if against {
				collisions++
				continue
			}
			put(want, c)
		}
		require.Equal(t, collisions > 0, len(conflicts) > 0)
		if collisions == 0 {
			require.JSONEq(t, string(itemOf(t, want).Spec), string(got.Spec))
		}
	})
}

// What only one side changed is never lost, whatever else is in conflict.
func TestChangeOfOneSideIsKept(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tree := objects(3).Draw(t, "base")
		base, ours := itemOf(t, tree), itemOf(t, edited(t, tree, "ours"))
		theirs := itemOf(t, edited(t, tree, "theirs"))
		kind := federation.Kind{Name: "agent"}
		joined, conflicts, err := merge.Join(kind, merge.Sides{Base: &base, Ours: ours, Theirs: theirs})
		require.NoError(t, err)
		swapped, against, err := merge.Join(kind, merge.Sides{Base: &base, Ours: theirs, Theirs: ours})
		require.NoError(t, err)

		require.Len(t, against, len(conflicts))
		for i, c := range conflicts {
			require.Equal(t, merge.Conflict{Path: c.Path, Base: c.Base, Ours: c.Theirs, Theirs: c.Ours},
				against[i], "the sides are treated alike")
		}
		if len(conflicts) == 0 {
			require.Equal(t, joined.Digest, swapped.Digest, "the sides are treated alike")
		}
		for _, none := range []struct {
			sides merge.Sides
			want  federation.Item
		}{{merge.Sides{Base: &base, Ours: ours, Theirs: base}, ours},
			{merge.Sides{Base: &base, Ours: base, Theirs: theirs}, theirs},
			{merge.Sides{Base: &base, Ours: ours, Theirs: ours}, ours},
			{merge.Sides{Ours: ours, Theirs: ours}, ours}} {
			item, found, err := merge.Join(kind, none.sides)
			require.NoError(t, err)
			require.Empty(t, found)
			require.Equal(t, none.want.Digest, item.Digest)
		}
	})
}

// A list of references is a set: the model is the algebra of sets.
func TestListsOfReferencesAreSets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		lists := rapid.SliceOfDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d", "e"}), rapid.ID[string])
		b, o, r := lists.Draw(t, "base"), lists.Draw(t, "ours"), lists.Draw(t, "theirs")
		base := itemOf(t, map[string]any{"prompts": b})
		item, conflicts, err := merge.Join(agent, merge.Sides{Base: &base,
			Ours: itemOf(t, map[string]any{"prompts": o}), Theirs: itemOf(t, map[string]any{"prompts": r})})
		require.NoError(t, err)
		require.Empty(t, conflicts)
		want := map[string]bool{}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			was, left, right := slices.Contains(b, name), slices.Contains(o, name), slices.Contains(r, name)
			if left && right || left && !was || right && !was {
				want[name] = true
			}
		}
		var got struct{ Prompts []string }
		require.NoError(t, json.Unmarshal(item.Spec, &got))
		require.ElementsMatch(t, slices.Collect(maps.Keys(want)), got.Prompts)
	})
}
