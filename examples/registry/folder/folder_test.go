package folder_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/examples/registry/folder"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
)

// bundleOf returns a bundle with these items.
func bundleOf(t require.TestingT, items ...federation.Item) []byte {
	digester := federation.NewDigester()
	for i := range items {
		if items[i].Version == 0 {
			items[i].Version = 1
		}
		var err error
		items[i], err = items[i].Seal()
		require.NoError(t, err)
	}
	slices.SortFunc(items, func(a, b federation.Item) int { return a.Ref.Compare(b.Ref) })
	var texts [][]byte
	for _, item := range items {
		digester.Add(item.Digest)
		texts = append(texts, item.AppendJSON(nil))
	}
	return withManifest(t, federation.Manifest{Source: federation.Source{
		Instance: "01900000-0000-7000-8000-000000000001", Tenant: "staging", Revision: 12},
		Count: digester.Count(), Digest: digester.Sum()}, bytes.Join(texts, []byte{','}))
}

func withManifest(t require.TestingT, m federation.Manifest, items []byte) []byte {
	var b bytes.Buffer
	require.NoError(t, m.Write(&b, bytes.NewReader(items)))
	return b.Bytes()
}

// inForm returns a bundle with another manifest: of version 1, or of version 2 with a signature.
func inForm(t require.TestingT, bundle []byte, form string) []byte {
	reader := federation.ReadBundle(bytes.NewReader(bundle))
	var texts [][]byte
	for item, err := range reader.Items() {
		require.NoError(t, err)
		texts = append(texts, item.AppendJSON(nil))
	}
	m := reader.Manifest()
	switch form {
	case "version 1":
		m.FormatVersion = 1
	case "signed":
		m.Signature = trust.Sign(m, ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	}
	return withManifest(t, m, bytes.Join(texts, []byte{','}))
}

func itemNamed(kind, name, spec string) federation.Item {
	return federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: json.RawMessage(spec)}
}

// unpacked returns a new folder with the bundle of these items.
func unpacked(t *testing.T, n folder.Notation, items ...federation.Item) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "config")
	_, err := folder.Unpack(bytes.NewReader(bundleOf(t, items...)), dir, n)
	require.NoError(t, err)
	return dir
}

// files returns the names of all files in a folder.
func files(t require.TestingT, dir string) (names []string) {
	require.NoError(t, filepath.WalkDir(dir, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			name, err = filepath.Rel(dir, name)
			names = append(names, filepath.ToSlash(name))
		}
		return err
	}))
	return names
}

func write(t *testing.T, text string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
}

func TestBundleIsAFolderOfReadableFiles(t *testing.T) {
	t.Parallel()
	item := itemNamed("agent", "team/Triage", `{"prompt":"Be kind.\nBe brief.\n","n":1e21,"on":"no",`+
		`"day":"2026-01-31","list":[{"a":1,"b":[]},"1e3",[true,null]],"$file":"x"}`)
	item.Labels = map[string]string{"env": "yes"}
	item.Version, item.UpdatedAt = 7, time.Date(2026, 1, 31, 12, 0, 0, 5000, time.UTC)
	dir := unpacked(t, folder.YAML, item)
	require.Equal(t, []string{".gitattributes", "bundle.yaml", "items/agent/team%2f!triage.texts/prompt.txt",
		"items/agent/team%2f!triage.yaml"}, files(t, dir))
	text, err := os.ReadFile(filepath.Join(dir, "items/agent/team%2f!triage.yaml"))
	require.NoError(t, err)
	require.Equal(t, `kind: "agent"
name: "team/Triage"
labels:
  env: "yes"
version: 7
updated_at: "2026-01-31T12:00:00.000005Z"
spec:
  "$$file": "x"
  day: "2026-01-31"
  list:
    - a: 1
      b: []
    - "1e3"
    - - true
      - null
  "n": 1.0e+21
  "on": "no"
  prompt:
    "$file": "prompt.txt"
`, string(text))
	text, err = os.ReadFile(filepath.Join(dir, "items/agent/team%2f!triage.texts/prompt.txt"))
	require.NoError(t, err)
	require.Equal(t, "Be kind.\nBe brief.\n", string(text))
}

