package commands_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestBundleIsUnpackedEditedComparedAndPacked(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "bundle.json")
	dir := filepath.Join(t.TempDir(), "config")
	require.NoError(t, os.WriteFile(file, smallBundle(t), 0o600))
	run := func(status int, args ...string) string {
		got := harness.RunLine(t, append([]string{"bundle"}, args...)...)
		require.Equal(t, status, got.Status, got.Err)
		return got.Out
	}
	require.Contains(t, run(cli.ExitDone, "unpack", file, dir), "1 items, sha256:")
	require.Contains(t, run(cli.ExitDone, "verify", dir), "1 items, sha256:")
	require.Empty(t, run(cli.ExitDone, "diff", file, dir, "--exit-code"))
	require.Equal(t, string(smallBundle(t)), run(cli.ExitDone, "pack", dir))

	item := filepath.Join(dir, "items", "prompt", "p.yaml")
	require.NoError(t, os.WriteFile(item, []byte("kind: prompt\nname: p\nspec: {template: u}\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "items", "prompt", "q.yaml"),
		[]byte("kind: prompt\nname: q\nspec: {}\n"), 0o600))
	require.Equal(t, "prompt \"p\" differs\n    /spec/template: \"t\" → \"u\"\nprompt \"q\" only in "+dir+"\n",
		run(cli.ExitRefused, "diff", file, dir, "--exit-code"))
	require.JSONEq(t, `{"items":[{"kind":"prompt","name":"p","changes":[
		{"path":"/spec/template","from":"u","to":"t"}]},
		{"kind":"prompt","name":"q","only_in":"from","changes":[]}]}`,
		run(cli.ExitDone, "diff", dir, file, "--json"))
	require.Contains(t, run(cli.ExitDone, "pack", dir, "-o", file, "--json"), `"count":2`)
	require.Empty(t, run(cli.ExitDone, "diff", file, dir))
}

func TestBadBundleOrFolderIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "bundle.json")
	require.NoError(t, os.WriteFile(file, smallBundle(t)[:100], 0o600))
	for _, args := range [][]string{{"verify", file}, {"verify", dir}, {"unpack", file, dir},
		{"pack", dir}, {"diff", file, file}} {
		got := harness.RunLine(t, append([]string{"bundle"}, args...)...)
		require.Equal(t, cli.ExitRefused, got.Status, "%v", args)
		require.NotEmpty(t, got.Err)
		require.Empty(t, got.Out, "%v", args)
	}
	got := harness.RunLine(t, "bundle", "unpack", file, dir, "--format", "toml")
	require.Equal(t, cli.ExitUsage, got.Status)
	got = harness.RunLine(t, "bundle", "pack", dir, "--json")
	require.Equal(t, cli.ExitUsage, got.Status)
}
