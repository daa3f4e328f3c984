//go:build unix

package pgbouncer_test

import (
	"context"
	"database/sql"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/pgbouncer"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

func connect(t *testing.T, url string) *sql.DB {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func query(t *testing.T, db interface {
	QueryRow(query string, args ...any) *sql.Row
}, query string) string {
	t.Helper()
	var answer string
	require.NoError(t, db.QueryRow(query).Scan(&answer), query)
	return answer
}

// visitor makes an unprivileged user whose password needs quoting, and returns its URL.
func visitor(t *testing.T, owner string) string {
	t.Helper()
	u, err := url.Parse(owner)
	require.NoError(t, err)
	const password = `it's "quoted"\`
	_, err = connect(t, owner).
		Exec(`DROP ROLE IF EXISTS pgbouncer_visitor;
			CREATE ROLE pgbouncer_visitor LOGIN PASSWORD 'it''s "quoted"\'`)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := connect(t, owner).Exec("DROP ROLE pgbouncer_visitor")
		require.NoError(t, err)
	})
	u.User = url.UserPassword("pgbouncer_visitor", password)
	return u.String()
}

func TestUsersLogInThroughThePoolerAsThemselves(t *testing.T) {
	owner := pgtest.Database(t)
	guest := visitor(t, owner)
	p := pgbouncer.Start(t, owner, guest)
	require.Equal(t, "pgbouncer_visitor off",
		query(t, connect(t, p.URL(guest)),
			"SELECT session_user || ' ' || current_setting('is_superuser')"))
	require.Equal(t, "on", query(t, connect(t, p.URL(owner)), "SHOW is_superuser"))

	stranger, err := url.Parse(p.URL(guest))
	require.NoError(t, err)
	stranger.User = url.UserPassword("pgbouncer_visitor", "a guess")
	require.Error(t, connect(t, stranger.String()).Ping())
}

func TestPoolerServesEveryDatabaseOfTheServer(t *testing.T) {
	t.Parallel()
	one, two := pgtest.Database(t), pgtest.Database(t)
	p := pgbouncer.Start(t, one)
	for _, direct := range []string{one, two} {
		const statement = "SELECT current_database()"
		require.Equal(t, query(t, connect(t, direct), statement),
			query(t, connect(t, p.URL(direct)), statement))
	}
}

// Many clients share few sessions, and a client finds the state that another one left. Otherwise
// the tests through a pooler would prove nothing.
func TestClientsShareServerConnectionsAndTheirState(t *testing.T) {
	t.Parallel()
	owner := pgtest.Database(t)
	p := pgbouncer.Start(t, owner)
	const clients = 20
	var group sync.WaitGroup
	pids := make([]string, clients)
	for i := range clients {
		db := connect(t, p.URL(owner))
		group.Go(func() { pids[i] = query(t, db, "SELECT pg_backend_pid() FROM pg_sleep(0.01)") })
	}
	group.Wait()
	distinct := map[string]bool{}
	for _, pid := range pids {
		distinct[pid] = true
	}
	require.LessOrEqual(t, len(distinct), pgbouncer.ServerConns)

	var held []*sql.Tx
	for range pgbouncer.ServerConns {
		tx, err := connect(t, p.URL(owner)).Begin()
		require.NoError(t, err)
		require.Equal(t, "123kB", query(t, tx, "SELECT set_config('work_mem', '123kB', false)"))
		held = append(held, tx)
	}
	late, impatient := connect(t, p.URL(owner)), 200*time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), impatient)
	defer cancel()
	require.Error(t, late.QueryRowContext(ctx, "SELECT 1").Scan(new(int)),
		"both server connections are in use")
	for _, tx := range held {
		require.NoError(t, tx.Commit())
	}
	require.Equal(t, "123kB", query(t, late, "SHOW work_mem"))
}

func TestPoolerEndsWithItsTest(t *testing.T) {
	t.Parallel()
	owner := pgtest.Database(t)
	var p *pgbouncer.Pooler
	t.Run("uses it", func(t *testing.T) {
		p = pgbouncer.Start(t, owner)
		require.NoError(t, connect(t, p.URL(owner)).Ping())
	})
	require.True(t, p.Ended())
	require.NoDirExists(t, p.Dir())
}

func TestCrashedPoolerIsRestarted(t *testing.T) {
	t.Parallel()
	owner := pgtest.Database(t)
	p := pgbouncer.Start(t, owner)
	for crashes := range 3 {
		require.Len(t, p.Crashes(), crashes)
		require.NoError(t, p.Kill())
		require.Eventually(t, func() bool { return connect(t, p.URL(owner)).Ping() == nil },
			10*time.Second, 10*time.Millisecond)
	}
}

func TestErrorForAMissingProgramSaysHowToInstallIt(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, pgbouncer.StartFrom(t.Context(), "no-such-program"),
		"apt-get install pgbouncer")
	require.ErrorContains(t, pgbouncer.StartFrom(t.Context(), "/bin/false"), "it did not start")
}
