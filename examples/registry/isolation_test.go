package main

import (
	"flag"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
)

var updateReadme = flag.Bool("update-readme", false, "write the isolation matrix into README.md")

const (
	readme      = "../../README.md"
	matrixBegin = "<!-- isolation matrix -->\n"
	matrixEnd   = "<!-- end of the isolation matrix -->\n"
)

// TestIsolationMatrix proves the isolation of the registry as it is served, and
// that the matrix in the README is the one that came of it.
func TestIsolationMatrix(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": migrated(t), "MULTI_TENANT": "true", "ADMIN_TOKEN": platform, "SECRETS_KEY": secretsKey, "DATA_DIR": t.TempDir()}
	read, err := readSettings(func(name string) string { return set[name] })
	require.NoError(t, err)
	reg, err := openRegistry(t.Context(), read, "", slog.New(slog.NewTextHandler(io.Discard, nil)), terminal{out: io.Discard, err: io.Discard})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reg.close()) })

	matrix := isolationtest.Prove(t, reg.db, reg.handler).Markdown()
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	before, rest, begins := strings.Cut(string(text), matrixBegin)
	written, after, ends := strings.Cut(rest, matrixEnd)
	require.True(t, begins && ends, "README.md has no place for the matrix: %s%s", matrixBegin, matrixEnd)
	if *updateReadme {
		require.NoError(t, os.WriteFile(readme, []byte(before+matrixBegin+matrix+matrixEnd+after), 0o644))
		return
	}
	require.Equal(t, matrix, written, "the README is out of date: go test -run TestIsolationMatrix ./examples/registry -update-readme")
}
