package merge_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/merge"
)

// agent has a list of references, an unordered one, and one of several kinds.
var agent = federation.Kind{Name: "agent", References: []federation.Reference{
	{Field: "prompts", Kinds: []string{"prompt"}, Many: true},
	{Field: "subject", Kinds: []string{"agent", "prompt"}},
}}

func sealed(t require.TestingT, spec string, labels map[string]string) federation.Item {
	item, err := federation.Item{Ref: federation.Ref{Kind: "agent", Name: "a"}, Labels: labels,
		Spec: json.RawMessage(spec)}.Seal()
	require.NoError(t, err)
	return item
}

// join joins specs; an empty base is none.
func join(t *testing.T, base, ours, theirs string) (spec string, conflicts []merge.Conflict) {
	t.Helper()
	s := merge.Sides{Ours: sealed(t, ours, nil), Theirs: sealed(t, theirs, nil)}
	if base != "" {
		item := sealed(t, base, nil)
		s.Base = &item
	}
	item, conflicts, err := merge.Join(agent, s)
	require.NoError(t, err)
	again, err := item.Seal()
	require.NoError(t, err)
	require.Equal(t, again, item, "it is sealed")
	return string(item.Spec), conflicts
}

func TestChangesInDifferentPlacesAreJoined(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ base, ours, theirs, want string }{
		"members": {`{"a":1,"b":2}`, `{"a":9,"b":2}`, `{"a":1,"b":8,"c":7}`, `{"a":9,"b":8,"c":7}`},
		"members at any depth": {`{"a":{"b":{"c":1,"d":2}}}`, `{"a":{"b":{"c":5,"d":2}}}`,
			`{"a":{"b":{"c":1}}}`, `{"a":{"b":{"c":5}}}`},
		"the same change":    {`{"a":1}`, `{"a":2}`, `{"a":2}`, `{"a":2}`},
		"removed by both":    {`{"a":1,"b":1}`, `{"b":1}`, `{"b":1}`, `{"b":1}`},
		"null is a value":    {`{"a":1}`, `{"a":null}`, `{"a":1,"b":null}`, `{"a":null,"b":null}`},
		"a type changed":     {`{"a":1,"b":1}`, `{"a":{"x":1},"b":1}`, `{"a":1,"b":[]}`, `{"a":{"x":1},"b":[]}`},
		"numbers by value":   {`{"a":1,"b":1}`, `{"a":1.0,"b":2}`, `{"a":1e0,"b":1}`, `{"a":1,"b":2}`},
		"without a base":     {"", `{"a":{"x":1},"c":1}`, `{"a":{"y":2},"c":1}`, `{"a":{"x":1,"y":2},"c":1}`},
		"names with slashes": {`{}`, `{"a/b":{"~":1}}`, `{"a/b":{"~1":2}}`, `{"a/b":{"~":1,"~1":2}}`},
		"references are a set": {`{"prompts":["a","b","c"]}`, `{"prompts":["c","x","b"]}`,
			`{"prompts":["a","y","c"]}`, `{"prompts":["c","x","y"]}`},
		"references without a base": {"", `{"prompts":["a"]}`, `{"prompts":["b","a"]}`,
			`{"prompts":["a","b"]}`},
		"the order of references is ours": {`{"prompts":["a","b"]}`, `{"prompts":["b","a"]}`,
			`{"prompts":["a","b","c"]}`, `{"prompts":["b","a","c"]}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, conflicts := join(t, c.base, c.ours, c.theirs)
			assert.Empty(t, conflicts)
			assert.Equal(t, c.want, got)
		})
	}
}

func TestDifferentChangesOfOnePlaceAreConflicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ base, ours, theirs, path string }{
		"a member":                        {`{"a":{"b":1}}`, `{"a":{"b":2}}`, `{"a":{"b":3}}`, "/spec/a/b"},
		"removed and changed":             {`{"a":1}`, `{}`, `{"a":2}`, "/spec/a"},
		"changed within what was removed": {`{"a":{"b":1,"c":1}}`, `{"a":{"b":2,"c":1}}`, `{}`, "/spec/a"},
		"other lists are values":          {`{"l":[1,2]}`, `{"l":[1,2,3]}`, `{"l":[0,1,2]}`, "/spec/l"},
		"an object and a list":            {`{"a":1}`, `{"a":{}}`, `{"a":[]}`, "/spec/a"},
		"added by both":                   {`{}`, `{"a":1}`, `{"a":2}`, "/spec/a"},
		"added without a base":            {"", `{"a":1}`, `{"a":2}`, "/spec/a"},
		"a value and an object":           {`{"a":1}`, `{"a":{"x":1}}`, `{"a":{"y":1}}`, "/spec/a"},
		"a reference is one value": {`{"subject":{"kind":"agent","name":"x"}}`,
			`{"subject":{"kind":"prompt","name":"x"}}`, `{"subject":{"kind":"agent","name":"y"}}`,
			"/spec/subject"},
		"a secret is one value": {`{"k":{"$secret":"a"}}`, `{"k":{"$secret":"b"}}`,
			`{"k":{"$secret":"c"}}`, "/spec/k"},
		"a secret and an object": {`{}`, `{"k":{"$secret":"b"}}`, `{"k":{"x":1}}`, "/spec/k"},
		"escaped":                {`{}`, `{"a/~":1}`, `{"a/~":2}`, "/spec/a~1~0"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, conflicts := join(t, c.base, c.ours, c.theirs)
			require.Len(t, conflicts, 1)
			assert.Equal(t, c.path, conflicts[0].Path)
			assert.NotEqual(t, conflicts[0].Ours, conflicts[0].Theirs)
			assert.Equal(t, string(sealed(t, c.ours, nil).Spec), got, "nothing is decided")
		})
	}
}

func TestLabelsAreJoinedByKey(t *testing.T) {
	t.Parallel()
	base := sealed(t, `{}`, map[string]string{"team": "a", "env": "x"})
	item, conflicts, err := merge.Join(agent, merge.Sides{Base: &base,
		Ours:   sealed(t, `{}`, map[string]string{"team": "b", "env": "x"}),
		Theirs: sealed(t, `{}`, map[string]string{"team": "c", "new/key": "1"})})
	require.NoError(t, err)
	assert.Equal(t, map[string]string{"team": "b", "new/key": "1"}, item.Labels)
	assert.Equal(t, []merge.Conflict{{Path: "/labels/team", Base: json.RawMessage(`"a"`),
		Ours: json.RawMessage(`"b"`), Theirs: json.RawMessage(`"c"`)}}, conflicts)
}

// A plan keeps every conflict, so an item may not have any number of them.
func TestManyConflictsAreReportedAsLargerOnes(t *testing.T) {
	t.Parallel()
	wide := func(value string, n int) string {
		members := make([]string, n)
		for i := range members {
			members[i] = fmt.Sprintf(`"m%d":%s`, i, value)
		}
		return "{" + strings.Join(members, ",") + "}"
	}
	below := func(value string) string { return `{"a":` + wide(value, 1001) + `,"b":1}` }
	_, conflicts := join(t, below("1"), below("2"), below("3"))
	require.Len(t, conflicts, 1)
	assert.Equal(t, "/spec/a", conflicts[0].Path)
	_, conflicts = join(t, wide("1", 1000), wide("2", 1000), wide("3", 1000))
	assert.Len(t, conflicts, 1000)
	_, conflicts = join(t, wide("1", 1001), wide("2", 1001), wide("3", 1001))
	require.Len(t, conflicts, 1)
	assert.Equal(t, "/spec", conflicts[0].Path)
}
