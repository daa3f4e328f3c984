package apitest

import (
	"io"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/server"
	"github.com/bailiwick-go/bailiwick/examples/registry/terminal"
)

// TestIsolationMatrix proves the isolation of the served registry, and that isolation.md
// has the resulting matrix.
func TestIsolationMatrix(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": migratedDatabase(t), "MULTI_TENANT": "true",
		"ADMIN_TOKEN": harness.Platform, "SECRETS_KEY": harness.SecretsKey, "DATA_DIR": t.TempDir(),
		"ROLE_PREFIX": harness.RolePrefix}
	cfg, err := server.ReadSettings(func(name string) string { return set[name] })
	require.NoError(t, err)
	reg, err := server.Open(t.Context(), cfg, "", slog.New(slog.NewTextHandler(io.Discard, nil)),
		terminal.Terminal{Out: io.Discard, Err: io.Discard})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reg.Close()) })

	matrix := isolationtest.Prove(t, reg.DB, reg.Handler,
		isolationtest.Options{Router: reg.API}).Markdown()
	requireInDocs(t, "isolation.md", "isolation matrix", matrix)
}
