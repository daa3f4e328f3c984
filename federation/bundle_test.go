package federation_test

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"flag"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestBundleMatchesGoldenFile(t *testing.T) {
	t.Parallel()
	items := goldenItems(t)
	for file, m := range map[string]federation.Manifest{
		goldenFile:  signed(manifestOf(items)),
		goldenFile1: version1(manifestOf(items)),
	} {
		got := write(t, m, items)
		if *update {
			require.NoError(t, os.WriteFile(file, got, 0o644))
		}
		text := readGolden(t, file)
		assert.Equal(t, string(text), string(got))

		canonical, err := federation.Canonical(got)
		require.NoError(t, err)
		assert.Equal(t, string(canonical), string(got), "a bundle is in canonical form")

		read, manifest, err := readAll(bytes.NewReader(text))
		require.NoError(t, err)
		assert.Equal(t, items, read)
		assert.Equal(t, m, manifest)
	}
}

func TestReadBundleReturnsTheWrittenItems(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		items := itemsGen().Draw(rt, "items")
		m := manifestOf(items)
		m.Source.Revision = rapid.Int64Range(0, 1<<53).Draw(rt, "revision")
		m.Source.Tenant = rapid.StringMatching(`[a-z"\\é]*`).Draw(rt, "tenant")
		switch rapid.IntRange(0, 2).Draw(rt, "form") {
		case 0:
			m = version1(m)
		case 1:
			m = signed(m)
		}
		written := write(t, m, items)
		got, manifest, err := readAll(bytes.NewReader(written))
		require.NoError(rt, err)
		require.Equal(rt, len(items), len(got))
		for i := range items {
			require.Equal(rt, items[i], got[i])
		}
		require.Equal(rt, m, manifest)
		require.Equal(rt, string(written), string(write(t, manifest, got)))
	})
}

func TestReadBundleAcceptsAnyWhiteSpaceAndMemberOrder(t *testing.T) {
	t.Parallel()
	want := goldenItems(t)
	bundle := golden(t)
	reversed := []byte(`{"source":{"tenant":"staging","revision":4.711e3,"instance":"` +
		source.Instance + `"},"signature":` + string(member(t, bundle, "signature")) +
		`,"items":` + string(member(t, bundle, "items")) +
		`,"format":"bailiwick.bundle","digest":` + string(member(t, bundle, "digest")) +
		`,"count":3.0,"format_version":2e0}`)
	for name, text := range map[string][]byte{
		"as written":           bundle,
		"indented":             indented(t, bundle),
		"members reversed":     reversed,
		"line feed at the end": append(bytes.Clone(bundle), '\n'),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, r := range []io.Reader{
				bytes.NewReader(text), iotest.OneByteReader(bytes.NewReader(text)),
				iotest.DataErrReader(bytes.NewReader(text))} {
				got, manifest, err := readAll(r)
				require.NoError(t, err)
				assert.Equal(t, want, got)
				assert.Equal(t, signed(manifestOf(want)), manifest)
			}
		})
	}
}

func TestReadBundleAcceptsEmptyBundle(t *testing.T) {
	t.Parallel()
	got, manifest, err := readAll(bytes.NewReader(bundleOf(t)))
	require.NoError(t, err)
	assert.Empty(t, got)
	assert.Equal(t, federation.NewDigester().Sum(), manifest.Digest)
}

func TestReadBundleRefusesEveryChangedByte(t *testing.T) {
	t.Parallel()
	bundle := golden(t)
	uncovered := regexp.MustCompile(`"version":(\d+)|"updated_at":"([^"]+)"|"key_id":"([^"]+)"`)
	changeable := make([]bool, len(bundle)) // the bytes that neither digest nor signature covers
	for _, groups := range uncovered.FindAllSubmatchIndex(bundle, -1) {
		for g := 2; g < len(groups); g += 2 {
			for i := groups[g]; i >= 0 && i < groups[g+1]; i++ {
				changeable[i] = true
			}
		}
	}
	for i := range bundle {
		for _, flip := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80} {
			changed := bytes.Clone(bundle)
			changed[i] ^= flip
			items, manifest, err := readAll(bytes.NewReader(changed))
			if err == nil && !ed25519.Verify(publicKey, manifest.SignedText(),
				manifest.Signature.Value) {
				continue
			}
			if err != nil {
				require.NotEqual(t, tenancy.CodeInternal, tenancy.CodeOf(err), "byte %d ^ %#x", i,
					flip)
				continue
			}
			if !changeable[i] {
				// Only another spelling of the same content may pass: "\u001F", 1E+21.
				require.Equal(t, string(bundle), string(write(t, manifest, items)), "byte %d ^ %#x",
					i, flip)
			}
		}
	}
}

