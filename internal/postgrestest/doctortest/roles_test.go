package doctortest

import (
	"bytes"
	"crypto/rand"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// ownRoles makes a healthy database with roles that no other test uses, since roles belong to the
// whole server.
func ownRoles(t *testing.T) (o postgres.Options, app string) {
	t.Helper()
	prefix := "doctor_" + strings.ToLower(rand.Text()[:10])
	// Cleanups run in reverse order: the database is dropped before its roles.
	server := fixture.Superuser(t, pgtest.Database(t))
	t.Cleanup(func() {
		for _, role := range []string{"_app", "_system", "_search", "_owner"} {
			_, err := server.Exec("DROP ROLE IF EXISTS " + prefix + role)
			require.NoError(t, err)
		}
	})
	databaseURL := fixture.MigratedURL(t, true)
	o = fixture.Options(databaseURL, true)
	o.RolePrefix, app = prefix, prefix+"_app"
	o.AppURL = fixture.WithUser(t, databaseURL, url.UserPassword(app, "app's"))
	o.SystemURL = fixture.WithUser(t, databaseURL, url.UserPassword(prefix+"_system", "system's"))
	require.NoError(t, tryOpen(t, o))
	t.Cleanup(func() { // a role that bypasses row security in no database is a finding in each
		_, err := server.Exec("ALTER ROLE " + app + " NOBYPASSRLS")
		require.NoError(t, err)
	})
	o.SkipMigrations = true
	require.Empty(t, examine(t, o))
	return o, app
}

func TestDoctorFindsRolesWithTooManyRights(t *testing.T) {
	t.Parallel()
	for _, d := range []defect{
		{"superuser", "ALTER ROLE {role} SUPERUSER", "role_superuser", "{role}", false},
		{"BYPASSRLS", "ALTER ROLE {role} BYPASSRLS", "role_bypassrls", "{role}", false},
		{"CREATEROLE", "ALTER ROLE {role} CREATEROLE", "role_createrole", "{role}", false},
		{"REPLICATION", "ALTER ROLE {role} REPLICATION", "role_replication", "{role}", false},
		{"CREATEDB", "ALTER ROLE {role} CREATEDB", "role_createdb", "{role}", true},
		{"a member of another role", "GRANT pg_read_all_data TO {role}", "role_member", "{role}",
			false},
		{"a member of the owner role", "GRANT {owner} TO {role}", "role_member", "{role}",
			false},
		{"a role with members", "GRANT {role} TO pg_monitor", "role_has_members", "{role}", true},
		{"an owner of a table", "ALTER TABLE widgets OWNER TO {role}", "role_owns",
			"public.widgets", false},
		{"the owner of the database",
			"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO {role}', current_database());" +
				" END $$", "role_owns", "pgtest_", false},
	} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			o, app := ownRoles(t)
			names := strings.NewReplacer("{role}", app, "{owner}", o.RolePrefix+"_owner")
			fixture.Exec(t, fixture.Superuser(t, o.URL), names.Replace(d.statement))
			d.object = strings.ReplaceAll(d.object, "{role}", app)
			found := d.finding(t, examine(t, o))
			require.Equal(t, d.severity(), found.Severity)
			if d.warning {
				require.NoError(t, tryOpen(t, o))
			} else {
				require.ErrorContains(t, tryOpen(t, o), found.Why)
			}
			fixture.Exec(t, fixture.Superuser(t, o.URL), found.Fix)
			runFixes(t, o, examine(t, o))
			require.Empty(t, examine(t, o))
			require.NoError(t, tryOpen(t, o))
		})
	}
}

func TestDoctorFindsRolesThatCannotLogIn(t *testing.T) {
	t.Parallel()
	o, app := ownRoles(t)
	fixture.Exec(t, fixture.Superuser(t, o.URL), "ALTER ROLE "+app+" NOLOGIN")
	found := defect{code: "role_login", object: app}.finding(t, examine(t, o))
	require.Equal(t, doctor.SeverityError, found.Severity)
	password := strings.NewReplacer("'…'", "'app''s'")
	fixture.Exec(t, fixture.Superuser(t, o.URL), password.Replace(found.Fix))
	require.Empty(t, examine(t, o))

	o.AppURL = fixture.WithUser(t, o.URL, url.UserPassword("doctor_missing", "x"))
	findings := examine(t, o)
	missing := defect{code: "role_missing", object: "doctor_missing"}.finding(t, findings)
	require.Equal(t, doctor.SeverityError, missing.Severity)
	require.NotContains(t, codes(findings), "role_login")
}

func TestDoctorFindsOnlyThatADatabaseWasNeverMigrated(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []bool{true, false} {
		findings := examine(t, fixture.Options(pgtest.Database(t), multiTenant))
		require.Equal(t, []string{"not_migrated"}, codes(findings))
	}
}

