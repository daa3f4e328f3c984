package adopttest

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// singleTenant returns the URL of a database of the single-tenant version, with some
// rows.
func singleTenant(t testing.TB) string {
	t.Helper()
	return pgtest.Template(t, "single-tenant", func(url string) error {
		schema, err := os.ReadFile(singleTenantFile("schema.sql"))
		if err != nil {
			return err
		}
		rows, err := os.ReadFile("testdata/single-tenant/rows.sql")
		if err != nil {
			return err
		}
		db := connect(t, url)
		if _, err := db.ExecContext(context.Background(), string(schema)); err != nil {
			return err
		}
		_, err = db.ExecContext(context.Background(), string(rows))
		return err
	})
}

// singleTenantFile returns the path of a file of the single-tenant version.
// SINGLE_TENANT is the directory of the deployed version's files.
func singleTenantFile(name string) string {
	return filepath.Join(cmp.Or(os.Getenv("SINGLE_TENANT"), "testdata/single-tenant"), name)
}

// connect opens a database as a client without tenants.
func connect(t testing.TB, url string) *bun.DB {
	t.Helper()
	db := bun.NewDB(sql.OpenDB(
		pgdriver.NewConnector(pgdriver.WithDSN(url), pgdriver.WithReadTimeout(10*time.Minute),
			pgdriver.WithApplicationName("old registry"))), pgdialect.New())
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// dump returns pg_dump's output for a schema, without the lines that differ between
// runs.
func dump(t testing.TB, url string, more ...string) string {
	t.Helper()
	out, err := exec.Command("pg_dump",
		append([]string{"--schema-only", "--dbname", url}, more...)...).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return variableLines.ReplaceAllString(string(out), "")
}

var variableLines = regexp.MustCompile(`(?m)^\\(un)?restrict .*$`)

// adoptionOptions returns the options that the registry opens this database with.
func adoptionOptions(t testing.TB, url string, multiTenant bool) postgres.Options {
	t.Helper()
	registryMigrations, err := kinds.Migrations()
	require.NoError(t, err)
	return postgres.Options{URL: url, MultiTenant: multiTenant, Tables: kinds.Tables(),
		Migrations: registryMigrations, Adopt: kinds.Adoption(), SecretsKey: make([]byte, 32),
		RolePrefix: harness.RolePrefix}
}

// fastMigration returns options that watch for the old version for one second only.
func fastMigration(phase adoption.Phase) adoption.Options {
	return adoption.Options{Phase: phase, Watch: time.Second}
}

func TestMigrateDownRestoresOriginalCatalog(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	before := dump(t, url)
	o := adoptionOptions(t, url, false)
	require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Expand)))
	status, err := postgres.Status(t.Context(), o)
	require.NoError(t, err)
	require.Equal(t, adoption.State("expanded"), status.State)
	require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Contract)))
	require.NoError(t, postgres.MigrateDown(t.Context(), o, fastMigration(adoption.Expand)))
	require.Equal(t, before, dump(t, url))
}

// excludeOldTables excludes the tables that only the old version uses. They still
// exist, but the application role can't read them: their rows have been migrated.
var excludeOldTables = []string{"--exclude-table=users", "--exclude-table=api_keys",
	"--exclude-table=audit_log*"}

func TestContractedDatabaseEqualsFreshInstallation(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	before := dump(t, url)
	o := adoptionOptions(t, url, true)
	require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Contract)))
	requireFreshInstallation(t, url)

	require.NoError(t, postgres.MigrateDown(t.Context(), o, fastMigration(adoption.Expand)))
	require.Equal(t, before, dump(t, url))
}

// requireFreshInstallation requires the catalog of a fresh installation and the same
// findings of the doctor.
func requireFreshInstallation(t *testing.T, url string) {
	t.Helper()
	fresh := adoptionOptions(t, migratedDatabase(t), true)
	require.Equal(t, dump(t, fresh.URL), dump(t, url, excludeOldTables...))
	// a copied database lacks its roles' settings
	require.NoError(t, postgres.Migrate(t.Context(), fresh))
	expected, err := postgres.Doctor(t.Context(), fresh)
	require.NoError(t, err)
	found, err := postgres.Doctor(t.Context(), adoptionOptions(t, url, true))
	require.NoError(t, err)
	require.Equal(t, withoutDatabaseNames(expected), withoutDatabaseNames(found))
}

// withoutDatabaseNames formats findings without the names of test databases.
func withoutDatabaseNames(findings []doctor.Finding) string {
	return regexp.MustCompile(`pgtest_\w+`).ReplaceAllString(fmt.Sprintf("%+v", findings), "this")
}
