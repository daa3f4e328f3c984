package audittest

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestHostAuditMigratesDownAndUpAgain(t *testing.T) {
	t.Parallel()
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	db := fixture.Open(t, o)
	super := fixture.Superuser(t, o.URL)
	run := func(direction string) {
		text, err := os.ReadFile(filepath.Join("../../../adapters/postgres/internal/migrations",
			"20261204000000_host_audit."+direction+".sql"))
		require.NoError(t, err)
		fixture.Exec(t, super, string(text))
	}
	write := func(n int) {
		ctx := asAlice(t, tenancy.DefaultID)
		fixture.PutWidget(t, db, tenancy.DefaultID, "w", "x")
		_, err := db.Scoped(ctx).NewRaw("DELETE FROM widgets").Exec(ctx)
		require.NoError(t, err)
		require.NoError(t, db.Record(ctx, db.Scoped(ctx), publish))
		require.Len(t, rowEntries(t, db, tenancy.DefaultID), n)
	}
	write(1)
	run("down")
	write(1)
	left, err := fixture.Strings(super.QueryContext(t.Context(), "SELECT tgname FROM pg_trigger"+
		" WHERE tgname LIKE 'bailiwick_audit%'"))
	require.NoError(t, err)
	require.Empty(t, left)

	run("up")
	require.NoError(t, postgres.Migrate(t.Context(), o))
	write(2)
	findings, err := db.Doctor(t.Context())
	require.NoError(t, err)
	require.Empty(t, findings)
}
