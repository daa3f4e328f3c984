package commandtest

import (
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// finding is a line of doctor --json.
type finding struct {
	Severity, Code, Object, Why, Fix string
	Safe                             bool
}

// runDoctor runs doctor --json and returns its findings.
func runDoctor(t *testing.T, set map[string]string, status int, flags ...string) []finding {
	t.Helper()
	got := harness.Run(t, set, append([]string{"doctor", "--json"}, flags...)...).
		RequireStatus(t, status)
	var findings []finding
	require.NoError(t, json.Unmarshal([]byte(got.Out), &findings), "%s", got.Out)
	require.NotNil(t, findings)
	return findings
}

// databaseSettings are the settings of commands that work on a database.
func databaseSettings(t *testing.T, url, multiTenant string) map[string]string {
	return map[string]string{"DATABASE_URL": url, "MULTI_TENANT": multiTenant,
		"SECRETS_KEY": harness.SecretsKey, "DATA_DIR": t.TempDir()}
}

func execSQL(t *testing.T, url, statement string) {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	defer db.Close()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

// A database that the registry shares with another program may have a table with such a column.
func TestTableWithoutTenantsIsDeclaredByASetting(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	execSQL(t, url, `CREATE SCHEMA reporting; CREATE TABLE reporting.totals (tenant_id text);
		GRANT USAGE ON SCHEMA reporting TO PUBLIC; GRANT SELECT ON reporting.totals TO PUBLIC`)
	set := databaseSettings(t, url, "true")
	found := runDoctor(t, set, cli.ExitRefused)
	require.Contains(t, found[0].Object, "reporting.totals")
	require.Contains(t, found[0].Why, "TABLES_WITHOUT_TENANTS")

	set["TABLES_WITHOUT_TENANTS"] = "memos, reporting.totals"
	for _, f := range runDoctor(t, set, cli.ExitDone) {
		require.Equal(t, "warning", f.Severity, "%+v", f)
	}
}

func TestDoctorFindsNoErrorInFreshRegistry(t *testing.T) {
	t.Parallel()
	set := databaseSettings(t, migratedDatabase(t), "true")
	for _, f := range runDoctor(t, set, cli.ExitDone) {
		require.Equal(t, "warning", f.Severity, "%+v", f)
		require.Contains(t, []string{"grant_temp", "setting_track_activities"}, f.Code,
			"only findings that the server's administrator can fix")
	}
	runDoctor(t, set, cli.ExitDone, "--fix")
	require.NotContains(t, harness.Run(t, set, "doctor").RequireStatus(t, cli.ExitDone).Out,
		"error ")

	single := databaseSettings(t, pgtest.Database(t), "")
	harness.Run(t, single, "migrate", "up").RequireStatus(t, cli.ExitDone)
	require.Empty(t, runDoctor(t, single, cli.ExitDone))
	require.Equal(t, "Examined with MULTI_TENANT off: the application role and its rights"+
		" weren't checked.\nNo findings.\n",
		harness.Run(t, single, "doctor").RequireStatus(t, cli.ExitDone).Out)
}

func TestDoctorReportsFindingsAndFixesSafeOnes(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	set := databaseSettings(t, url, "true")
	runDoctor(t, set, cli.ExitDone, "--fix")
	execSQL(t, url, "DROP POLICY bailiwick_tenant ON agents; CREATE UNIQUE INDEX one_name"+
		" ON prompts (name)")

	for _, args := range [][]string{{"serve"}, {"migrate", "status"}} {
		set["AUTO_MIGRATE"], set["ADDR"] = "false", "127.0.0.1:0"
		refused := harness.Run(t, set, args...).RequireStatus(t, cli.ExitRefused)
		require.Contains(t, refused.Err, "CREATE POLICY bailiwick_tenant", "the SQL that fixes it")
	}

	out := harness.Run(t, set, "doctor").RequireStatus(t, cli.ExitRefused).Out
	require.Contains(t, out, "MULTI_TENANT=true")
	require.Regexp(t, `(?m)^SEVERITY +OBJECT +WHY$`, out)
	require.Regexp(t, `(?m)^error +public\.agents +without the policy`, out)
	require.Regexp(t, `(?m)^-- public\.agents \(policy_missing, safe: --fix runs it\)\n`+
		`CREATE POLICY bailiwick_tenant ON "public"."agents" .*;$`, out)
	require.Regexp(t, `(?m)^-- public\.prompts \(one_name\) \(unique_without_tenant\)\n`+
		`DROP INDEX public\.one_name; CREATE UNIQUE INDEX .*;$`, out)

	remaining := runDoctor(t, set, cli.ExitRefused, "--fix")
	require.Len(t, remaining, 1)
	require.Equal(t, "unique_without_tenant", remaining[0].Code)
	require.False(t, remaining[0].Safe)
	execSQL(t, url, remaining[0].Fix)
	require.Empty(t, runDoctor(t, set, cli.ExitDone))
}

func TestDoctorAsksToMigrateAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	out := harness.Run(t, databaseSettings(t, pgtest.Database(t), ""), "doctor").
		RequireStatus(t, cli.ExitRefused).
		Out
	require.Contains(t, out, "migrate first")
}