func TestDoctorWithTenancyOffChecksPoliciesButNotRoles(t *testing.T) {
	t.Parallel()
	o := fixture.Options(fixture.MigratedURL(t, false), false)
	o.SkipMigrations = true
	fixture.Exec(t, fixture.Superuser(t, o.URL),
		"GRANT TRUNCATE ON widgets TO PUBLIC; DROP POLICY bailiwick_tenant ON widgets")
	require.Equal(t, []string{"policy_missing"}, codes(examine(t, o)))
	require.NoError(t, tryOpen(t, o), "there is only one tenant")
	fixture.Exec(t, fixture.Superuser(t, o.URL), "DROP TABLE settings")
	require.Contains(t, codes(examine(t, o)), "table_missing")
	require.ErrorContains(t, tryOpen(t, o), "settings")
}

// A policy for another role doesn't affect the application.
func TestDoctorIgnoresPoliciesOfOtherRoles(t *testing.T) {
	t.Parallel()
	o := healthy(t)
	fixture.Exec(t, fixture.Superuser(t, o.URL),
		"CREATE POLICY reports ON widgets FOR SELECT TO pg_monitor"+
			" USING (true); CREATE POLICY narrow ON widgets AS RESTRICTIVE USING (name <> '')")
	require.Empty(t, examine(t, o))
}

func TestOpenAndReadyReportTheFindingsOfDoctor(t *testing.T) {
	t.Parallel()
	o := healthy(t)
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	defer db.Close()
	fixture.Exec(t, fixture.Superuser(t, o.URL),
		"GRANT TRUNCATE ON widgets TO bailiwick_app; CREATE UNIQUE INDEX one ON makers (name)")
	findings, err := db.Doctor(t.Context())
	require.NoError(t, err)
	require.Equal(t, examine(t, o), findings)
	require.Equal(t, []string{"grant_truncate", "unique_without_tenant"}, codes(findings))
	for _, f := range findings {
		for _, err := range []error{tryOpen(t, o), db.Ready(t.Context())} {
			require.ErrorContains(t, err, f.Why)
			require.ErrorContains(t, err, f.Fix)
		}
	}
}

func TestMendAppliesSafeFixesAndReturnsTheRest(t *testing.T) {
	t.Parallel()
	o, app := ownRoles(t)
	for _, statement := range []string{
		"DROP POLICY bailiwick_tenant ON widgets",
		"ALTER POLICY bailiwick_tenant ON makers USING (true)",
		"GRANT TRUNCATE, TRIGGER ON parts TO " + app,
		"ALTER ROLE " + app + " BYPASSRLS",
		"CREATE OR REPLACE VIEW bailiwick.staged AS SELECT * FROM bailiwick.import_items",
		"CREATE POLICY everybody ON parts USING (true)", "CREATE UNIQUE INDEX one ON makers (name)",
		"GRANT CREATE ON SCHEMA public TO PUBLIC",
	} {
		fixture.Exec(t, fixture.Superuser(t, o.URL), statement)
	}
	mended, left, err := postgres.Mend(t.Context(), o)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"policy_missing", "policy_drift", "grant_truncate",
		"grant_trigger", "role_bypassrls", "library_drift"}, codes(mended))
	require.ElementsMatch(t, []string{"policy_permissive", "unique_without_tenant",
		"grant_create_in_schema"}, codes(left), "others may depend on these")
	require.Equal(t, examine(t, o), left)
}

// An owner who isn't a superuser can't apply every fix.
func TestMendLogsFixesThatItIsNotAllowedToApply(t *testing.T) {
	t.Parallel()
	o, app := ownRoles(t)
	fixture.Exec(t, fixture.Superuser(t, o.URL), "ALTER ROLE "+app+" BYPASSRLS")
	fixture.Exec(t, fixture.Superuser(t, o.URL), `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'doctor_plain') THEN
			CREATE ROLE doctor_plain LOGIN PASSWORD 'plain';
		END IF; END $$;
		GRANT USAGE ON SCHEMA bailiwick TO doctor_plain`)
	o.URL = fixture.WithUser(t, o.URL, url.UserPassword("doctor_plain", "plain"))
	var log bytes.Buffer
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	mended, left, err := postgres.Mend(t.Context(), o)
	require.NoError(t, err)
	require.Contains(t, log.String(), "NOBYPASSRLS")
	require.Empty(t, mended)
	require.Equal(t, []string{"role_bypassrls"}, codes(left))
}

func TestDoctorFindsADisabledQuotaTrigger(t *testing.T) {
	t.Parallel()
	url := fixture.MigratedURL(t, true)
	db := fixture.Open(t, fixture.Options(url, true))
	super := fixture.Superuser(t, url)
	fixture.Exec(t, super, "ALTER TABLE makers DISABLE TRIGGER bailiwick_quota")
	findFixes := func() (fixes []string) {
		findings, err := db.Doctor(t.Context())
		require.NoError(t, err)
		for _, f := range findings {
			if f.Code == "default_missing" && f.Object == "public.makers" {
				fixes = append(fixes, f.Fix)
			}
		}
		return fixes
	}
	fixes := findFixes()
	require.Len(t, fixes, 1)
	require.Contains(t, fixes[0], "CREATE TRIGGER bailiwick_quota")
	fixture.Exec(t, super, fixes[0])
	require.Empty(t, findFixes())
}

func codes(findings []doctor.Finding) []string {
	found := make([]string, len(findings))
	for i, f := range findings {
		found[i] = f.Code
	}
	return found
}