func TestPackLeavesOutTheSignatureOfChangedItems(t *testing.T) {
	t.Parallel()
	bundle := inForm(t, bundleOf(t, itemNamed("agent", "a", `{"n":1}`)), "signed")
	dir := filepath.Join(t.TempDir(), "config")
	_, err := folder.Unpack(bytes.NewReader(bundle), dir, folder.JSON)
	require.NoError(t, err)
	name := filepath.Join(dir, "items/agent/a.json")
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(name, bytes.Replace(text, []byte(`"n": 1`), []byte(`"n": 2`), 1), 0o644))
	m, err := folder.Pack(dir, io.Discard)
	require.NoError(t, err)
	require.True(t, m.Signature.IsZero())
	require.EqualValues(t, 12, m.Source.Revision)

	require.NoError(t, os.WriteFile(name, text, 0o644))
	m, err = folder.Pack(dir, io.Discard)
	require.NoError(t, err)
	require.False(t, m.Signature.IsZero())
}

// What is unpacked and packed is the same, byte by byte, and another reader of YAML agrees about
// the types.
func TestPackIsTheInverseOfUnpack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		var items []federation.Item
		for i, name := range rapid.SliceOfNDistinct(texts(1), 0, 5, rapid.ID[string]).Draw(t, "names") {
			spec, err := json.Marshal(object(3).Draw(t, "spec"))
			require.NoError(t, err)
			item := itemNamed(rapid.SampledFrom([]string{"agent", "mcp_server"}).Draw(t, "kind"), name,
				string(spec))
			item.Labels = rapid.MapOfN(texts(1), texts(0), 0, 2).Draw(t, "labels")
			item.Version = rapid.Int64Range(1, federation.MaxVersion).Draw(t, "version")
			item.UpdatedAt = time.UnixMicro(rapid.Int64Range(-1e15, 1e16).Draw(t, "time") + int64(i)).UTC()
			items = append(items, item)
		}
		bundle := inForm(t, bundleOf(t, items...),
			rapid.SampledFrom([]string{"version 1", "unsigned", "signed"}).Draw(t, "form"))
		for _, n := range []folder.Notation{folder.YAML, folder.JSON} {
			_, err := folder.Unpack(bytes.NewReader(bundle), dir, n)
			require.NoError(t, err)
			var again bytes.Buffer
			_, err = folder.Pack(dir, &again)
			require.NoError(t, err)
			require.Equal(t, string(bundle), again.String())
			for _, name := range files(t, dir) {
				require.LessOrEqual(t, len(filepath.Base(name)), 120)
				require.Equal(t, strings.ToLower(name), name)
				if strings.HasSuffix(name, ".yaml") {
					requireReadable(t, filepath.Join(dir, name))
				}
			}
		}
	})
}

// requireReadable requires that a common reader finds no date, no octal number and no truth value
// where none is.
func requireReadable(t require.TestingT, name string) {
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	var tree any
	require.NoError(t, yaml.Unmarshal(text, &tree))
	var check func(v any)
	check = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, member := range v {
				check(member)
			}
		case []any:
			for _, element := range v {
				check(element)
			}
		case nil, bool, string, int, int64, uint64, float64:
		default:
			require.Failf(t, "another type", "%T in %s", v, text)
		}
	}
	check(tree)
}

// texts generates texts that others have trouble with.
func texts(least int) *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.SampledFrom([]string{"no", "1e3", "2026-01-31", "0x1F", "010", "~", "null", "CON", "con.x",
			"a/b", "A", "a", "..", ".", ".git", "x.", "é", "e\u0301", "$file", "$$file", "<<", "- a", "a: b",
			"#", "\u0085\u2028\u2029\ufeff", "\x7f\x01", "😀", "a\r\nb\n", strings.Repeat("long ", 60),
			"x.yaml", "x.texts", "!a", "%41", "a~1"}),
		rapid.StringN(least, 30, 120).Filter(func(s string) bool { return !strings.Contains(s, "\x00") }),
	).Filter(func(s string) bool { return len(s) >= least && len(s) <= 256 })
}

func value(depth int) *rapid.Generator[any] {
	plain := rapid.OneOf(
		rapid.SampledFrom([]any{nil, true, false, 0.0, -1.5, 1e21, 1e-7, 123456789.0}),
		rapid.Map(texts(0), func(s string) any { return s }),
		rapid.Map(rapid.Float64Range(-1e300, 1e300), func(f float64) any { return f }))
	if depth == 0 {
		return plain
	}
	return rapid.OneOf(plain,
		rapid.Custom(func(t *rapid.T) any { return rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "list") }),
		rapid.Custom(func(t *rapid.T) any { return object(depth-1).Draw(t, "object") }))
}

func object(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		return rapid.MapOfN(texts(0), value(depth), 0, 4).Draw(t, "members")
	})
}