func TestReadBundleDetectsChangedContentByDigest(t *testing.T) {
	t.Parallel()
	bundle := golden(t)
	content := regexp.MustCompile(`"(?:kind|name|team|env|version|url|type|\$secret)":"([^"]*)"`).
		FindAllSubmatchIndex(bundle, -1)
	require.NotEmpty(t, content)
	for _, group := range content {
		for i := group[2]; i < group[3]; i++ {
			if bundle[i] >= 0x80 {
				continue // an incomplete UTF-8 sequence wouldn't be JSON
			}
			changed := bytes.Clone(bundle)
			if changed[i]++; changed[i] == '"' || changed[i] == '\\' {
				changed[i] = '~'
			}
			_, _, err := readAll(bytes.NewReader(changed))
			require.Equal(t, tenancy.CodeDigestMismatch, tenancy.CodeOf(err), "byte %d", i)
		}
	}
}

func TestReadBundleRefusesEveryTruncation(t *testing.T) {
	t.Parallel()
	bundle := golden(t)
	for n := range bundle {
		_, _, err := readAll(bytes.NewReader(bundle[:n]))
		require.Equal(t, tenancy.CodeInvalidJSON, tenancy.CodeOf(err), "cut after %d bytes", n)
	}
}

func TestReadBundleRefusesMissingAndRepeatedItems(t *testing.T) {
	t.Parallel()
	items := goldenItems(t)
	original := manifestOf(items)
	for name, tt := range map[string]struct {
		items []federation.Item
		code  tenancy.Code
	}{
		"one missing": {items[:2], tenancy.CodeDigestMismatch},
		"one repeated": {[]federation.Item{items[0], items[1], items[1], items[2]},
			tenancy.CodeInvalid},
		"two swapped": {[]federation.Item{items[1], items[0], items[2]}, tenancy.CodeInvalid},
		"one replaced": {[]federation.Item{items[0], items[1],
			seal(t, "model_config", "gpt", `{}`, nil)}, tenancy.CodeDigestMismatch},
		"all missing": {nil, tenancy.CodeDigestMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, _, err := readAll(bytes.NewReader(write(t, original, tt.items)))
			assert.Equal(t, tt.code, tenancy.CodeOf(err))
		})
	}
}

