package postgrestest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// inTransactions is a fresh database for an engine that doesn't take a scope in
// one message: each statement is a transaction of several.
func inTransactions(t *testing.T) postgres.Options {
	t.Helper()
	with := func(databaseURL string) postgres.Options {
		o := options(databaseURL, true)
		o.Scope = postgres.Transaction
		return o
	}
	return with(pgtest.Template(t, "multi-transaction", func(databaseURL string) error {
		return postgres.Migrate(context.Background(), with(databaseURL))
	}))
}

func TestStoreWithATransactionScopeKeepsTheContracts(t *testing.T) {
	t.Parallel()
	portstest.Test(t, newStores(t, inTransactions).services)
}

func TestStoreWithATransactionScopeKeepsTheContractsBehindAPooler(t *testing.T) {
	t.Parallel()
	p := startPooler(t)
	portstest.TestResources(t, newStores(t, func(t *testing.T) postgres.Options {
		return p.through(t, inTransactions(t))
	}).services)
}

func TestNoRowCrossesWithATransactionScope(t *testing.T) {
	t.Parallel()
	newStorm(t, inTransactions(t)).run(t, 5_000)
}

// Citus takes no sub-query in a policy.
func TestTransactionScopeHasNoSubQueryInAPolicy(t *testing.T) {
	t.Parallel()
	const subQueries = `SELECT count(*) FROM pg_policies WHERE tablename = 'widgets' AND concat(qual, with_check) LIKE '%SELECT%'`
	for databaseURL, want := range map[string]bool{inTransactions(t).URL: false,
		migrated(t, true): true} {
		var count int
		require.NoError(t, owner(t, databaseURL).QueryRowContext(t.Context(), subQueries).
			Scan(&count))
		require.Equal(t, want, count > 0)
	}
}

// The statement comes in a message of its own, later than its transaction began.
func TestTransactionScopeIsSentBeforeTheStatement(t *testing.T) {
	t.Parallel()
	ctx := tenancy.NewContext(t.Context(), tenancy.DefaultID)
	for db, want := range map[*postgres.DB]bool{opened(t, inTransactions(t)): true,
		open(t, true): false} {
		var later bool
		require.NoError(t, db.Scoped(ctx).NewRaw("SELECT statement_timestamp() > now()").
			Scan(ctx, &later))
		require.Equal(t, want, later)
	}
}
