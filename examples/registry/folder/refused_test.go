package folder_test

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/folder"
	"github.com/bailiwick-go/bailiwick/federation"
)

const agentFile = `kind: agent
name: a
spec: {prompt: {$file: prompt.txt}}
`

// agentFolder returns a folder with one item that has a text.
func agentFolder(t *testing.T) string {
	t.Helper()
	dir := unpacked(t, folder.YAML)
	write(t, agentFile, dir, "items/agent/a.yaml")
	write(t, "Be kind.\n", dir, "items/agent/a.texts/prompt.txt")
	return dir
}

func TestHandWrittenFilesArePacked(t *testing.T) {
	t.Parallel()
	dir := agentFolder(t)
	write(t, `{"kind":"agent","name":"b","labels":{"x":"y"},"spec":{"n":1.50}}`, dir, "items/agent/b.json")
	write(t, "# a comment\nkind: agent\nname: 'C'\nspec:\n  off: no\n  date: 2026-01-31\n  list: [1e3, 0x1F, 010,"+
		" 1_000, 12:30, ~, True, 1.5, -2]\n  text: |\n    one\n    two\n", dir, "items/agent/!c.yaml")
	write(t, "anything", dir, "README.md")
	var bundle bytes.Buffer
	manifest, err := folder.Pack(dir, &bundle)
	require.NoError(t, err)
	require.Equal(t, 3, manifest.Count)
	require.Equal(t, "staging", manifest.Source.Tenant)
	specs := map[string]string{}
	for item, err := range federation.ReadBundle(&bundle).Items() {
		require.NoError(t, err)
		specs[item.Name] = string(item.Spec)
	}
	require.Equal(t, map[string]string{"a": `{"prompt":"Be kind.\n"}`, "b": `{"n":1.5}`,
		"C": `{"date":"2026-01-31","list":["1e3","0x1F","010","1_000","12:30",null,true,1.5,-2],` +
			`"off":"no","text":"one\ntwo\n"}`}, specs)
}

func TestFolderThatIsNoWholeBundleIsRefused(t *testing.T) {
	t.Parallel()
	const other, head = "items/agent/b.yaml", "kind: agent\nname: b\n"
	const bundle = "format: bailiwick.bundle\nsource: {instance: x, tenant: y}\n"
	const newer = "format: bailiwick.bundle\nformat_version: 2\nsource: {instance: x, tenant: y, "
	for name, c := range map[string]struct{ file, text, want string }{
		"unknown file":          {"items/agent/notes.md", "x", "belongs to no item"},
		"text that isn't named": {"items/agent/a.texts/other.txt", "x", "no item names"},
		"text of no item":       {"items/agent/b.texts/x.txt", "x", "no item names"},
		"other name":            {other, "kind: agent\nname: c\nspec: {}\n", "must have the name"},
		"other kind":            {"items/prompt/a.yaml", "kind: agent\nname: a\nspec: {}\n", "must have the name"},
		"twice":                 {"items/agent/a.json", `{"kind":"agent","name":"a","spec":{}}`, "the same item"},
		"missing text":          {other, head + "spec: {p: {$file: x.txt}}\n", "no such file"},
		"text elsewhere":        {other, head + "spec: {p: {$file: ../a.yaml}}\n", "no name of a file"},
		"text above":            {other, head + "spec: {p: {$file: ..}}\n", "no name of a file"},
		"file and more":         {other, head + "spec: {p: {$file: x, y: 1}}\n", "only member"},
		"unknown member":        {other, head + "spec: {}\nlabel: {}\n", "unknown"},
		"no spec":               {other, head, "spec"},
		"no name":               {other, "kind: agent\nspec: {}\n", "kind and name"},
		"a list":                {other, "- a\n", "an object"},
		"empty":                 {other, "", "isn't YAML"},
		"two":                   {other, agentFile + "---\n" + agentFile, "one YAML document"},
		"twice a key":           {other, "kind: agent\nkind: b\n", "twice"},
		"an alias":              {other, "kind: agent\nname: &n b\nspec: {x: *n}\n", "aliases"},
		"a tag":                 {other, head + "spec: {x: !!str 1}\n", "tags"},
		"a merge":               {other, head + "spec: {<<: {x: 1}}\n", "text"},
		"a number":              {other, head + "spec: {x: 12345678901234567890}\n", "number"},
		"repeated JSON":         {"items/agent/b.json", `{"kind":"agent","kind":"x","name":"b","spec":{}}`, ""},
		"version 0":             {other, head + "version: 0\nspec: {}\n", "version"},
		"a date":                {other, head + "updated_at: now\nspec: {}\n", "time"},
		"no UTF-8":              {"items/agent/a.texts/prompt.txt", "\xff", "UTF-8"},
		"format":                {"bundle.yaml", "format: other\nformat_version: 1\n", "format"},
		"newer":                 {"bundle.yaml", bundle + "format_version: 99\n", "newer release"},
		"unknown head":          {"bundle.yaml", bundle + "format_version: 1\nsigned: x\n", "signed"},
		"no revision":           {"bundle.yaml", bundle + "format_version: 2\n", "revision"},
		"below 0":               {"bundle.yaml", newer + "revision: -1}\n", "revision"},
		"revision in version 1": {"bundle.yaml", "format: bailiwick.bundle\nformat_version: 1\n" +
			"source: {instance: x, tenant: y, revision: 4}\n", "version 1 has no revision"},
		"empty signature": {"bundle.yaml", newer + "revision: 4}\nsignature: {}\n", "signature"},
		"interrupted":     {".items-old/agent/a.yaml", agentFile, "interrupted"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := agentFolder(t)
			write(t, c.text, dir, c.file)
			var out bytes.Buffer
			_, err := folder.Pack(dir, &out)
			require.ErrorContains(t, err, c.want)
			require.Empty(t, out.Bytes(), "nothing is written")
		})
	}
}

