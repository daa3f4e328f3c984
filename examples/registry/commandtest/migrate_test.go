package commandtest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMigrateStatusReportsWhetherSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []string{"", "true"} {
		set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
			"SECRETS_KEY": harness.SecretsKey, "MULTI_TENANT": multiTenant}
		before := harness.Run(t, set, "migrate", "status").RequireStatus(t, cli.ExitRefused)
		require.Contains(t, before.Err, "run: registry migrate up")
		for range 2 {
			require.Equal(t, "The schema is current.\n",
				harness.Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitDone).Out)
			require.Equal(t, "The schema is current.\n",
				harness.Run(t, set, "migrate", "status").RequireStatus(t, cli.ExitDone).Out)
		}
	}
}

func TestServeDoesNotMigrateWithAutoMigrateOff(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
		"AUTO_MIGRATE": "false", "ADDR": "127.0.0.1:0", "MULTI_TENANT": "true"}
	got := harness.Run(t, set, "serve").RequireStatus(t, cli.ExitRefused)
	require.Contains(t, got.Err, "registry migrate up")
}
