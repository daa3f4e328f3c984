package postgrestest_test

import (
	"database/sql"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// withoutServer is the environment variable with which this program runs its tests without Main.
const withoutServer = "POSTGRESTEST_WITHOUT_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(withoutServer) != "" {
		os.Exit(m.Run())
	}
	postgrestest.Main(m)
}

func open(t *testing.T, url string) *sql.DB {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func TestEachTestHasAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	one, two := postgrestest.Database(t), postgrestest.Database(t)
	require.NotEqual(t, one, two)
	_, err := open(t, one).ExecContext(t.Context(), "CREATE TABLE only_in_one ()")
	require.NoError(t, err)
	var tables int
	require.NoError(t, open(t, two).QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").Scan(&tables))
	require.Zero(t, tables)
}

// The roles that Open creates belong to the whole server.
func TestDatabaseAndItsRolesAreDroppedAtTheEnd(t *testing.T) {
	t.Parallel()
	const roles = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'bailiwick\\_' || $1 || '\\_%'"
	server := open(t, postgrestest.Database(t))
	var oid string
	var made int
	require.True(t, t.Run("host", func(t *testing.T) {
		url := postgrestest.Database(t)
		db, err := postgres.Open(t.Context(), postgres.Options{URL: url, MultiTenant: true})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		require.NoError(t, open(t, url).QueryRowContext(t.Context(),
			"SELECT oid FROM pg_database WHERE datname = current_database()").Scan(&oid))
		require.NoError(t, server.QueryRowContext(t.Context(), roles, oid).Scan(&made))
		require.NotZero(t, made)
	}))
	require.NoError(t, server.QueryRowContext(t.Context(), roles, oid).Scan(&made))
	require.Zero(t, made)
	require.NoError(t, server.QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_database WHERE oid = $1", oid).Scan(&made))
	require.Zero(t, made)
}

// rerun runs a test of this program with other settings and returns its output.
func rerun(t *testing.T, test string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+test+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestUnusableTestURLIsAnErrorWithoutItsPassword(t *testing.T) {
	t.Parallel()
	out, err := rerun(t, "TestEachTestHasAnEmptyDatabase",
		"BAILIWICK_TEST_URL=mysql://u:s3cret@127.0.0.1/db")
	require.Error(t, err)
	require.Contains(t, out, "postgrestest: no PostgreSQL for the tests; tried\n"+
		"        url: BAILIWICK_TEST_URL: ")
	require.NotContains(t, out, "s3cret")
	require.NotContains(t, out, "local:")
}

func TestServerOfTheTestURLKeepsNoDatabase(t *testing.T) {
	t.Parallel()
	server, err := localpg.Start(t.Context(), localpg.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop()) })
	out, err := rerun(t, "TestDatabaseAndItsRolesAreDroppedAtTheEnd",
		"BAILIWICK_TEST_URL="+server.URL())
	require.NoError(t, err, out)
	require.Contains(t, out, "postgrestest: url: BAILIWICK_TEST_URL")
	var left string
	require.NoError(t, open(t, server.URL()).QueryRowContext(t.Context(),
		"SELECT string_agg(datname, ' ') FROM pg_database WHERE NOT datistemplate").Scan(&left))
	require.Equal(t, "postgres", left)
}

// It may name the database that a developer works with.
func TestDatabaseURLIsNotRead(t *testing.T) {
	t.Parallel()
	out, err := rerun(t, "TestEachTestHasAnEmptyDatabase",
		"DATABASE_URL=postgres://u:s3cret@127.0.0.1:1/db?sslmode=disable")
	require.NoError(t, err, out)
	require.Contains(t, out, "postgrestest: local: a private cluster of ")
}

func TestMissingMainIsAnErrorThatNamesIt(t *testing.T) {
	t.Parallel()
	out, err := rerun(t, "TestEachTestHasAnEmptyDatabase", withoutServer+"=yes")
	require.Error(t, err)
	require.Contains(t, out, "call postgrestest.Main from this package's TestMain")
}

func TestNoContainerLibraryIsImported(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", ".").Output()
	require.NoError(t, err)
	require.Contains(t, string(out), "/internal/localpg\n")
	for _, library := range []string{"testcontainers", "docker", "moby", "containerd"} {
		require.False(t, strings.Contains(string(out), library), library)
	}
}
