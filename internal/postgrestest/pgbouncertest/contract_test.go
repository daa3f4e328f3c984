package pgbouncertest

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

func TestStoreThroughATransactionPoolerFulfilsTheContracts(t *testing.T) {
	t.Parallel()
	p := fixture.StartPooler(t)
	portstest.Test(t, fixture.NewStores(t, func(t *testing.T) postgres.Options {
		return p.Through(t, fixture.Options(fixture.MigratedURL(t, true), true))
	}).Services)
}
