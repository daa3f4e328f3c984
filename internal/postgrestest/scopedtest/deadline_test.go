package scopedtest

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// slow is a statement that sleeps far longer than any test waits. It holds an advisory lock, which
// shows whether it runs: pg_stat_activity doesn't show the application's statements.
type slow struct{ lock int64 }

var lastLock atomic.Int64

func newSlow() slow { return slow{lastLock.Add(1)} }

func (s slow) String() string {
	return fmt.Sprintf("SELECT pg_sleep(300) FROM (SELECT pg_advisory_xact_lock(%d)) AS l", s.lock)
}

func (s slow) runs(t *testing.T, admin *sql.DB) bool {
	t.Helper()
	var runs bool
	err := admin.QueryRowContext(t.Context(),
		"SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objid = $1"+
			" AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
		s.lock).Scan(&runs)
	require.NoError(t, err)
	return runs
}

// eachWay runs a test for each way in which statements are sent: in one message or in a
// transaction, with and without a pooler.
func eachWay(
	t *testing.T, timeout time.Duration, test func(t *testing.T, db *postgres.DB, admin *sql.DB),
) {
	p := fixture.StartPooler(t)
	for name, newOptions := range map[string]func(t *testing.T) postgres.Options{
		"message": func(t *testing.T) postgres.Options {
			return fixture.Options(fixture.MigratedURL(t, true), true)
		},
		"transaction": fixture.TransactionOptions,
	} {
		for _, pooled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, pooled %t", name, pooled), func(t *testing.T) {
				t.Parallel()
				o := newOptions(t)
				admin := fixture.Superuser(t, o.URL)
				if pooled {
					o = p.Through(t, o)
				}
				o.MaxConns, o.StatementTimeout = 1, timeout
				test(t, fixture.Open(t, o), admin)
			})
		}
	}
}

// runners run a statement by itself, as rows, and within a transaction.
var runners = map[string]func(ctx context.Context, db *postgres.DB, statement string) error{
	"exec": func(ctx context.Context, db *postgres.DB, statement string) error {
		return errorOf(db.Scoped(ctx).NewRaw(statement).Exec(ctx))
	},
	"rows": func(ctx context.Context, db *postgres.DB, statement string) error {
		_, err := fixture.Strings(db.Scoped(ctx).
			QueryContext(ctx, "SELECT i::text FROM generate_series(1, 10000) AS i UNION ALL "+
				statement[:7]+"1::text FROM ("+statement+") AS s"))
		return err
	},
	"transaction": func(ctx context.Context, db *postgres.DB, statement string) error {
		return db.Scoped(ctx).RunInTx(ctx, nil,
			func(ctx context.Context, tx *postgres.Scoped) error {
				return errorOf(tx.NewRaw(statement).Exec(ctx))
			})
	},
	"savepoint": func(ctx context.Context, db *postgres.DB, statement string) error {
		return db.Scoped(ctx).RunInTx(ctx, nil,
			func(ctx context.Context, tx *postgres.Scoped) error {
				return tx.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
					return errorOf(tx.NewRaw(statement).Exec(ctx))
				})
			})
	},
}

// requireUsable requires that a pool of one connection runs statements.
func requireUsable(t *testing.T, db *postgres.DB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(tenancy.NewContext(t.Context(), tenancy.DefaultID),
		time.Minute)
	defer cancel()
	var one int
	require.NoError(t, db.Scoped(ctx).NewRaw("SELECT 1").Scan(ctx, &one),
		"the pool of one has its connection back")
	require.Equal(t, 1, one)
}

func TestDeadlineEndsTheStatementOnTheServer(t *testing.T) {
	t.Parallel()
	eachWay(t, 0, func(t *testing.T, db *postgres.DB, admin *sql.DB) {
		for name, run := range runners {
			ctx, cancel := context.WithTimeout(tenancy.NewContext(t.Context(), tenancy.DefaultID),
				200*time.Millisecond)
			s := newSlow()
			err := run(ctx, db, s.String())
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded, name)
			require.Eventually(t, func() bool { return !s.runs(t, admin) }, time.Minute,
				time.Millisecond, name)
			requireUsable(t, db)
		}
	})
}

func TestStatementWithoutADeadlineHasTheDefaultTimeout(t *testing.T) {
	t.Parallel()
	eachWay(t, 2*time.Second, func(t *testing.T, db *postgres.DB, admin *sql.DB) {
		ctx := tenancy.NewContext(t.Context(), tenancy.DefaultID)
		for name, run := range runners {
			s := newSlow()
			require.ErrorContains(t, run(ctx, db, s.String()), "statement timeout", name)
			require.Eventually(t, func() bool { return !s.runs(t, admin) }, time.Minute,
				time.Millisecond, name)
			requireUsable(t, db)
		}
	})
}

func TestInjectedSQLCannotRaiseItsTimeout(t *testing.T) {
	t.Parallel()
	eachWay(t, 2*time.Second, func(t *testing.T, db *postgres.DB, admin *sql.DB) {
		ctx := tenancy.NewContext(t.Context(), tenancy.DefaultID)
		for _, injected := range []string{
			"SET LOCAL statement_timeout = 0", `SET LOCAL "Statement_Timeout" TO DEFAULT`,
			"SELECT set_config('statement_timeout', '0', true)",
			"SAVEPOINT a; ROLLBACK TO a",
			"UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'",
		} {
			s := newSlow()
			require.Error(t, errorOf(db.Scoped(ctx).NewRaw(injected+"; "+s.String()).Exec(ctx)),
				injected)
			require.Error(t, db.Scoped(ctx).
				RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
					_, _ = tx.NewRaw(injected).Exec(ctx)
					return errorOf(tx.NewRaw(s.String()).Exec(ctx))
				}), injected)
			require.False(t, s.runs(t, admin), injected)
			requireUsable(t, db)
		}
	})
}

func TestCancelledContextEndsTheStatementOnTheServer(t *testing.T) {
	t.Parallel()
	eachWay(t, 0, func(t *testing.T, db *postgres.DB, admin *sql.DB) {
		for name, run := range runners {
			ctx, cancel := context.WithCancel(tenancy.NewContext(t.Context(), tenancy.DefaultID))
			s := newSlow()
			var wg sync.WaitGroup
			wg.Go(func() { assert.ErrorIs(t, run(ctx, db, s.String()), context.Canceled, name) })
			require.Eventually(t, func() bool { return s.runs(t, admin) }, time.Minute,
				time.Millisecond, name)
			cancel()
			wg.Wait()
			require.Eventually(t, func() bool { return !s.runs(t, admin) }, time.Minute,
				time.Millisecond, name)
			requireUsable(t, db)
		}
	})
}

// A late cancellation must not stop the next statement on the connection.
func TestLateCancellationDoesNotStopTheNextStatement(t *testing.T) {
	t.Parallel()
	eachWay(t, 0, func(t *testing.T, db *postgres.DB, _ *sql.DB) {
		cancelled := 0
		for range 300 {
			ctx, cancel := context.WithCancel(tenancy.NewContext(t.Context(), tenancy.DefaultID))
			stop := time.AfterFunc(time.Duration(rand.Int64N(int64(3*time.Millisecond))), cancel)
			if errorOf(db.Scoped(ctx).NewRaw("SELECT pg_sleep(0.001)").Exec(ctx)) != nil {
				cancelled++
			}
			requireUsable(t, db)
			stop.Stop()
			cancel()
		}
		require.Positive(t, cancelled, "some statements were cancelled")
	})
}
