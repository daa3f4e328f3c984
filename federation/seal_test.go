package federation_test

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestDigestCoversKindLabelsNameAndSpec(t *testing.T) {
	t.Parallel()
	item := seal(t, "agent", "a", `{"b":1.0,"a":[]}`, map[string]string{"team": "x"})
	covered := `{"kind":"agent","labels":{"team":"x"},"name":"a","spec":{"a":[],"b":1}}`
	assert.Equal(t, federation.Digest(fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(covered)))),
		item.Digest)
	assert.Equal(t, `{"a":[],"b":1}`, string(item.Spec))

	later := item
	later.Version, later.UpdatedAt = 99, time.Now()
	again, err := later.Seal()
	require.NoError(t, err)
	assert.Equal(t, item.Digest, again.Digest, "version and time aren't content")
}

func TestDigestChangesWithContent(t *testing.T) {
	t.Parallel()
	digests := map[federation.Digest]bool{
		seal(t, "agent", "a", `{}`, nil).Digest:                               true,
		seal(t, "prompt", "a", `{}`, nil).Digest:                              true,
		seal(t, "agent", "b", `{}`, nil).Digest:                               true,
		seal(t, "agent", "a", `{"x":null}`, nil).Digest:                       true,
		seal(t, "agent", "a", `{}`, map[string]string{"x": ""}).Digest:        true,
		seal(t, "agent", "a", `{}`, map[string]string{"x": `","y":"`}).Digest: true,
	}
	assert.Len(t, digests, 6)
}

func TestSealReplacesNilLabelsByEmptyLabels(t *testing.T) {
	t.Parallel()
	item := seal(t, "agent", "a", `{}`, nil)
	assert.Equal(t, seal(t, "agent", "a", `{}`, map[string]string{}), item)
	assert.NotNil(t, item.Labels)
}

func TestAppendJSONIsCanonical(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := itemGen().Draw(t, "item").AppendJSON([]byte("x"))[1:]
		canonical, err := federation.Canonical(text)
		require.NoError(t, err)
		require.Equal(t, string(canonical), string(text))
	})
}

func TestAppendJSONWritesMicrosecondsInUTC(t *testing.T) {
	t.Parallel()
	item := seal(t, "agent", "a", `{}`, nil)
	item.UpdatedAt = time.Date(2026, 1, 1, 1, 0, 0, 999, time.FixedZone("", 3600))
	assert.Contains(t, string(item.AppendJSON(nil)),
		`"updated_at":"2026-01-01T00:00:00.000000Z","version":7}`)
}

func TestSealRefusesInvalidItem(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		item federation.Item
		code tenancy.Code
		path string
	}{
		"no spec":  {federation.Item{}, tenancy.CodeInvalid, "/spec"},
		"an array": {item("a", `[]`), tenancy.CodeInvalid, "/spec"},
		"null":     {item("a", `null`), tenancy.CodeInvalid, "/spec"},
		"bad JSON": {item("a", `{`), tenancy.CodeInvalidJSON, "/spec"},
		"a duplicate": {item("a", `{"x":{"y":1,"y":2}}`), tenancy.CodeInvalidJSON,
			"/spec/x/y"},
		"an inexact number": {item("a", `{"x":1e400}`), tenancy.CodeInexactNumber, "/spec/x"},
		"a name with NUL":   {item("\x00", `{}`), tenancy.CodeInvalid, "/name"},
		"a name in Latin-1": {item("caf\xe9", `{}`), tenancy.CodeInvalid, "/name"},
		"a label in Latin-1": {
			federation.Item{Labels: map[string]string{"a/b": "\xe9"}, Spec: json.RawMessage(`{}`)},
			tenancy.CodeInvalid, "/labels/a~1b"},
		"a label's key in Latin-1": {
			federation.Item{Labels: map[string]string{"\xe9": ""}, Spec: json.RawMessage(`{}`)},
			tenancy.CodeInvalid, "/labels/\uFFFD"},
		"a spec beyond MaxSpec": {item("a", `{"x":"`+strings.Repeat("y", federation.MaxSpec)+`"}`),
			tenancy.CodeTooLarge, "/spec"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sealed, err := tt.item.Seal()
			require.Equal(t, tt.code, tenancy.CodeOf(err))
			assert.Equal(t, tt.path, detailsOf(t, err)[0].Path)
			assert.Zero(t, sealed)
		})
	}
}

func TestDigesterHashesDigestsAsLines(t *testing.T) {
	t.Parallel()
	d := federation.NewDigester()
	assert.Equal(t, federation.Digest(
		"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"), d.Sum())
	d.Add("sha256:a")
	d.Add("sha256:b")
	assert.Equal(t, federation.Digest(
		fmt.Sprintf("sha256:%x", sha256.Sum256([]byte("sha256:a\nsha256:b\n")))), d.Sum())
	assert.Equal(t, d.Sum(), d.Sum())
	assert.Equal(t, 2, d.Count())
}

// item returns an agent that isn't sealed.
func item(name, spec string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: "agent", Name: name},
		Spec: json.RawMessage(spec)}
}
