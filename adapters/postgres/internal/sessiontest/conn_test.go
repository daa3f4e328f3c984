package sessiontest_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	scoped   = "SELECT coalesce(current_setting('bailiwick.tenant', true), '')"
	deadline = "SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout'"
)

// eachScope runs a test with the scope in the statement's message, and with an explicit
// transaction.
func eachScope(t *testing.T, test func(t *testing.T, db *sql.DB)) {
	for name, explicit := range map[string]bool{"scope in message": false,
		"explicit transaction": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := pool(t, session.Config{Explicit: explicit})
			db.SetMaxOpenConns(1) // the next statement has the same connection
			test(t, db)
		})
	}
}

func TestStatementScopeEndsWithTheStatement(t *testing.T) {
	t.Parallel()
	eachScope(t, func(t *testing.T, db *sql.DB) {
		first, second := tenancy.NewID(), tenancy.NewID()
		for _, tenant := range []tenancy.ID{first, second, first} {
			require.Equal(t, "signed "+tenant.String(),
				queryString(t, tenancy.NewContext(t.Context(), tenant), db, scoped))
			conn, err := db.Conn(t.Context())
			require.NoError(t, err)
			require.NoError(t, conn.Raw(func(any) error { return nil }))
			require.NoError(t, conn.Close())
		}
		_, err := db.ExecContext(t.Context(), "SELECT 1")
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
	})
}

func TestTransactionIsScopedFromItsBeginning(t *testing.T) {
	t.Parallel()
	eachScope(t, func(t *testing.T, db *sql.DB) {
		ctx := inTenant(t)
		tx, err := db.BeginTx(ctx,
			&sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
		require.NoError(t, err)
		require.Equal(t, "signed "+tenancy.DefaultID.String(), queryString(t, ctx, tx, scoped))
		require.Equal(t, "repeatable read on",
			queryString(t, ctx, tx, "SELECT current_setting('transaction_isolation') || ' ' ||"+
				" current_setting('transaction_read_only')"))
		_, err = tx.ExecContext(tenancy.NewContext(ctx, tenancy.NewID()), "SELECT 1")
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
		require.NoError(t, tx.Commit())
		require.Equal(t, "read committed", queryString(t, ctx, db, "SHOW transaction_isolation"))
	})
}

func TestServerHasTheDeadlineOfEachStatement(t *testing.T) {
	t.Parallel()
	eachScope(t, func(t *testing.T, db *sql.DB) {
		ctx := inTenant(t)
		soon, cancel := context.WithTimeout(ctx, 10*time.Second)
		defer cancel()
		usual, short := func(q querier) {
			t.Helper()
			requireDeadline(t, ctx, q, timeout, timeout)
		}, func(q querier) {
			t.Helper()
			requireDeadline(t, soon, q, time.Second, 10*time.Second)
		}
		usual(db)
		short(db)
		usual(db)
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		for _, requireLimit := range []func(querier){usual, short, short, usual, usual, short} {
			requireLimit(tx)
		}
		require.NoError(t, tx.Commit())
		tx, err = db.BeginTx(soon, nil)
		require.NoError(t, err)
		short(tx)
		usual(tx)
		require.NoError(t, tx.Rollback())
		usual(db)
	})
}

// requireDeadline requires a statement_timeout between two bounds, plus the millisecond that
// the server's deadline is later.
func requireDeadline(t *testing.T, ctx context.Context, db querier, from, to time.Duration) {
	t.Helper()
	var milliseconds int64
	require.NoError(t, db.QueryRowContext(ctx, deadline).Scan(&milliseconds))
	require.GreaterOrEqual(t, milliseconds, from.Milliseconds())
	require.LessOrEqual(t, milliseconds, to.Milliseconds()+1)
}

// ROLLBACK TO restores the statement_timeout that was in force at the savepoint, which may be
// shorter or longer.
func TestDeadlineIsSentAgainAfterRollbackToSavepoint(t *testing.T) {
	t.Parallel()
	for _, back := range []string{"ROLLBACK TO a", " /* x */ rollback to savepoint a",
		"SELECT 1; ROLLBACK TO a", "SELECT 1/0"} {
		t.Run(back, func(t *testing.T) {
			t.Parallel()
			db, ctx := pool(t, session.Config{}), inTenant(t)
			soon, cancel := context.WithTimeout(ctx, 10*time.Second)
			defer cancel()
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			defer func() { _ = tx.Rollback() }()
			_, err = tx.ExecContext(soon, "SAVEPOINT a")
			require.NoError(t, err)
			requireDeadline(t, ctx, tx, timeout, timeout)
			if _, err = tx.ExecContext(ctx, back); err != nil {
				_, err = tx.ExecContext(ctx, "/* in a failed transaction */ ROLLBACK TO a")
			}
			require.NoError(t, err)
			requireDeadline(t, ctx, tx, timeout, timeout)
		})
	}
}

func TestSessionDefaultTimeoutIsNotSent(t *testing.T) {
	t.Parallel()
	admin := superuser(t)
	_, err := admin.ExecContext(t.Context(),
		"CREATE ROLE patient SUPERUSER LOGIN PASSWORD 'patient'; ALTER ROLE patient"+
			" SET statement_timeout = '20s'")
	require.NoError(t, err)
	inner := connectorOf(t, "patient")
	connector := session.NewConnector(session.SingleOpener(inner), session.Config{
		Scope: tenancy.FromContext, Sign: func(tenancy.ID) (string, error) { return "x", nil },
		Timeout: timeout,
	})
	connector.SetDefaultTimeout(timeout)
	db := sql.OpenDB(connector)
	defer db.Close()
	ctx := inTenant(t)
	soon, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	require.Equal(t, "20s", queryString(t, ctx, db, "SHOW statement_timeout"),
		"and no millisecond more")
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.Equal(t, "20s", queryString(t, ctx, tx, "SHOW statement_timeout"))
	requireDeadline(t, soon, tx, time.Second, 10*time.Second)
	require.NotEqual(t, "0", queryString(t, ctx, tx, deadline))
	requireDeadline(t, ctx, tx, timeout, timeout)
	require.NoError(t, tx.Commit())
}

// statement_timeout applies to each statement of a message. The message still ends at its
// deadline, even if each of its statements is faster.
func TestMessageOfManyStatementsEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	db, admin := pool(t, session.Config{Timeout: 500 * time.Millisecond}), superuser(t)
	query := "SELECT 'many'"
	for range 600 {
		query += "; SELECT pg_sleep(0.2)"
	}
	_, err := db.ExecContext(inTenant(t), query)
	require.Error(t, err)
	eventually(t, func() bool { return running(t, admin, "'many'") == 0 },
		"the server runs the rest of the message")
	require.Equal(t, "1", queryString(t, inTenant(t), db, "SELECT 1"))
}

