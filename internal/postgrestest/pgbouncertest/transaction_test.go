package pgbouncertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestStoreWithATransactionScopeFulfilsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Test(t, fixture.NewStores(t, fixture.TransactionOptions).Services)
}

func TestStoreWithATransactionScopeFulfilsTheContractsThroughAPooler(t *testing.T) {
	t.Parallel()
	p := fixture.StartPooler(t)
	portstest.TestResources(t, fixture.NewStores(t, func(t *testing.T) postgres.Options {
		return p.Through(t, fixture.TransactionOptions(t))
	}).Services)
}

func TestNoRowCrossesWithATransactionScope(t *testing.T) {
	t.Parallel()
	newStorm(t, fixture.TransactionOptions(t)).run(t, 5_000)
}

// Citus accepts no sub-query in a policy.
func TestPoliciesOfATransactionScopeHaveNoSubQuery(t *testing.T) {
	t.Parallel()
	const subQueries = "SELECT count(*) FROM pg_policies WHERE tablename = 'widgets'" +
		" AND concat(qual, with_check) LIKE '%SELECT%'"
	for databaseURL, want := range map[string]bool{fixture.TransactionOptions(t).URL: false,
		fixture.MigratedURL(t, true): true} {
		var count int
		require.NoError(t, fixture.Superuser(t, databaseURL).
			QueryRowContext(t.Context(), subQueries).
			Scan(&count))
		require.Equal(t, want, count > 0)
	}
}

// The statement is in a separate message, after the one that begins its transaction.
func TestTransactionScopeIsSentBeforeTheStatement(t *testing.T) {
	t.Parallel()
	ctx := tenancy.NewContext(t.Context(), tenancy.DefaultID)
	for db, want := range map[*postgres.DB]bool{
		fixture.Open(t, fixture.TransactionOptions(t)): true,
		fixture.OpenNew(t, true):                       false} {
		var later bool
		require.NoError(t, db.Scoped(ctx).NewRaw("SELECT statement_timestamp() > now()").
			Scan(ctx, &later))
		require.Equal(t, want, later)
	}
}