func TestLinksOutOfTheFolderAreNotFollowed(t *testing.T) {
	t.Parallel()
	outside := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(outside, []byte("secret\n"), 0o600))
	for _, name := range []string{"items/agent/a.texts/prompt.txt", "items/agent/a.yaml", "bundle.yaml"} {
		dir := agentFolder(t)
		require.NoError(t, os.Remove(filepath.Join(dir, name)))
		require.NoError(t, os.Symlink(outside, filepath.Join(dir, name)))
		_, err := folder.Pack(dir, io.Discard)
		require.Error(t, err, name)
	}
	dir := agentFolder(t)
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "items")))
	require.NoError(t, os.Symlink(filepath.Dir(outside), filepath.Join(dir, "items")))
	_, err := folder.Unpack(bytes.NewReader(bundleOf(t)), dir, folder.YAML)
	require.NoError(t, err, "the link is replaced")
	require.FileExists(t, outside)
}

func TestUnpackReplacesItemsAndLeavesTheRest(t *testing.T) {
	t.Parallel()
	dir := agentFolder(t)
	write(t, "mine", dir, "README.md")
	write(t, "*.png binary\n", dir, ".gitattributes")
	bundle := bundleOf(t, itemNamed("agent", "new", `{}`))
	for range 2 {
		_, err := folder.Unpack(bytes.NewReader(bundle), dir, folder.JSON)
		require.NoError(t, err)
		require.Equal(t, []string{".gitattributes", "README.md", "bundle.yaml", "items/agent/new.json"},
			files(t, dir))
	}
	text, err := os.ReadFile(filepath.Join(dir, ".gitattributes"))
	require.NoError(t, err)
	require.Equal(t, "*.png binary\n/items/** -text\n", string(text))
}