func TestExplicitTransactionCommitsOrRollsBackWithItsStatement(t *testing.T) {
	t.Parallel()
	admin := superuser(t)
	_, err := admin.ExecContext(t.Context(),
		"CREATE TABLE late (id int PRIMARY KEY, of int REFERENCES late DEFERRABLE INITIALLY"+
			" DEFERRED)")
	require.NoError(t, err)
	db, ctx := pool(t, session.Config{Explicit: true}), inTenant(t)
	db.SetMaxOpenConns(1)
	count := func() string { return queryString(t, ctx, db, "SELECT count(*) FROM late") }

	_, err = db.ExecContext(ctx, "INSERT INTO late VALUES (1, 1)")
	require.NoError(t, err)
	require.Equal(t, "2", queryString(t, ctx, db, "INSERT INTO late VALUES (2, 1) RETURNING id"))
	require.Equal(t, "2", count())

	_, err = db.ExecContext(ctx, "INSERT INTO late VALUES (3, 1); SELECT 1/0")
	require.ErrorContains(t, err, "division by zero")
	require.ErrorContains(t,
		db.QueryRowContext(ctx, "INSERT INTO late VALUES (3, 1) RETURNING 1/(id - 3)").
			Scan(new(int)), "division by zero")
	_, err = db.ExecContext(ctx, "INSERT INTO late VALUES (3, 4)")
	require.ErrorContains(t, err, "foreign key", "the commit's error is the statement's error")
	require.ErrorContains(t,
		allRows(db.QueryContext(ctx, "INSERT INTO late VALUES (3, 4) RETURNING id")), "foreign key")
	require.Equal(t, "2", count())
	require.Equal(t, "f", queryString(t, ctx, db,
		"SELECT CASE WHEN pg_current_xact_id_if_assigned() IS NULL THEN 'f' ELSE 't' END"))
}

func allRows(rows *sql.Rows, err error) error {
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
	}
	return errors.Join(rows.Err(), rows.Close())
}

// PostgreSQL takes the COMMIT of a failed transaction without an error.
func TestCommitOfFailedTransactionIsAnError(t *testing.T) {
	t.Parallel()
	eachScope(t, func(t *testing.T, db *sql.DB) {
		ctx := inTenant(t)
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		_, err = tx.ExecContext(ctx, "SELECT 1/0")
		require.ErrorContains(t, err, "division by zero")
		require.ErrorContains(t, tx.Commit(), "nothing of it is committed")
		require.Equal(t, "1", queryString(t, ctx, db, "SELECT 1"))
	})
}
