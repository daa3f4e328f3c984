package sharedtest

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

func sharedFindings(t *testing.T, o postgres.Options) []doctor.Finding {
	t.Helper()
	all, err := postgres.Doctor(t.Context(), o)
	require.NoError(t, err)
	return slices.DeleteFunc(all, func(f doctor.Finding) bool { // settings of the server
		return f.Code == "setting_track_activities"
	})
}

func TestDoctorFindsNothingAboutAMigratedSharedTable(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		require.Empty(t, sharedFindings(t, w.options))
		require.NoError(t, w.db.Ready(t.Context()))
	})
}

func TestDoctorFindsWhatMakesASharedTableUnsafe(t *testing.T) {
	t.Parallel()
	const view = "ALTER TABLE plans RENAME TO old_plans; CREATE VIEW plans AS SELECT * FROM old_plans; "
	for name, d := range map[string]struct {
		statement, code, object string
		safe, left              bool // left: a warning stays after the fix
	}{
		"insert": {"GRANT INSERT ON plans TO bailiwick_app", "shared_writable", "public.plans",
			true, false},
		"update of a column": {"GRANT UPDATE (name) ON plans TO bailiwick_app", "shared_writable",
			"public.plans", true, false},
		"truncate": {"GRANT TRUNCATE ON ref.features TO bailiwick_app", "shared_writable",
			"ref.features", true, false},
		"trigger": {"GRANT TRIGGER ON plans TO bailiwick_app", "shared_writable", "public.plans",
			true, false},
		"delete by everybody": {"GRANT DELETE ON plans TO PUBLIC", "shared_writable",
			"public.plans", false, false},
		"update of a partition": {"CREATE TABLE more_plans () INHERITS (plans);" +
			" GRANT UPDATE ON more_plans TO bailiwick_app", "shared_writable", "public.plans", true,
			false},
		"a column of tenants": {"ALTER TABLE plans ADD COLUMN tenant_id uuid",
			"shared_with_tenants", "public.plans", false, true},
		"a column of tenants with a text": {`ALTER TABLE plans ADD COLUMN "TenantID" text`,
			"shared_with_tenants", "public.plans", false, true},
		"a foreign key to tenants": {"ALTER TABLE plans ADD COLUMN owner uuid REFERENCES" +
			" bailiwick.tenants (id)", "shared_with_tenants", "public.plans", false, true},
		"tenants' rows inherit from it": {"CREATE TABLE own_plans (tenant_id uuid) INHERITS (plans)",
			"shared_with_tenants", "public.plans", false, true},
		"a declared table inherits from it": {"ALTER TABLE ref.features RENAME TO old_features;" +
			" CREATE TABLE ref.features (id bigint NOT NULL); GRANT SELECT ON ref.features TO" +
			" bailiwick_app; ALTER TABLE subscriptions INHERIT ref.features",
			"shared_with_tenants", "ref.features", false, true},
		"a view": {view + "GRANT SELECT ON plans TO bailiwick_app", "shared_not_table",
			"public.plans", false, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, true)
			fixture.Exec(t, w.superuser, d.statement)
			find := func() []doctor.Finding {
				return slices.DeleteFunc(sharedFindings(t, w.options), func(f doctor.Finding) bool {
					return f.Code != d.code || f.Object != d.object
				})
			}
			found := find()
			require.Len(t, found, 1, "%+v", sharedFindings(t, w.options))
			require.Equal(t, doctor.SeverityError, found[0].Severity)
			require.Equal(t, d.safe, found[0].Safe)
			require.ErrorContains(t, w.db.Ready(t.Context()), found[0].Why)
			fixture.Exec(t, w.superuser, found[0].Fix)
			if !d.left {
				require.Empty(t, find())
				return
			}
			require.Equal(t, doctor.SeverityWarning, find()[0].Severity)
			_, err := postgres.Open(t.Context(), w.options)
			require.ErrorContains(t, err, "Options.Shared", "no migration grants it again")
		})
	}
}

func TestSharedTableThatIsMissingOrUnreadableIsReported(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		if w.options.MultiTenant {
			fixture.Exec(t, w.superuser, "REVOKE SELECT ON plans FROM bailiwick_app")
			found := sharedFindings(t, w.options)
			require.Len(t, found, 1)
			require.Equal(t, "shared_unreadable", found[0].Code)
			fixture.Exec(t, w.superuser, found[0].Fix)
			require.Empty(t, sharedFindings(t, w.options))
		}
		fixture.Exec(t, w.superuser, "ALTER TABLE plans RENAME TO gone")
		found := sharedFindings(t, w.options)
		require.Equal(t, "table_missing", found[0].Code)
		_, err := postgres.Open(t.Context(), w.options)
		require.ErrorContains(t, err, "doesn't exist: create it in Options.Migrations")
		o := w.options
		o.SkipMigrations = true
		_, err = postgres.Open(t.Context(), o)
		require.ErrorContains(t, err, "the table of Options.Shared is missing")
	})
}

func TestMigrationTakesWritesFromASharedTable(t *testing.T) {
	t.Parallel()
	o := options(pgtest.Database(t), true,
		"ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC; CREATE TABLE other (id int);"+
			" ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM PUBLIC")
	require.NoError(t, postgres.Migrate(context.Background(), o))
	fixture.Exec(t, fixture.Superuser(t, o.URL), "GRANT ALL ON plans TO bailiwick_app, bailiwick_system")
	require.NoError(t, postgres.Migrate(t.Context(), o))
	found := sharedFindings(t, o)
	require.Len(t, found, 1)
	require.Equal(t, "shared_table", found[0].Code, "a table that isn't declared: %+v", found)
	require.Equal(t, "public.other", found[0].Object)
	var writes bool
	require.NoError(t, fixture.Superuser(t, o.URL).QueryRowContext(t.Context(),
		"SELECT has_table_privilege('bailiwick_system', 'plans', 'UPDATE')").Scan(&writes))
	require.False(t, writes)
}

func TestOpenRefusesContradictingDeclarations(t *testing.T) {
	t.Parallel()
	type owned struct {
		bun.BaseModel `bun:"table:plans"`
		TenantID      string `bun:"tenant_id,type:uuid"`
	}
	for text, change := range map[string]func(*postgres.Options){
		"Options.Tables declares it": func(o *postgres.Options) {
			o.Shared = append(o.Shared, (*subscriptionFeature)(nil))
		},
		"in Options.Shared twice": func(o *postgres.Options) {
			o.Shared = append(o.Shared, (*plan)(nil))
		},
		"has the column tenant_id": func(o *postgres.Options) { o.Shared = []any{(*owned)(nil)} },
		"an element of Options.Shared must be a pointer to a struct": func(o *postgres.Options) {
			o.Shared = []any{plan{}}
		},
		"Options.WithoutTenants": func(o *postgres.Options) {
			o.WithoutTenants = []string{"ref.features"}
		},
	} {
		o := options("postgres://nowhere.invalid/x", true, "")
		change(&o)
		_, err := postgres.Open(t.Context(), o)
		require.ErrorContains(t, err, text)
	}
}
