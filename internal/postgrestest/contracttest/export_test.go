package contracttest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
)

// The table is locked for longer than a statement may take.
func TestExportMayTakeLongerThanOtherStatements(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	o := fixture.Options(databaseURL, true)
	o.StatementTimeout = 2 * time.Second
	db := fixture.Open(t, o)
	acme := fixture.CreateTenant(t, db, "acme")
	lock, err := fixture.Superuser(t, databaseURL).BeginTx(t.Context(), nil)
	require.NoError(t, err)
	_, err = lock.ExecContext(t.Context(), "LOCK TABLE settings IN ACCESS EXCLUSIVE MODE")
	require.NoError(t, err)
	exported := make(chan error, 1)
	go func() {
		exported <- db.Services().Transfers.Export(t.Context(), acme.ID, ports.Selection{},
			func(federation.Item) error { return nil })
	}()
	_, err = lock.ExecContext(t.Context(), "SELECT pg_sleep(3)")
	require.NoError(t, err)
	require.NoError(t, lock.Commit())
	require.NoError(t, <-exported)
}
