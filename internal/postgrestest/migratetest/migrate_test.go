package migratetest

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestFailedMigrationIsRolledBackCompletely(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	o := fixture.Options(databaseURL, true)
	o.Migrations.Add(migrate.Migration{Name: "20261102000000",
		Up: func(context.Context, *migrate.Migrator, *migrate.Migration) error {
			return errors.New("migration failed")
		}})
	_, err := postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "migration failed")
	var left int
	require.NoError(t, fixture.Superuser(t, databaseURL).QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace"+
			" WHERE nspname IN ('public', 'bailiwick'))").Scan(&left))
	require.Zero(t, left)

	db, err := postgres.Open(t.Context(), fixture.Options(databaseURL, true))
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestInstancesThatStartAtTheSameTimeMigrateOnce(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	var group sync.WaitGroup
	errs := make([]error, 4)
	for i := range errs {
		group.Go(func() {
			db, err := postgres.Open(context.WithoutCancel(t.Context()),
				fixture.Options(databaseURL, true))
			if err == nil {
				err = db.Close()
			}
			errs[i] = err
		})
	}
	group.Wait()
	require.NoError(t, errors.Join(errs...))
}

func TestSingleTenantSchemaIsRefusedAndNotChanged(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		"CREATE TABLE widgets (id uuid PRIMARY KEY, name text)")
	o := fixture.Options(databaseURL, false)
	o.Migrations = nil
	o.Tables = fixture.Tables()[2:3]
	o.Tables[0].References = nil
	_, err := postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "single-tenant")
	var left int
	require.NoError(t, fixture.Superuser(t, databaseURL).QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_namespace WHERE nspname = 'bailiwick'").Scan(&left))
	require.Zero(t, left)
}

func TestTenancyCanBeTurnedOnAndOffAgain(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, false)
	for _, multiTenant := range []bool{false, true, false, true} {
		db, err := postgres.Open(t.Context(), fixture.Options(databaseURL, multiTenant))
		require.NoError(t, err)
		fixture.PutWidget(t, db, tenancy.DefaultID, "w", "default's")
		list, err := db.Services().Resources.List(t.Context(), tenancy.DefaultID,
			ports.ResourceQuery{Kind: "widget", Limit: 10})
		require.NoError(t, err)
		require.Len(t, list, 1)
		require.NoError(t, db.Close())
	}
}

// A role that isn't a superuser migrates the same row-level security.
func TestOwnerWithoutSuperuserMigratesAndServes(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	fixture.Exec(t, fixture.Superuser(t, databaseURL), `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plain_owner') THEN
			CREATE ROLE plain_owner LOGIN CREATEROLE PASSWORD 'secret';
		END IF; END $$;
			DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO plain_owner', current_database()); END $$`)
	plain := fixture.WithUser(t, databaseURL, url.UserPassword("plain_owner", "secret"))
	for _, multiTenant := range []bool{false, true, true, false} {
		o := fixture.Options(plain, multiTenant)
		o.RolePrefix = "" // roles that others created aren't this user's to grant, from version 16 on
		if multiTenant {  // the default roles' passwords are derived from another owner's
			o.AppURL = fixture.WithUser(t, databaseURL, url.UserPassword("plain_app", "app's"))
			o.SystemURL = fixture.WithUser(t, databaseURL,
				url.UserPassword("plain_system", "system's"))
		}
		db, err := postgres.Open(t.Context(), o)
		require.NoError(t, err)
		fixture.PutWidget(t, db, tenancy.DefaultID, "w", "default's")
		require.NoError(t, db.Close())
	}
}

func TestInvalidOptionIsNamedInTheError(t *testing.T) {
	t.Parallel()
	for text, o := range map[string]postgres.Options{
		"Options.URL is empty":          {},
		"isn't of the form":             {URL: "localhost"},
		"Options.SecretsKey has 5":      {URL: "postgres://u:p@h/d", SecretsKey: make([]byte, 5)},
		"need MultiTenant":              {URL: "postgres://u:p@h/d", AppURL: "postgres://a:p@h/d"},
		"Table.Model must be a pointer": {URL: "postgres://u:p@h/d", Tables: []postgres.Table{{}}},
	} {
		_, err := postgres.Open(t.Context(), o)
		require.ErrorContains(t, err, text)
	}
}
