package federation_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	goldenFile  = "testdata/bundle.v2.golden.json" // signed with signingKey
	goldenFile1 = "testdata/bundle.golden.json"
)

var (
	source = federation.Source{Instance: "0198c0de-0000-7000-8000-000000000001", Tenant: "staging",
		Revision: 4711}
	signingKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{1}, ed25519.SeedSize))
	publicKey  = signingKey.Public().(ed25519.PublicKey)
)

// goldenItems are the items of the golden bundle.
func goldenItems(t testing.TB) []federation.Item {
	return []federation.Item{
		seal(t, "agent", "äffchen 😀",
			`{"tools":[],"instructions":"Say \"hi\".\n\u001f","priority":1e21,"extends":null}`,
			map[string]string{"team": "zoo", "": "\ufb33", "😀": ""}),
		seal(t, "mcp_server", "io.github.acme/weather",
			`{"version":"1.0.2","remotes":[{"url":"https://example.com","type":"sse"}],`+
				`"weight":0.5}`, nil),
		seal(t, "model_config", "gpt",
			`{"api_key":{"$secret":"model_config/gpt/api_key"},"parameters":{"temperature":0.7}}`,
			map[string]string{"env": "prod"}),
	}
}

var moment = time.Date(2026, 2, 3, 4, 5, 6, 678901000, time.UTC)

func seal(t testing.TB, kind, name, spec string, labels map[string]string) federation.Item {
	t.Helper()
	item, err := federation.Item{
		Ref: federation.Ref{Kind: kind, Name: name}, Labels: labels, Spec: json.RawMessage(spec),
		Version: 7, UpdatedAt: moment,
	}.Seal()
	require.NoError(t, err)
	if kind != "agent" {
		item.Version = 1 // only agents have 7 and moment, so that a test can change one item
		item.UpdatedAt = moment.Add(time.Hour)
	}
	return item
}

func manifestOf(items []federation.Item) federation.Manifest {
	digests := federation.NewDigester()
	for _, item := range items {
		digests.Add(item.Digest)
	}
	return federation.Manifest{FormatVersion: 2, Source: source, Count: digests.Count(),
		Digest: digests.Sum()}
}

// signed returns the manifest with a signature by signingKey.
func signed(m federation.Manifest) federation.Manifest {
	m.Signature = federation.Signature{KeyID: "34750f98bd59fcfc",
		Value: ed25519.Sign(signingKey, m.SignedText())}
	return m
}

// version1 returns the manifest without what version 1 doesn't have.
func version1(m federation.Manifest) federation.Manifest {
	m.FormatVersion, m.Source.Revision, m.Signature = 1, 0, federation.Signature{}
	return m
}

func bundleOf(t testing.TB, items ...federation.Item) []byte {
	return write(t, manifestOf(items), items)
}

func write(t testing.TB, m federation.Manifest, items []federation.Item) []byte {
	t.Helper()
	var list, bundle bytes.Buffer
	for i, item := range items {
		if i > 0 {
			list.WriteByte(',')
		}
		list.Write(item.AppendJSON(nil))
	}
	require.NoError(t, m.Write(&bundle, &list))
	return bundle.Bytes()
}

func readAll(r io.Reader) ([]federation.Item, federation.Manifest, error) {
	var items []federation.Item
	b := federation.ReadBundle(r)
	for item, err := range b.Items() {
		if err != nil {
			return nil, federation.Manifest{}, err
		}
		items = append(items, item)
	}
	return items, b.Manifest(), nil
}

func golden(t testing.TB) []byte { return readGolden(t, goldenFile) }

func readGolden(t testing.TB, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}

func indented(t testing.TB, text []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, json.Indent(&b, text, "", "  "))
	return b.Bytes()
}

func member(t testing.TB, object []byte, name string) json.RawMessage {
	t.Helper()
	var members map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(object, &members))
	return members[name]
}

// itemsGen generates sealed items in the order of a bundle.
func itemsGen() *rapid.Generator[[]federation.Item] {
	return rapid.Custom(func(t *rapid.T) []federation.Item {
		items := rapid.SliceOfNDistinct(itemGen(), 0, 5,
			func(i federation.Item) federation.Ref { return i.Ref }).Draw(t, "items")
		slices.SortFunc(items, func(a, b federation.Item) int { return a.Ref.Compare(b.Ref) })
		return items
	})
}

func itemGen() *rapid.Generator[federation.Item] {
	text := rapid.StringN(0, 10, 40).
		Filter(func(s string) bool { return !strings.Contains(s, "\x00") })
	return rapid.Custom(func(t *rapid.T) federation.Item {
		item := federation.Item{
			Ref:     federation.Ref{Kind: text.Draw(t, "kind"), Name: text.Draw(t, "name")},
			Labels:  rapid.MapOfN(text, text, 0, 4).Draw(t, "labels"),
			Spec:    specGen(text).Draw(t, "spec"),
			Version: rapid.Int64Range(1, 1<<53).Draw(t, "version"),
			UpdatedAt: time.UnixMicro(rapid.Int64Range(-62135596800000000, 253402300799999999).
				Draw(t, "time")).UTC(),
		}
		sealed, err := item.Seal()
		require.NoError(t, err)
		return sealed
	})
}

// specGen generates JSON objects with nested values.
func specGen(text *rapid.Generator[string]) *rapid.Generator[json.RawMessage] {
	leaf := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.Float64(), func(f float64) any { return f }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Just[any](nil),
	)
	value := rapid.OneOf(leaf,
		rapid.Map(rapid.SliceOfN(leaf, 0, 4), func(a []any) any { return a }),
		rapid.Map(rapid.MapOfN(text, leaf, 0, 4), func(m map[string]any) any { return m }))
	return rapid.Map(rapid.MapOfN(text, value, 0, 5), func(m map[string]any) json.RawMessage {
		raw, err := json.Marshal(m)
		if err != nil {
			panic(err)
		}
		return raw
	})
}

// detailsOf returns the details of err, which must be a [tenancy.Error].
func detailsOf(t *testing.T, err error) []tenancy.Detail {
	t.Helper()
	var e *tenancy.Error
	require.ErrorAs(t, err, &e)
	return e.Details
}

// agentGen generates agents with references.
func agentGen() *rapid.Generator[federation.Item] {
	name := rapid.StringN(1, 8, 24).
		Filter(func(s string) bool { return tenancy.CheckName(s) == nil })
	return rapid.Custom(func(t *rapid.T) federation.Item {
		spec := map[string]any{"note": rapid.String().
			Filter(func(s string) bool { return !strings.Contains(s, "\x00") }).Draw(t, "note")}
		if rapid.Bool().Draw(t, "extends another") {
			spec["extends"] = name.Draw(t, "extends")
		}
		spec["prompts"] = rapid.SliceOfNDistinct(name, 0, 4, rapid.ID[string]).Draw(t, "prompts")
		raw, err := json.Marshal(spec)
		require.NoError(t, err)
		item, err := federation.Item{Ref: federation.Ref{Kind: "agent", Name: name.Draw(t, "name")},
			Spec: raw}.Seal()
		require.NoError(t, err)
		return item
	})
}