func TestReadBundleRefusesInvalidBundle(t *testing.T) {
	t.Parallel()
	bundle := string(golden(t))
	tests := map[string]struct {
		old, new string
		code     tenancy.Code
		path     string
	}{
		"an unknown member": {`"count":3`, `"count":3,"extra":{"a":[1]}`,
			tenancy.CodeUnknownField, "/extra"},
		"an unknown member, then a newer version": {
			`{"count":3`, `{"aaa":{"x":[1]},"format_version":3,"count":3`,
			tenancy.CodeUnsupportedVersion, "/format_version"},
		"an unknown member of the source": {`"tenant":"staging"`, `"tenant":"staging","x":1`,
			tenancy.CodeUnknownField, "/source/x"},
		"an unknown member of an item": {`"version":7}`, `"version":7,"id":"x"}`,
			tenancy.CodeUnknownField, "/items/0/id"},
		"a newer version": {`"format_version":2`, `"format_version":3`,
			tenancy.CodeUnsupportedVersion, "/format_version"},
		"a newer version and a bad item": {`"format_version":2,"items":[{`,
			`"format_version":3,"items":[{"x":1,`, tenancy.CodeUnsupportedVersion,
			"/format_version"},
		"version 0": {`"format_version":2`, `"format_version":0`,
			tenancy.CodeInvalid, "/format_version"},
		"version 1.5": {`"format_version":2`, `"format_version":1.5`,
			tenancy.CodeInvalid, "/format_version"},
		"version 1e999": {`"format_version":2`, `"format_version":1e999`,
			tenancy.CodeInvalid, "/format_version"},
		"the version as text": {`"format_version":2`, `"format_version":"1"`,
			tenancy.CodeInvalid, "/format_version"},
		"no version": {`"format_version":2,`, ``, tenancy.CodeInvalid,
			"/format_version"},
		"another format": {`"bailiwick.bundle"`, `"bailiwick.plan"`,
			tenancy.CodeInvalid, "/format"},
		"no items": {`"items":[`, `"format":[`, tenancy.CodeInvalidJSON,
			"/format"},
		"no source": {`,"source":{"instance":"` + source.Instance +
			`","revision":4711,"tenant":"staging"}`, ``, tenancy.CodeInvalid, "/source"},
		"no tenant": {`,"tenant":"staging"`, ``, tenancy.CodeInvalid,
			"/source/tenant"},
		"the source as text": {`"source":{"instance":"` + source.Instance +
			`","revision":4711,"tenant":"staging"}`, `"source":"staging"`, tenancy.CodeInvalid, "/source"},
		"no revision":         {`"revision":4711,`, ``, tenancy.CodeInvalid, "/source/revision"},
		"a negative revision": {`4711`, `-1`, tenancy.CodeInvalid, "/source/revision"},
		"a revision beyond 2^53": {`4711`, `9007199254740994`, tenancy.CodeInvalid,
			"/source/revision"},
		"version 1 with a revision": {`"format_version":2`, `"format_version":1`,
			tenancy.CodeUnknownField, "/source/revision"},
		"a signature that is null": {`"signature":{`, `"signature":null,"x":{`,
			tenancy.CodeInvalid, "/signature"},
		"a signature without a key": {`"key_id":"34750f98bd59fcfc",`, ``, tenancy.CodeInvalid,
			"/signature/key_id"},
		"a signature by an empty key": {`"key_id":"34750f98bd59fcfc"`, `"key_id":""`,
			tenancy.CodeInvalid, "/signature/key_id"},
		"a signature by a long key": {`"key_id":"34750f98bd59fcfc"`,
			`"key_id":"` + strings.Repeat("x", 65) + `"`, tenancy.CodeInvalid,
			"/signature/key_id"},
		"a signature without a value": {`"value":"`, `"key":"`, tenancy.CodeUnknownField,
			"/signature/key"},
		"a signature with a line feed": {`"value":"`, `"value":"\n`,
			tenancy.CodeSignatureInvalid, "/signature/value"},
		"a wrong count": {`"count":3`, `"count":4`, tenancy.CodeDigestMismatch,
			"/count"},
		"a negative count": {`"count":3`, `"count":-3`, tenancy.CodeInvalid,
			"/count"},
		"a duplicate member": {`"count":3`, `"count":3,"count":3`,
			tenancy.CodeInvalidJSON, "/count"},
		"an item that is a number": {`"items":[`, `"items":[7,`, tenancy.CodeInvalid,
			"/items/0"},
		"a null item at the end": {`}],"signature"`, `},null],"signature"`, tenancy.CodeInvalid,
			"/items/3"},
		"items that are an object": {`"items":[`, `"items":{},"x":[`, tenancy.CodeInvalid,
			"/items"},
		"an item without a kind": {`"kind":"mcp_server",`, ``, tenancy.CodeInvalid,
			"/items/1/kind"},
		"a label that is a number": {`"env":"prod"`, `"env":1`, tenancy.CodeInvalid,
			"/items/2/labels/env"},
		"labels that are null": {`"labels":{}`, `"labels":null`, tenancy.CodeInvalid,
			"/items/1/labels"},
		"a spec that is an array": {`"spec":{"remotes"`, `"spec":[],"x":{"remotes"`,
			tenancy.CodeInvalid, "/items/1/spec"},
		"an item's version 0": {`"version":7`, `"version":0`, tenancy.CodeInvalid,
			"/items/0/version"},
		"an item's version beyond 2^53": {`"version":7`, `"version":9007199254740994`,
			tenancy.CodeInvalid, "/items/0/version"},
		"an item's version with a fraction": {`"version":7`, `"version":7.5`, tenancy.CodeInvalid,
			"/items/0/version"},
		"an impossible time": {`2026-02-03T04`, `2026-02-30T04`, tenancy.CodeInvalid,
			"/items/0"},
		"a time without zone": {`04:05:06.678901Z`, `04:05:06.678901`, tenancy.CodeInvalid,
			"/items/0"},
		"a time before year 1": {`2026-02-03T04:05:06.678901Z`, `0001-01-01T00:00:00+23:00`,
			tenancy.CodeInvalid, "/items/0"},
		"a time after year 9999": {`2026-02-03T04:05:06.678901Z`, `9999-12-31T23:00:00-23:00`,
			tenancy.CodeInvalid, "/items/0"},
		"another kind": {`"kind":"mcp_server"`, `"kind":"mcp_servex"`,
			tenancy.CodeDigestMismatch, "/items/1"},
		"another spec and a bad time": {`},"updated_at":"2026-02-03T04`,
			`,"x":1},"updated_at":"2026-02-30T04`, tenancy.CodeDigestMismatch, "/items/0"},
		"another name, out of order": {`"name":"gpt"`, `"name":"\u0001"`,
			tenancy.CodeDigestMismatch, "/items/2"},
		"another label": {`"env":"prod"`, `"env":"prof"`, tenancy.CodeDigestMismatch,
			"/items/2"},
		"another spec": {`"weight":0.5`, `"weight":0.4`, tenancy.CodeDigestMismatch,
			"/items/1"},
		"another spec, inexact": {`"weight":0.5`, `"weight":12345678901234567890`,
			tenancy.CodeDigestMismatch, "/items/1"},
		"NUL in a name": {`"name":"gpt"`, `"name":"g\u0000t"`, tenancy.CodeInvalidJSON,
			"/items/2/name"},
		"NUL in a label": {`"env":"prod"`, `"env":"\u0000"`, tenancy.CodeInvalidJSON,
			"/items/2/labels/env"},
		"NUL in a label's key": {`"env":"prod"`, `"\u0000":"prod"`, tenancy.CodeInvalidJSON,
			"/items/2/labels/\x00"},
		"NUL in a spec": {`"version":"1.0.2"`, `"version":"\u0000"`,
			tenancy.CodeInvalidJSON, "/items/1/spec/version"},
		"a duplicate in a spec": {`"weight":0.5`, `"weight":0.5,"weight":0.5`,
			tenancy.CodeInvalidJSON, "/items/1/spec/weight"},
		"a deep spec": {`"weight":0.5`, `"weight":` + strings.Repeat("[", 100) +
			strings.Repeat("]", 100), tenancy.CodeInvalidJSON,
			"/items/1/spec/weight" + strings.Repeat("/0", 99)},
		"an endlessly nested spec": {`"weight":0.5`, `"weight":` + strings.Repeat("[", 200_000),
			tenancy.CodeInvalidJSON, ""},
		"an object after the end": {`"tenant":"staging"}}`, `"tenant":"staging"}}{}`,
			tenancy.CodeInvalidJSON, ""},
		"a number after the end": {`"tenant":"staging"}}`, `"tenant":"staging"}} 1`,
			tenancy.CodeInvalidJSON, ""},
		"the wrong bracket": {`"tenant":"staging"}}`, `"tenant":"staging"}]`,
			tenancy.CodeInvalidJSON, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.Equal(t, 1, strings.Count(bundle, tt.old), "the test must change something")
			_, _, err := readAll(strings.NewReader(strings.Replace(bundle, tt.old, tt.new, 1)))
			require.Equal(t, tt.code, tenancy.CodeOf(err), "%v", err)
			if tt.path != "" {
				assert.Equal(t, tt.path, detailsOf(t, err)[0].Path)
			}
		})
	}
}

