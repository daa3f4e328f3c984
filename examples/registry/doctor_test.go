package main

import (
	"database/sql"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

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
	got := runWith(t, set, append([]string{"doctor", "--json"}, flags...)...).
		requireStatus(t, status)
	var findings []finding
	require.NoError(t, json.Unmarshal([]byte(got.out), &findings), "%s", got.out)
	require.NotNil(t, findings)
	return findings
}

// databaseSettings are the settings of commands that work on a database.
func databaseSettings(t *testing.T, url, multiTenant string) map[string]string {
	return map[string]string{"DATABASE_URL": url, "MULTI_TENANT": multiTenant,
		"SECRETS_KEY": secretsKey, "DATA_DIR": t.TempDir()}
}

func execSQL(t *testing.T, url, statement string) {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	defer db.Close()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

func TestDoctorFindsNoErrorInFreshRegistry(t *testing.T) {
	t.Parallel()
	set := databaseSettings(t, cmdDatabase(t), "true")
	for _, f := range runDoctor(t, set, exitDone) {
		require.Equal(t, "warning", f.Severity, "%+v", f)
		require.Contains(t, []string{"grant_temp", "setting_track_activities"}, f.Code,
			"only findings that the server's administrator can fix")
	}
	runDoctor(t, set, exitDone, "--fix")
	require.NotContains(t, runWith(t, set, "doctor").requireStatus(t, exitDone).out, "error ")

	single := databaseSettings(t, pgtest.Database(t), "")
	runWith(t, single, "migrate", "up").requireStatus(t, exitDone)
	require.Empty(t, runDoctor(t, single, exitDone))
	require.Equal(t, "Examined with MULTI_TENANT off: the application role and its rights"+
		" weren't checked.\nNo findings.\n",
		runWith(t, single, "doctor").requireStatus(t, exitDone).out)
}

func TestDoctorReportsFindingsAndFixesSafeOnes(t *testing.T) {
	t.Parallel()
	url := cmdDatabase(t)
	set := databaseSettings(t, url, "true")
	runDoctor(t, set, exitDone, "--fix")
	execSQL(t, url, "DROP POLICY bailiwick_tenant ON agents; CREATE UNIQUE INDEX one_name"+
		" ON prompts (name)")

	for _, args := range [][]string{{"serve"}, {"migrate", "status"}} {
		set["AUTO_MIGRATE"], set["ADDR"] = "false", "127.0.0.1:0"
		refused := runWith(t, set, args...).requireStatus(t, exitRefused)
		require.Contains(t, refused.err, "CREATE POLICY bailiwick_tenant", "the SQL that fixes it")
	}

	out := runWith(t, set, "doctor").requireStatus(t, exitRefused).out
	require.Contains(t, out, "MULTI_TENANT=true")
	require.Regexp(t, `(?m)^SEVERITY +OBJECT +WHY$`, out)
	require.Regexp(t, `(?m)^error +public\.agents +without the policy`, out)
	require.Regexp(t, `(?m)^-- public\.agents \(policy_missing, safe: --fix runs it\)\n`+
		`CREATE POLICY bailiwick_tenant ON "public"."agents" .*;$`, out)
	require.Regexp(t, `(?m)^-- public\.prompts \(one_name\) \(unique_without_tenant\)\n`+
		`DROP INDEX public\.one_name; CREATE UNIQUE INDEX .*;$`, out)

	remaining := runDoctor(t, set, exitRefused, "--fix")
	require.Len(t, remaining, 1)
	require.Equal(t, "unique_without_tenant", remaining[0].Code)
	require.False(t, remaining[0].Safe)
	execSQL(t, url, remaining[0].Fix)
	require.Empty(t, runDoctor(t, set, exitDone))
}

func TestDoctorAsksToMigrateAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	out := runWith(t, databaseSettings(t, pgtest.Database(t), ""), "doctor").
		requireStatus(t, exitRefused).
		out
	require.Contains(t, out, "migrate first")
}
