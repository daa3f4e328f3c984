package pooltest

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// limitedDatabase makes a database that has this number of connections for roles that aren't
// superusers, and returns its URL. It is refused as on a full server: SQLSTATE 53300.
func limitedDatabase(t *testing.T, connections int) (string, *sql.DB) {
	t.Helper()
	databaseURL := fixture.MigratedURL(t, true)
	superuser := fixture.Superuser(t, databaseURL)
	fixture.Exec(t, superuser, limitStatement(t, superuser, connections))
	return databaseURL, superuser
}

// poolLimits returns the largest number of connections of all pools.
func poolLimits(db *postgres.DB) (n int) {
	for _, stats := range db.PoolStats() {
		n += stats.MaxOpenConnections
	}
	return n
}

// useFromManyClients has 40 clients use all pools at the same time.
func useFromManyClients(t *testing.T, db *postgres.DB) {
	t.Helper()
	var clients sync.WaitGroup
	for n := range 40 {
		clients.Go(func() { useAllPools(t, db, n) })
	}
	clients.Wait()
}

func useAllPools(t *testing.T, db *postgres.DB, n int) {
	ctx := t.Context()
	tenant := tenancy.NewTenant(tenancy.NewID(), tenancy.Slug(fmt.Sprintf("acme-%d-%d", n,
		time.Now().UnixNano())), "Acme")
	_, err := db.Tenants().Create(ctx, tenant)
	if !assert.NoError(t, err, "the system pool") {
		return
	}
	for range 3 {
		_, err = db.Services().Resources.List(ctx, tenant.ID,
			ports.ResourceQuery{Kind: "widget", Limit: 10})
		assert.NoError(t, err, "the application's pool")
		_, err = db.Services().KeyFinder.Find(ctx, tenancy.KeyHash{byte(n)})
		assert.Equal(t, tenancy.CodeUnauthenticated, tenancy.CodeOf(err), "%v", err)
	}
	err = db.Services().Transfers.Import(ctx, tenant.ID, func(im ports.Import) error { return nil })
	assert.NoError(t, err, "the bulk pool")
}

func TestDefaultPoolsFitAServerWithFewConnections(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{5, 9, 17, 60} {
		t.Run(fmt.Sprint(connections), func(t *testing.T) {
			t.Parallel()
			databaseURL, _ := limitedDatabase(t, connections)
			o := fixture.Options(databaseURL, true)
			o.MaxConns = 0
			db := fixture.Open(t, o)
			assert.Less(t, poolLimits(db)+1, connections,
				"the notifier has a connection too, and one is left for others")
			useFromManyClients(t, db)
		})
	}
}

// The pools are set to more connections than the server has: requests wait for each other.
func TestPoolsLargerThanTheServerRefuseNobody(t *testing.T) {
	t.Parallel()
	databaseURL, _ := limitedDatabase(t, 7)
	o := fixture.Options(databaseURL, true)
	o.MaxConns, o.SystemConns, o.BulkConns = 20, 8, 4
	useFromManyClients(t, fixture.Open(t, o))
}

// Two instances share the server, each with pools that would use all of it.
func TestTwoInstancesOnAFullServerRefuseNobody(t *testing.T) {
	t.Parallel()
	databaseURL, _ := limitedDatabase(t, 9)
	o := fixture.Options(databaseURL, true)
	o.MaxConns, o.SystemConns, o.BulkConns = 3, 2, 1
	o.ConnectionWait = 5 * time.Minute // an instance may have to wait until the other is idle
	var instances sync.WaitGroup
	for _, db := range []*postgres.DB{fixture.Open(t, o), fixture.Open(t, o)} {
		instances.Go(func() { useFromManyClients(t, db) })
	}
	instances.Wait()
}