func TestUnpackChangesNothingIfTheBundleIsBad(t *testing.T) {
	t.Parallel()
	dir := agentFolder(t)
	before := files(t, dir)
	bundle := bundleOf(t, itemNamed("agent", "new", `{}`), itemNamed("agent", "other", `{"x":1}`))
	for _, bad := range [][]byte{bundle[:len(bundle)/2], bytes.Replace(bundle, []byte(`{"x":1}`), []byte(`{"x":2}`), 1),
		{}, []byte("{}")} {
		_, err := folder.Unpack(bytes.NewReader(bad), dir, folder.YAML)
		require.Error(t, err)
		require.Equal(t, before, files(t, dir))
	}
	other := t.TempDir()
	write(t, "mine", other, "main.go")
	_, err := folder.Unpack(bytes.NewReader(bundle), other, folder.YAML)
	require.ErrorContains(t, err, "name a new folder")
	require.Equal(t, []string{"main.go"}, files(t, other))
}

func TestUnpackContinuesWhereItWasKilled(t *testing.T) {
	t.Parallel()
	bundle := bundleOf(t, itemNamed("agent", "new", `{}`))
	for name, leave := range map[string]func(dir string){
		"while writing": func(dir string) { write(t, "half", dir, ".items-new/agent/x.yaml") },
		"between the renames": func(dir string) {
			require.NoError(t, os.Rename(filepath.Join(dir, "items"), filepath.Join(dir, ".items-old")))
			write(t, agentFile, dir, ".items-new/agent/a.yaml")
		},
		"before the end": func(dir string) { write(t, "x", dir, ".items-old/agent/x.yaml") },
	} {
		dir := agentFolder(t)
		leave(dir)
		_, err := folder.Unpack(bytes.NewReader(bundle), dir, folder.YAML)
		require.NoError(t, err, name)
		var again bytes.Buffer
		_, err = folder.Pack(dir, &again)
		require.NoError(t, err, name)
		require.Equal(t, string(bundle), again.String(), name)
	}
}

func TestNamesAreSafeOnEveryFileSystem(t *testing.T) {
	t.Parallel()
	names := []string{"CON", "con", "con.x", "nul", "lpt9.y", "A", "a", ".git", "..", ".", "x.", "x ", "a/b", `a\b`,
		"a:b", "é", "e\u0301", "È", "*?<>|\"", strings.Repeat("x", 256), strings.Repeat("x", 255) + "y",
		strings.Repeat("é", 100), "x.yaml", "x.texts", "x", "!a", "%41", "x~", "-rf", "\x01"}
	var items []federation.Item
	for _, name := range names {
		items = append(items, itemNamed("agent", name, `{"t":"a\nb"}`))
	}
	dir := unpacked(t, folder.YAML, items...)
	seen := map[string]bool{}
	for _, name := range files(t, dir) {
		base := strings.ToLower(filepath.ToSlash(name))
		require.False(t, seen[base], name)
		seen[base] = true
		require.Regexp(t, `^[a-z0-9_.!%~/-]+$`, name)
		for _, part := range strings.Split(name, "/") {
			require.NotRegexp(t, `^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)`, part)
			require.NotRegexp(t, `[. ]$`, part)
			require.LessOrEqual(t, len(part), 120)
		}
	}
	require.Len(t, seen, 2*len(names)+2)
}

func FuzzItemFile(f *testing.F) {
	f.Add([]byte(agentFile))
	f.Add([]byte("kind: agent\nname: a\nspec:\n  x: [1, {y: ~}]\n"))
	f.Add([]byte("kind: a\nname: a\nspec: {x: &a [*a]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := unpacked(t, folder.YAML)
		write(t, string(text), dir, "items/agent/a.yaml")
		var bundle bytes.Buffer
		if _, err := folder.Pack(dir, &bundle); err != nil {
			return
		}
		first := bundle.String()
		_, err := folder.Unpack(strings.NewReader(first), dir, folder.YAML)
		require.NoError(t, err)
		bundle.Reset()
		_, err = folder.Pack(dir, &bundle)
		require.NoError(t, err)
		require.Equal(t, first, bundle.String())
		require.True(t, json.Valid(bundle.Bytes()))
	})
}
