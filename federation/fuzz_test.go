package federation_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
)

func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		`{"b":[1.0,1e2,-0,"\u20ac"],"a":null}`, `"\ud83d\ude00"`, `[1e400]`, `{"a":1,"a":2}`,
		`["\u0000"]`, `[0.1000000000000000055]`, ` [ ] `, `{`,
		"x" + strings.Repeat("[", 101), `{"a" ` + strings.Repeat("[", 101),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		once, err := federation.Canonical(raw)
		require.Equal(t, before, raw, "the input must not change")
		if err != nil {
			return
		}
		twice, err := federation.Canonical(once)
		require.NoError(t, err)
		require.Equal(t, string(once), string(twice))

		var want, got any
		require.NoError(t, json.Unmarshal(raw, &want))
		require.NoError(t, json.Unmarshal(once, &got))
		require.Equal(t, zeroes(want), zeroes(got))
	})
}

// zeroes replaces -0, which RFC 8785 writes as 0.
func zeroes(v any) any {
	switch v := v.(type) {
	case float64:
		return v + 0
	case []any:
		for i := range v {
			v[i] = zeroes(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = zeroes(v[k])
		}
	}
	return v
}

func FuzzReadBundle(f *testing.F) {
	f.Add(golden(f))
	f.Add(readGolden(f, goldenFile1))
	f.Add(bundleOf(f))
	f.Add([]byte(`{"format_version":3}`))
	f.Add([]byte(`{"items":[{"kind":"a"`))
	f.Add(indented(f, golden(f)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		items, manifest, err := readAll(bytes.NewReader(raw))
		if err != nil {
			return
		}
		written := write(t, manifest, items)
		again, manifestAgain, err := readAll(bytes.NewReader(written))
		require.NoError(t, err)
		require.Equal(t, items, again)
		require.Equal(t, manifest, manifestAgain)
		require.JSONEq(t, string(withoutTimes(t, raw)), string(withoutTimes(t, written)))
	})
}

// withoutTimes drops the times, which reading converts to UTC and microseconds.
func withoutTimes(t *testing.T, bundle []byte) []byte {
	t.Helper()
	var tree map[string]any
	require.NoError(t, json.Unmarshal(bundle, &tree))
	for _, item := range tree["items"].([]any) {
		delete(item.(map[string]any), "updated_at")
	}
	normal, err := json.Marshal(tree)
	require.NoError(t, err)
	return normal
}
