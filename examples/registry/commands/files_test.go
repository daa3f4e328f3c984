package commands_test

import (
	"os"
	"path/filepath"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestDashIsStandardInputAndOutput(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: smallBundle(t), Report: createReport}
	address := registry.Start(t)
	got := harness.RunLine(t, "export", "--tenant", "staging", "--url", address, "-o", "-")
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, string(registry.Bundle), got.Out)

	got = harness.RunWithInput(t, nil, got.Out, "import", "-", "--tenant", "production", "--url",
		address)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, string(registry.Bundle), string(registry.Imported))

	got = harness.RunWithInput(t, nil, `[{"name":"a","template":"t"}]`, "load", "-", "--kind",
		"prompt", "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Contains(t, registry.Items, "prompts/a")

	require.NoFileExists(t, "-")
}

// Editors of some systems write a byte order mark at the start of a text.
func TestByteOrderMarkIsIgnored(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Report: createReport}
	address := registry.Start(t)
	bundle := harness.TextFile(t, "bundle.json", "\uFEFFthe bundle")
	got := harness.RunLine(t, "import", bundle, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Equal(t, "the bundle", string(registry.Imported))

	rows := harness.TextFile(t, "prompts.json", "\uFEFF"+`[{"name":"a","template":"t"}]`)
	got = harness.RunLine(t, "load", rows, "--tenant", "acme", "--url", address)
	require.Equal(t, cli.ExitDone, got.Status, got.Err)
	require.Contains(t, registry.Items, "prompts/a")
}

func TestTextInUTF16IsNamed(t *testing.T) {
	t.Parallel()
	var little, big []byte
	for _, unit := range utf16.Encode([]rune("\uFEFF[]")) {
		little = append(little, byte(unit), byte(unit>>8))
		big = append(big, byte(unit>>8), byte(unit))
	}
	for name, text := range map[string][]byte{"little endian": little, "big endian": big} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := harness.TextFile(t, "prompts.json", string(text))
			for _, command := range []string{"load", "import"} {
				got := harness.RunLine(t, command, path, "--tenant", "acme")
				require.Equal(t, cli.ExitRefused, got.Status)
				require.Contains(t, got.Err, "is UTF-16: save it as UTF-8")
			}
		})
	}
}

func TestExportNamesWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	registry := &harness.FakeRegistry{Bundle: smallBundle(t)}
	address := registry.Start(t)
	for name, test := range map[string]struct {
		output, want string
		status       int
	}{
		"directory":         {t.TempDir(), "is a directory: name a file in it", cli.ExitUsage},
		"missing directory": {"/nowhere/b.json", "/nowhere: no such directory", cli.ExitUsage},
		"full disk":         {"/dev/full", "no space left on device", cli.ExitRefused},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := harness.RunLine(t, "export", "--tenant", "staging", "--url", address, "-o",
				test.output)
			require.Equal(t, test.status, got.Status)
			require.Contains(t, got.Err, test.want)
			require.NotContains(t, got.Err, "bundle is invalid")
		})
	}
	_, err := os.Stat("/dev/full")
	require.NoError(t, err)
}

func TestImportOfWhatIsNoFileIsWrongUsage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing.json")} {
		got := harness.RunLine(t, "import", path, "--tenant", "acme")
		require.Equal(t, cli.ExitUsage, got.Status)
		require.Contains(t, got.Err, path)
	}
}
