package cataloguetest

import (
	"flag"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

var update = flag.Bool("update", false, "write the expected catalog of this version's migrations")

const expectedFile = "../../../adapters/postgres/internal/catalog/expected.json"

func TestExpectedCatalogIsThatOfTheMigrations(t *testing.T) {
	t.Parallel()
	snapshot := exec.CommandContext(t.Context(), "go", "run",
		"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog/snapshot",
		fixture.MigratedURL(t, true), fixture.RolePrefix)
	snapshot.Stderr = os.Stderr
	found, err := snapshot.Output()
	require.NoError(t, err)
	if *update {
		require.NoError(t, os.WriteFile(expectedFile, found, 0o644))
	}
	expected, err := os.ReadFile(expectedFile)
	require.NoError(t, err)
	require.Equal(t, string(expected), string(found),
		"after a new migration: go test ./internal/postgrestest/cataloguetest"+
			" -run TestExpectedCatalog -update")
}
