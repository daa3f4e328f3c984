package postgrestest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

func TestMultiTenantStoreKeepsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Test(t, newStores(t,
		func(t *testing.T) postgres.Options { return options(migrated(t, true), true) }).services)
}

func TestSingleTenantStoreKeepsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Test(t, newStores(t, func(t *testing.T) postgres.Options {
		return options(migrated(t, false), false)
	}).services)
}

func TestTablesDescribeTheKindsOfTheSuite(t *testing.T) {
	t.Parallel()
	declared := portstest.Kinds()
	for i, k := range declared {
		if k.Name == "settings" {
			declared[i].Path = "settings"
		}
	}
	wanted, err := federation.NewKinds(declared...)
	require.NoError(t, err)
	require.Equal(t, wanted.All(), open(t, true).Kinds().All())
}
