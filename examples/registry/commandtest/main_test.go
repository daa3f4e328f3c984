package commandtest

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) {
	harness.ExitIfProgram()
	pgtest.Main(m)
}

// serve starts a registry with tenancy on, on a new database.
func serve(t *testing.T) *harness.Server {
	t.Helper()
	return harness.ServeOn(t, migratedDatabase(t))
}

// migratedDatabase returns the URL of a new database with the registry's schema.
func migratedDatabase(t *testing.T) string {
	t.Helper()
	return pgtest.Template(t, "registry", harness.MigrateDatabase(t))
}
