package contracttest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

func TestMultiTenantStoreFulfilsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Test(t, fixture.NewStores(t,
		func(t *testing.T) postgres.Options {
			return fixture.Options(fixture.MigratedURL(t, true), true)
		}).Services)
}

func TestSingleTenantStoreFulfilsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Test(t, fixture.NewStores(t, func(t *testing.T) postgres.Options {
		return fixture.Options(fixture.MigratedURL(t, false), false)
	}).Services)
}

func TestDeclaredTablesYieldTheKindsOfTheSuite(t *testing.T) {
	t.Parallel()
	declared := portstest.Kinds()
	for i, k := range declared {
		if k.Name == "settings" {
			declared[i].Path = "settings"
		}
	}
	want, err := federation.NewKinds(declared...)
	require.NoError(t, err)
	require.Equal(t, want.All(), fixture.OpenNew(t, true).Kinds().All())
}