func TestReadBundleRefusesTextThatIsNotABundle(t *testing.T) {
	t.Parallel()
	for text, code := range map[string]tenancy.Code{
		``: tenancy.CodeInvalidJSON, ` `: tenancy.CodeInvalidJSON, `{`: tenancy.CodeInvalidJSON,
		`}`: tenancy.CodeInvalidJSON, `hello`: tenancy.CodeInvalidJSON,
		`[]`: tenancy.CodeInvalid, `null`: tenancy.CodeInvalid, `"x"`: tenancy.CodeInvalid,
		`{}`:      tenancy.CodeInvalid,
		`{"x":1}`: tenancy.CodeUnknownField, `{"x":1,"items":[]}`: tenancy.CodeUnknownField,
		`{"format_version":1,"x":`: tenancy.CodeUnknownField,
	} {
		_, _, err := readAll(strings.NewReader(text))
		assert.Equal(t, code, tenancy.CodeOf(err), "%q: %v", text, err)
	}
}

func TestReadBundleRefusesInexactNumberWithMatchingDigest(t *testing.T) {
	t.Parallel()
	item := seal(t, "agent", "a", `{"n":12345678901234567000}`, nil)
	bundle := strings.Replace(string(bundleOf(t, item)), "12345678901234567000",
		"12345678901234567001", 1)
	_, _, err := readAll(strings.NewReader(bundle))
	require.Equal(t, tenancy.CodeInexactNumber, tenancy.CodeOf(err))
	assert.Equal(t, "/items/0/spec/n", detailsOf(t, err)[0].Path)
}

