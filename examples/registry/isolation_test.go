package main

import (
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
)

// TestIsolationMatrix proves the isolation of the served registry, and that README.md
// has the resulting matrix.
func TestIsolationMatrix(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": migratedDatabase(t), "MULTI_TENANT": "true",
		"ADMIN_TOKEN": platform, "SECRETS_KEY": secretsKey, "DATA_DIR": t.TempDir()}
	cfg, err := readSettings(func(name string) string { return set[name] })
	require.NoError(t, err)
	reg, err := openRegistry(t.Context(), cfg, "", slog.New(slog.NewTextHandler(io.Discard, nil)),
		terminal{out: io.Discard, err: io.Discard})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reg.close()) })

	matrix := isolationtest.Prove(t, reg.db, reg.handler).Markdown()
	requireInReadme(t, "isolation matrix", matrix)
}
