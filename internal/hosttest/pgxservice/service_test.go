package pgxservice

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
	"github.com/bailiwick-go/bailiwick/internal/hosttest/noteservice"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func TestServiceIsIsolated(t *testing.T) {
	t.Parallel()
	noteservice.Prove(t, connect)
}