func TestReadBundleReturnsErrorOfReader(t *testing.T) {
	t.Parallel()
	bundle := golden(t)
	broken := errors.New("the connection is broken")
	for n := range bundle {
		_, _, err := readAll(io.MultiReader(bytes.NewReader(bundle[:n]), iotest.ErrReader(broken)))
		require.ErrorIs(t, err, broken, "after %d bytes", n)
	}
	_, _, err := readAll(io.MultiReader(bytes.NewReader(bundle), iotest.ErrReader(broken)))
	require.ErrorIs(t, err, broken, "after the end")

	limited := http.MaxBytesReader(httptest.NewRecorder(), io.NopCloser(bytes.NewReader(bundle)),
		500)
	_, _, err = readAll(limited)
	var tooLarge *http.MaxBytesError
	require.ErrorAs(t, err, &tooLarge)

	withCode := tenancy.Errorf(tenancy.CodeTooLarge, "too large")
	_, _, err = readAll(iotest.ErrReader(withCode))
	assert.Equal(t, tenancy.CodeTooLarge, tenancy.CodeOf(err))

	_, _, err = readAll(io.MultiReader(bytes.NewReader(bundle[:500]),
		iotest.ErrReader(io.ErrUnexpectedEOF)))
	assert.Equal(t, tenancy.CodeInvalidJSON, tenancy.CodeOf(err), "a body that is cut off")
	assert.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

func TestItemsStopsWhenLoopIsLeft(t *testing.T) {
	t.Parallel()
	b := federation.ReadBundle(bytes.NewReader(golden(t)))
	for item, err := range b.Items() {
		require.NoError(t, err)
		assert.Equal(t, "agent", item.Kind)
		break
	}
	assert.Zero(t, b.Manifest(), "a manifest that wasn't verified isn't returned")
	for item, err := range b.Items() {
		assert.Error(t, err, "a second loop")
		assert.Zero(t, item)
	}
}

func TestManifestIsZeroAfterError(t *testing.T) {
	t.Parallel()
	b := federation.ReadBundle(bytes.NewReader(append(golden(t), '1')))
	var last error
	for _, err := range b.Items() {
		last = err
	}
	require.Error(t, last)
	assert.Zero(t, b.Manifest())
}

func TestReadBundleConvertsTimesToUTCMicroseconds(t *testing.T) {
	t.Parallel()
	bundle := strings.Replace(string(golden(t)), "2026-02-03T04:05:06.678901Z",
		"2026-02-03T06:05:06.6789019+02:00", 1)
	items, _, err := readAll(strings.NewReader(bundle))
	require.NoError(t, err)
	assert.Equal(t, moment, items[0].UpdatedAt)
}

func TestWriteReturnsErrorsOfReaderAndWriter(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	manifest := manifestOf(goldenItems(t))
	require.ErrorIs(t, manifest.Write(io.Discard, iotest.ErrReader(broken)), broken)
	for n := range 3 {
		require.ErrorIs(t, manifest.Write(&failing{after: n, err: broken}, strings.NewReader("x")),
			broken)
	}
}

// failing is a writer that fails after some calls.
type failing struct {
	after int
	err   error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return len(p), nil
}
