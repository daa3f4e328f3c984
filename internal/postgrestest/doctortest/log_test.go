package doctortest

import (
	"cmp"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// signature is the end of a signed tenant: its expiry and the HMAC.
var signature = regexp.MustCompile(`\.\d{10}\.[0-9a-f]{64}`)

// The server's log has the error of a failed statement and no signed tenant, as long as doctor
// reports nothing. With PostgreSQL's defaults it would have one for each.
func TestServerLogHasNoSignedTenant(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	o := fixture.Options(server.URL(), true)
	db := fixture.Open(t, o)
	read := func() string { return serverLog(t, server.URL()) }
	failStatements(t, db)
	require.Contains(t, read(), "no_such_column", "the log has the errors")
	require.NotRegexp(t, signature, read())

	fixture.Exec(t, fixture.Superuser(t, server.URL()),
		"ALTER ROLE bailiwick_app SET log_min_error_statement = error")
	require.Contains(t, codes(examine(t, o)), "setting_log_min_error_statement")
	o.SkipMigrations = true
	failStatements(t, fixture.Open(t, o))
	require.Regexp(t, signature, read(), "the test sees signed tenants where there are some")
}

// PostgreSQL logs "unexpected EOF on client connection with an open transaction" for a
// connection that is closed within one.
func TestDryRunLeavesNoWarningInServerLog(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	db := fixture.Open(t, fixture.Options(server.URL(), true))
	stop := errors.New("a dry run writes nothing")
	for range 3 {
		err := db.Services().Transfers.Import(t.Context(), tenancy.DefaultID,
			func(im ports.Import) error {
				none := func(func(federation.Item, error) bool) {}
				return cmp.Or(im.Stage(t.Context(), federation.Source{}, none), stop)
			})
		require.ErrorIs(t, err, stop)
	}
	require.NoError(t, db.Close())
	require.NotContains(t, serverLog(t, server.URL()), "unexpected EOF")
}

// serverLog returns PostgreSQL's log.
func serverLog(t *testing.T, url string) string {
	t.Helper()
	var data string
	require.NoError(t, fixture.Superuser(t, url).QueryRowContext(t.Context(),
		"SHOW data_directory").Scan(&data))
	log, err := os.ReadFile(filepath.Join(data, "..", "..", "postgresql.log"))
	require.NoError(t, err)
	return string(log)
}

func failStatements(t *testing.T, db *postgres.DB) {
	t.Helper()
	ctx := tenancy.NewContext(t.Context(), tenancy.DefaultID)
	s := db.Scoped(ctx)
	for _, statement := range []string{"SELECT no_such_column FROM widgets", "SELECT 1 +",
		"SELECT 1/0", "INSERT INTO widgets (name) VALUES (NULL)"} {
		_, err := s.NewRaw(statement).Exec(ctx)
		require.Error(t, err)
		require.NotRegexp(t, signature, err.Error())
		err = s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			_, err := tx.NewRaw(statement).Exec(ctx)
			return err
		})
		require.Error(t, err)
	}
}
