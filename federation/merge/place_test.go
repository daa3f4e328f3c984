package merge_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/merge"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const placesSpec = `{"a":{"b":1,"":2},"l":[{"u":"x"},[3]],"t/~":"z","n":null}`

func TestValueIsFoundAndPutAtAPlace(t *testing.T) {
	t.Parallel()
	item := sealed(t, placesSpec, map[string]string{"a/b": "c"})
	for place, want := range map[string]string{
		"/spec/a/b": "1", "/spec/a/": "2", "/spec/l/0/u": `"x"`, "/spec/l/1/0": "3", "/spec/n": "null",
		"/spec/t~1~0": `"z"`, "/labels/a~1b": `"c"`, "/spec/a/new": "", "/spec/l/2": "",
		"/spec/l/01": "", "/spec/l/-": "", "/spec/a/b/c": "", "/spec/n/x": "", "/labels/a": "",
	} {
		got, err := merge.At(item, place)
		require.NoError(t, err, place)
		assert.Equal(t, want, string(got), place)
	}
	for place, want := range map[string]string{
		"/spec/a/b":   `{"a":{"b":9,"":2},"l":[{"u":"x"},[3]],"t/~":"z","n":null}`,
		"/spec/new":   `{"a":{"b":1,"":2},"l":[{"u":"x"},[3]],"t/~":"z","n":null,"new":9}`,
		"/spec/l/0/v": `{"a":{"b":1,"":2},"l":[{"u":"x","v":9},[3]],"t/~":"z","n":null}`,
		"/spec/l/1":   `{"a":{"b":1,"":2},"l":[{"u":"x"},9],"t/~":"z","n":null}`,
	} {
		got, err := merge.Put(item, place, json.RawMessage("9.0"))
		require.NoError(t, err, place)
		assert.Equal(t, sealed(t, want, item.Labels), got, place)
	}
	got, err := merge.Put(item, "/spec/a", nil)
	require.NoError(t, err)
	assert.JSONEq(t, `{"l":[{"u":"x"},[3]],"t/~":"z","n":null}`, string(got.Spec))
	got, err = merge.Put(item, "/labels/team", json.RawMessage(`"x"`))
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"a/b": "c", "team": "x"}, got.Labels)
}

func TestPlaceThatIsNotThereIsRefused(t *testing.T) {
	t.Parallel()
	item := sealed(t, placesSpec, nil)
	for _, place := range []string{"/spec/x/y", "/spec/a/b/c", "/spec/l/2", "/spec/l/-", "/spec/l/00",
		"/spec/l/+0", "/spec/n/x"} {
		_, err := merge.Put(item, place, json.RawMessage("1"))
		assert.ErrorIs(t, err, merge.ErrNoPlace, place)
	}
	_, err := merge.Put(item, "/spec/l/0", nil)
	assert.ErrorIs(t, err, merge.ErrNoPlace, "an element isn't removed")
	for _, place := range []string{"", "/", "spec", "/spec", "/labels", "/labels/a/b", "/name/x",
		"/spec/~2", "spec/a", "/version/1"} {
		_, err := merge.Put(item, place, json.RawMessage("1"))
		assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), place)
		_, err = merge.At(item, place)
		assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), place)
	}
	for _, value := range []string{"", "{", "1 2", "12345678901234567890", `"\u0000"`} {
		_, err := merge.Put(item, "/spec/x", json.RawMessage(value))
		assert.Error(t, err, value)
	}
	_, err = merge.Put(item, "/labels/x", json.RawMessage("1"))
	assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), "a label is a text")
}

// The value of a side can be taken in the place of a conflict: then nothing is left to decide.
func TestTakingASideAtEachConflictDecidesThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		tree := objects(3).Draw(t, "base")
		base, ours := itemOf(t, tree), itemOf(t, edited(t, tree, "ours"))
		theirs := itemOf(t, edited(t, tree, "theirs"))
		kind := federation.Kind{Name: "agent"}
		joined, conflicts, err := merge.Join(kind, merge.Sides{Base: &base, Ours: ours, Theirs: theirs})
		require.NoError(t, err)
		for _, c := range conflicts {
			here, err := merge.At(joined, c.Path)
			require.NoError(t, err)
			require.Equal(t, c.Ours, here, "the place of a conflict has the value of ours")
			there, err := merge.At(theirs, c.Path)
			require.NoError(t, err)
			require.Equal(t, c.Theirs, there)
			joined, err = merge.Put(joined, c.Path, c.Theirs)
			require.NoError(t, err)
		}
		other, against, err := merge.Join(kind, merge.Sides{Base: &base, Ours: theirs, Theirs: ours})
		require.NoError(t, err)
		require.Len(t, against, len(conflicts))
		require.Equal(t, other.Digest, joined.Digest, "it is what theirs keeps")
	})
}
