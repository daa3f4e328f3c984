package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMigrateStatusReportsWhetherSchemaIsCurrent(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []string{"", "true"} {
		set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
			"SECRETS_KEY": secretsKey, "MULTI_TENANT": multiTenant}
		before := runWith(t, set, "migrate", "status").requireStatus(t, exitRefused)
		require.Contains(t, before.err, "run: registry migrate up")
		for range 2 {
			require.Equal(t, "The schema is current.\n",
				runWith(t, set, "migrate", "up").requireStatus(t, exitDone).out)
			require.Equal(t, "The schema is current.\n",
				runWith(t, set, "migrate", "status").requireStatus(t, exitDone).out)
		}
	}
}

func TestServeDoesNotMigrateWithAutoMigrateOff(t *testing.T) {
	t.Parallel()
	set := map[string]string{"DATABASE_URL": pgtest.Database(t), "DATA_DIR": t.TempDir(),
		"AUTO_MIGRATE": "false", "ADDR": "127.0.0.1:0", "MULTI_TENANT": "true"}
	got := runWith(t, set, "serve").requireStatus(t, exitRefused)
	require.Contains(t, got.err, "registry migrate up")
}
