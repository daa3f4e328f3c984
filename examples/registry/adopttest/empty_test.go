package adopttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestEmptyDatabaseIsNamedByPlanAndDoctor(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
		"SECRETS_KEY": harness.SecretsKey, "MULTI_TENANT": "true"}
	plan := harness.Run(t, set, "migrate", "plan").RequireStatus(t, cli.ExitDone).Out
	require.NotContains(t, plan, "Nothing to do")
	for _, migration := range []string{"bailiwick 20261101000000", "bailiwick 20261203060000",
		"run the migration 20261101000000"} {
		require.Contains(t, plan, migration)
	}
	out := harness.Run(t, set, "doctor").RequireStatus(t, cli.ExitRefused).Out
	require.Contains(t, out, "the database isn't migrated")
	require.NotContains(t, out, "policy")

	harness.Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitDone)
	require.Contains(t, harness.Run(t, set, "migrate", "plan").RequireStatus(t, cli.ExitDone).Out,
		"Nothing to do")
	harness.Run(t, set, "doctor").RequireStatus(t, cli.ExitDone)
}
