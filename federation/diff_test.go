package federation_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
)

func TestDiffNamesEveryPlace(t *testing.T) {
	t.Parallel()
	from := seal(t, "agent", "a", `{"same":[1,{"x":1}],"text":"a","gone":{"x":1},`+
		`"list":[1,2,3],"deep":{"a/b":{"~":1}},"type":[1],"`+"\ufb33"+`":1}`,
		map[string]string{"gone": "1", "same": "s", "other": "a"})
	to := seal(t, "agent", "a", `{"same":[1,{"x":1}],"text":"b",`+
		`"list":[1,9,3,4],"deep":{"a/b":{"~":2}},"new":null,"type":{"0":1},"😀":1}`,
		map[string]string{"same": "s", "other": "b", "a/b": ""})
	want := []string{
		`/labels/a~1b|-|""`,
		`/labels/gone|"1"|-`,
		`/labels/other|"a"|"b"`,
		`/spec/deep/a~1b/~0|1|2`,
		`/spec/gone|{"x":1}|-`,
		`/spec/list/1|2|9`,
		`/spec/list/3|-|4`,
		`/spec/new|-|null`,
		`/spec/text|"a"|"b"`,
		`/spec/type|[1]|{"0":1}`,
		"/spec/\ufb33|1|-",
		`/spec/😀|-|1`,
	}
	var got []string
	for _, d := range federation.Diff(from, to) {
		got = append(got, fmt.Sprintf("%s|%s|%s", d.Path, orDash(d.From), orDash(d.To)))
	}
	assert.Equal(t, want, got)
}

func orDash(raw json.RawMessage) string {
	if raw == nil {
		return "-"
	}
	return string(raw)
}

func TestDifferenceOmitsAbsentSideInJSON(t *testing.T) {
	t.Parallel()
	differences := federation.Diff(federation.Item{}, seal(t, "agent", "a", `{"x":null}`, nil))
	text, err := json.Marshal(differences)
	require.NoError(t, err)
	assert.Equal(t, `[{"path":"/spec/x","to":null}]`, string(text))
}

func TestDiffIsEmptyExactlyForEqualDigests(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := itemGen().Draw(t, "a"), itemGen().Draw(t, "b")
		b.Ref = a.Ref
		if rapid.Bool().Draw(t, "same spec") {
			b.Spec = a.Spec
		}
		if rapid.Bool().Draw(t, "same labels") {
			b.Labels = a.Labels
		}
		b, err := b.Seal()
		require.NoError(t, err)
		forth, back := federation.Diff(a, b), federation.Diff(b, a)
		require.Equal(t, a.Digest == b.Digest, len(forth) == 0)
		require.Equal(t, len(forth), len(back))
		for i, d := range forth {
			require.Equal(t, federation.Difference{Path: d.Path, From: d.To, To: d.From}, back[i])
		}
	})
}

func TestDiffReportsWholeValuesAboveItsLimits(t *testing.T) {
	t.Parallel()
	list := func(element string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(element+",", n), ",") + "]"
	}
	paths := func(from, to string) (paths []string) {
		for _, d := range federation.Diff(seal(t, "agent", "a", from, nil),
			seal(t, "agent", "a", to, nil)) {
			paths = append(paths, d.Path)
		}
		return paths
	}
	assert.Len(t, paths(`{"x":`+list("1", 1000)+`}`, `{"x":`+list("2", 1000)+`}`), 1000)
	assert.Equal(t, []string{"/spec/x", "/spec/y"},
		paths(`{"x":`+list("1", 1001)+`,"y":1}`, `{"x":`+list("2", 1001)+`,"y":2}`))

	var members []string
	for i := range 1001 {
		members = append(members, fmt.Sprintf(`"%d":1`, i))
	}
	assert.Equal(t, []string{"/spec"}, paths(`{}`, `{`+strings.Join(members, ",")+`}`))

	long := strings.Repeat("k", 600)
	assert.Equal(t, []string{"/spec/" + long}, paths(`{"`+long+`":[1,2]}`, `{"`+long+`":[3,4]}`))
}

func TestDiffOfInvalidJSONReportsWholeSpec(t *testing.T) {
	t.Parallel()
	differences := federation.Diff(of("agent", "a", `{"x":[1`), of("agent", "a", `{"x":[1,2]}`))
	require.Len(t, differences, 1)
	assert.Equal(t, "/spec", differences[0].Path)
}
