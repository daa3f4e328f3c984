package commandtest

import (
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

func TestRotateSigningKeyKeepsOldKeyValidForAWhile(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	harness.Run(t, databaseSettings(t, url, "true"), "rotate-signing-key").
		RequireStatus(t, cli.ExitDone)
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	defer db.Close()
	var valid, signing, permanent int
	require.NoError(t, db.QueryRowContext(t.Context(),
		`SELECT count(*) FILTER (WHERE expires_at > now()),
		count(*) FILTER (WHERE signs_from <= now()), count(*) FILTER (WHERE expires_at = 'infinity')
		FROM bailiwick.signing_keys`).
		Scan(&valid, &signing, &permanent))
	require.Equal(t, []int{2, 1, 1}, []int{valid, signing, permanent})
}

func TestRotateInstanceKeyAddsAKey(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	got := harness.Run(t, databaseSettings(t, url, "true"), "rotate-instance-key")
	got.RequireStatus(t, cli.ExitDone)
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	defer db.Close()
	var newest string
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT id FROM bailiwick.instance_keys"+
		" WHERE number = 2").Scan(&newest))
	require.Contains(t, got.Out, newest)
}