// One instance took all of the server's connections, and has no work for them any more.
func TestIdleInstanceReleasesConnectionsInTime(t *testing.T) {
	t.Parallel()
	databaseURL, superuser := limitedDatabase(t, 9)
	o := fixture.Options(databaseURL, true)
	o.MaxConns, o.ConnectionWait = 20, time.Minute
	idle, waiting := fixture.Open(t, o), fixture.Open(t, o)
	tenant := tenancy.NewTenant(tenancy.NewID(), "acme", "Acme")
	_, err := waiting.Tenants().Create(t.Context(), tenant)
	require.NoError(t, err)
	list := func(db *postgres.DB) error {
		_, err := db.Services().Resources.List(t.Context(), tenant.ID,
			ports.ResourceQuery{Kind: "widget", Limit: 10})
		return err
	}
	terminateSessions(t, superuser) // also those of the pool that will wait
	var inUse int
	require.Eventually(t, func() bool {
		err := list(idle)
		inUse = sessions(t, superuser)
		return err == nil && inUse >= 3 // two notifiers too
	}, time.Minute, time.Millisecond)
	fixture.Exec(t, superuser, limitStatement(t, superuser, inUse))
	require.NoError(t, list(waiting), "idle connections end before this instance gives up")
}

func TestStatementWaitsUntilTheServerHasAConnection(t *testing.T) {
	t.Parallel()
	databaseURL, superuser := limitedDatabase(t, 9)
	o := fixture.Options(databaseURL, true)
	o.MaxConns = 1
	db := fixture.Open(t, o)
	tenant := tenancy.NewTenant(tenancy.NewID(), "acme", "Acme")
	_, err := db.Tenants().Create(t.Context(), tenant)
	require.NoError(t, err)
	// other clients have the server: no new connection, and the pool's own have ended
	fixture.Exec(t, superuser, limitStatement(t, superuser, 0))
	terminateSessions(t, superuser)
	failed := make(chan int, 1)
	go func() { // the test waits for it
		for n := 0; ; n++ { // the first attempt may use the connection that has ended
			_, err := db.Services().Resources.List(context.WithoutCancel(t.Context()), tenant.ID,
				ports.ResourceQuery{Kind: "widget", Limit: 10})
			if err == nil {
				failed <- n
				return
			}
		}
	}()
	require.Eventually(t, func() bool { return db.PoolStats()["app"].InUse > 0 }, time.Minute,
		time.Millisecond)
	fixture.Exec(t, superuser, limitStatement(t, superuser, 9))
	require.LessOrEqual(t, <-failed, 1, "a statement doesn't fail because the server is full")
}

func terminateSessions(t *testing.T, superuser *sql.DB) {
	t.Helper()
	fixture.Exec(t, superuser, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"+
		" WHERE datname = current_database() AND pid <> pg_backend_pid()")
}

func sessions(t *testing.T, superuser *sql.DB) (n int) {
	t.Helper()
	require.NoError(t, superuser.QueryRow("SELECT count(*) FROM pg_stat_activity"+
		" WHERE datname = current_database() AND pid <> pg_backend_pid()").Scan(&n))
	return n
}

func limitStatement(t *testing.T, superuser *sql.DB, connections int) string {
	t.Helper()
	var statement string
	require.NoError(t, superuser.QueryRow(fmt.Sprintf(
		"SELECT format('ALTER DATABASE %%I CONNECTION LIMIT %d', current_database())",
		connections)).Scan(&statement))
	return statement
}

func TestNegativeLimitsOfConnectionsAreRefused(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]postgres.Options{
		"MaxConns": {MaxConns: -1}, "SystemConns": {SystemConns: -1}, "BulkConns": {BulkConns: -1},
		"StatementTimeout": {StatementTimeout: -1}, "ConnectionWait": {ConnectionWait: -1},
		"BulkWait": {BulkWait: -1},
	} {
		o.URL = "postgres://user@localhost/database"
		_, err := postgres.Open(t.Context(), o)
		assert.ErrorContains(t, err, name)
	}
}
