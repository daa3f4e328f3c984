package pgbouncertest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgbouncer"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// dirty is raw SQL that leaves state in its session, or ends the transaction that the library
// began.
var dirty = []string{
	"SET work_mem = '77MB'", "SET search_path = pg_catalog", "SET ROLE NONE",
	"SET bailiwick.tenant = 'x'", "SET LOCAL bailiwick.tenant = 'x'", "SELECT 1; SET work_mem = '77MB'",
	"SELECT E'\\''; SET work_mem = '77MB' --'",
	"SELECT set_config('work_mem', '77MB', false)",
	`SELECT "set_config"/**/('work_mem', '77MB', 'f')`,
	"UPDATE pg_settings SET setting = '78848' WHERE name = 'work_mem'",
	"UPDATE ONLY (pg_catalog.pg_settings) SET setting = 'off'" +
		" WHERE name = 'standard_conforming_strings'",
	"EXPLAIN ANALYZE (SELECT set_config('work_mem', '77MB', false));",
	"SELECT set_limit(0.1)", "SELECT setseed(0.5)", "RESET ALL", "DISCARD ALL",
	"ALTER ROLE CURRENT_USER SET work_mem = '77MB'",
	"CREATE TEMP TABLE litter (n int)", "SELECT 1 AS n INTO TEMP litter",
	"SELECT 1 AS insert INTO TEMP litter", "CREATE TEMP TABLE litter AS SELECT 1",
	"CREATE TEMP VIEW litter AS SELECT 1",
	"EXPLAIN ANALYZE CREATE TEMP TABLE litter AS SELECT 1", "CREATE TEMP SEQUENCE litter",
	"CREATE FUNCTION pg_temp.litter() RETURNS int LANGUAGE sql AS 'SELECT 1'",
	"LISTEN news", "UNLISTEN *", "SELECT pg_advisory_lock(7)",
	"SELECT pg_catalog.pg_try_advisory_lock_shared(7)",
	"EXPLAIN ANALYZE (SELECT pg_advisory_lock(7));",
	"SELECT query_to_xml('SELECT pg_advisory_lock(7)', true, true, '')",
	"PREPARE later AS SELECT 1", "DEALLOCATE ALL", "DECLARE open CURSOR WITH HOLD FOR SELECT 1",
	"DO $$ BEGIN PERFORM pg_advisory_lock(7); END $$", "LOAD 'plpgsql'",
	"BEGIN", "COMMIT", "COMMIT; SET work_mem = '77MB'", "ROLLBACK; SET work_mem = '77MB'", "END",
	"ABORT", "START TRANSACTION", "PREPARE TRANSACTION 'x'",
	"COPY widgets TO STDOUT", "COPY widgets FROM STDIN", "COPY (SELECT 1) TO STDOUT",
}

// tidy is raw SQL whose effects on the session end with its transaction.
var tidy = []string{
	"SET LOCAL work_mem = '77MB'", "SELECT set_config('work_mem', '77MB', true)",
	"SET LOCAL search_path = pg_catalog", "SET LOCAL TIME ZONE 'Asia/Tokyo'",
	"SET CONSTRAINTS ALL DEFERRED",
	"CREATE TEMP TABLE tidy (n int) ON COMMIT DROP",
	"CREATE TEMP TABLE tidy ON COMMIT DROP AS SELECT 1", "SELECT pg_advisory_xact_lock(7)",
	"DECLARE tidy CURSOR FOR SELECT 1", "LOCK TABLE widgets IN ROW EXCLUSIVE MODE",
	"NOTIFY news, 'x'", "SELECT pg_notify('news', 'x')",
}

// runBothWays runs raw SQL twice, by itself and within a transaction, and returns
// the two errors.
func runBothWays(ctx context.Context, db *postgres.DB, sql string) []error {
	_, alone := db.Scoped(ctx).NewRaw(sql).Exec(ctx)
	within := db.Scoped(ctx).
		RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			_, err := tx.NewRaw(sql).Exec(ctx)
			return err
		})
	return []error{alone, within}
}

// The next user of the connection finds no state of the last one, neither in this process nor
// behind a pooler, which doesn't reset its sessions.
func TestRawSQLLeavesNoStateInItsSession(t *testing.T) {
	t.Parallel()
	databaseURL, p := fixture.MigratedURL(t, true), fixture.StartPooler(t)
	fresh := freshSession(t, databaseURL)
	o := p.Through(t, fixture.Options(databaseURL, true))
	o.MaxConns = 1
	o.SkipMigrations = true // a migration would change the role's settings
	db, pooled, ctx := fixture.Open(t, o),
		fixture.Superuser(t, p.URL(fixture.AppURL(t, databaseURL))),
		tenancy.NewContext(t.Context(), tenancy.DefaultID)
	fixture.GrantTemporary(t, databaseURL)
	requireClean := func(sql string) {
		t.Helper()
		sessions, err := holdSessions(t.Context(), pooled, pgbouncer.ServerConns)
		require.NoError(t, err, sql)
		for _, s := range sessions {
			// The tenant's setting is empty both before its first use and after its transaction.
			require.Empty(t, s.differences(fresh), sql)
		}
	}
	requireClean("before any statement")
	for _, sql := range dirty {
		for _, err := range runBothWays(ctx, db, sql) {
			require.ErrorContains(t, err, "not sent to the database", sql)
		}
		requireClean(sql)
	}
	for _, sql := range tidy {
		for _, err := range runBothWays(ctx, db, sql) {
			require.NoError(t, err, sql)
		}
		requireClean(sql)
	}
}

func TestCOPYIsRefusedWithAnAlternative(t *testing.T) {
	t.Parallel()
	db, ctx := fixture.OpenNew(t, true), tenancy.NewContext(t.Context(), tenancy.DefaultID)
	for _, err := range runBothWays(ctx, db, "COPY widgets (name) FROM STDIN") {
		require.ErrorContains(t, err, "COPY needs its own connection")
		require.ErrorContains(t, err, "INSERT or an import")
		require.Equal(t, tenancy.CodeInternal, tenancy.CodeOf(err))
	}
}

// An earlier statement can't change how the server parses string constants: a backslash in the next
// tenant's value doesn't end the constant.
func TestEarlierStatementsDoNotChangeHowValuesAreParsed(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	o := fixture.Options(databaseURL, true)
	o.MaxConns = 1
	db, ctx := fixture.Open(t, o), tenancy.NewContext(t.Context(), tenancy.DefaultID)
	const value = `\'; SELECT 'injected' --`
	for _, sql := range []string{
		"UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'",
		"SELECT set_config('standard_conforming_strings', 'off', true)",
		`SET LOCAL "Standard_Conforming_Strings" = off`, "SET LOCAL NAMES 'SJIS'",
		"SELECT set_config('client_encoding', 'SJIS', true)",
	} {
		_, _ = db.Scoped(ctx).NewRaw(sql).Exec(ctx)
		var got string
		require.NoError(t, db.Scoped(ctx).NewRaw("SELECT ?", value).Scan(ctx, &got), sql)
		require.Equal(t, value, got, sql)
		require.NoError(t, db.Scoped(ctx).
			RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
				_, _ = tx.NewRaw(sql).Exec(ctx)
				return tx.NewRaw("SELECT ?", value).Scan(ctx, &got)
			}), sql)
		require.Equal(t, value, got, sql)
	}
}
