package losslesstest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// The column version is an integer here, so an import accepts at most 2^30.
func TestItemAboveTheVersionLimitCanBeImportedAgain(t *testing.T) {
	t.Parallel()
	url := pgtest.Database(t)
	r := openRig(t, options(url, joinSchema, postgres.Table{Model: (*partRow)(nil), Kind: "part"}))
	_, err := r.put(r.acme, "part", "p", `{}`)
	require.NoError(t, err)
	fixture.Exec(t, fixture.Superuser(t, url), "UPDATE parts SET version = 1073741900")
	r.requireLossless()
}
