package sessiontest_test

import (
	"context"
	"database/sql"
	"math"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestArgumentsArriveAsTheyAre(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 23, 4, 5, 678901000, time.FixedZone("", 2*3600))
	eachScope(t, func(t *testing.T, db *sql.DB) {
		for _, c := range []struct {
			query string
			args  []any
			want  any
		}{
			{"SELECT $1", []any{`it's "\' $1 --`}, `it's "\' $1 --`},
			{"SELECT $1::text", []any{nil}, nil},
			{"SELECT $1::text", []any{[]byte(nil)}, nil},
			{"SELECT $1 || $1 || $2::text", []any{"ä", 7}, "ää7"},
			{"SELECT -$1::bigint", []any{int64(math.MinInt64 + 1)}, int64(math.MaxInt64)},
			{"SELECT $1::smallint::int8", []any{-32768}, int64(-32768)},
			{"SELECT 1-$1::int8", []any{-1}, int64(2)},
			{"SELECT $1::float8", []any{1e300}, 1e300},
			{"SELECT $1::float8", []any{math.Inf(-1)}, math.Inf(-1)},
			{"SELECT $1::float8", []any{math.Inf(1)}, math.Inf(1)},
			{"SELECT $1 AND NOT $2", []any{true, false}, true},
			{"SELECT octet_length($1::bytea)::int8", []any{[]byte("\x00'\\\xff")}, int64(4)},
			{"SELECT encode($1::bytea, 'hex')", []any{[]byte{0, '\'', 0xff}}, "0027ff"},
			{"SELECT $1::timestamptz = '2026-11-30 21:04:05.678901Z'", []any{at}, true},
			{"SELECT $1::timestamptz = '0001-01-01 00:00Z'", []any{time.Time{}}, true},
			{"SELECT '$1' || $1", []any{"x"}, "$1x"},
			{"SELECT $$ $1 $$ || $1 || E'\\'$2'", []any{"x"}, " $1 x'$2"},
			{`SELECT $1 AS "$2" /* $2 /* ' */ $3 */ -- $4`, []any{"x"}, "x"},
			{"SELECT a$1 FROM (SELECT $1 AS a$1) AS q", []any{"x"}, "x"},
			{"SELECT $10", []any{1, 2, 3, 4, 5, 6, 7, 8, 9, "ten"}, "ten"},
			{"SELECT count(*) FROM generate_series(1, 9) LIMIT $1", []any{1}, int64(9)},
			{"SELECT 2 = ANY($1::int[])", []any{"{1,2}"}, true},
			{"SELECT $1\n, $2", []any{"a", "b"}, "a"},
		} {
			rows, err := db.QueryContext(inTenant(t), c.query, c.args...)
			require.NoError(t, err, c.query)
			require.True(t, rows.Next(), c.query)
			columns, err := rows.Columns()
			require.NoError(t, err)
			got := make([]any, len(columns))
			for i := range got {
				got[i] = new(any)
			}
			require.NoError(t, rows.Scan(got...), c.query)
			require.Equal(t, c.want, *got[0].(*any), "%s %v", c.query, c.args)
			require.NoError(t, rows.Close())
		}
	})
}

// An argument must not become SQL, whatever is written next to its placeholder.
func TestArgumentDoesNotLeaveItsConstant(t *testing.T) {
	t.Parallel()
	db := pool(t, session.Config{})
	for _, query := range []string{
		"SELECT 'a'$1", "SELECT E'a'\n$1", "SELECT E'a' -- c\n $1", "SELECT $1\n$2",
		"SELECT U&'a'\n$1", "SELECT $$a$$$1", "SELECT B'0'/**/$1", "SELECT N'a'\n$1",
	} {
		args := []any{`\' ; SELECT 1; --`, "x"}[:strings.Count(query, "$1")+strings.Count(query, "$2")]
		_, err := db.ExecContext(inTenant(t), query, args...)
		require.ErrorContains(t, err, "follows a constant", query)
	}
	for _, query := range []string{"SELECT U&$1", "SELECT E$1", "SELECT 1 AS U&$1", "SELECT $1'a'"} {
		_, err := db.ExecContext(inTenant(t), query, `\0027 ; SELECT pg_sleep(9); --`)
		require.Error(t, err, query)
	}
	_, err := db.ExecContext(inTenant(t), "SELECT set_config($1, 'x', $2)", "role", "false")
	require.ErrorContains(t, err, "set_config", "the check sees the arguments")
	_, err = db.ExecContext(inTenant(t), "SELECT set_config($1, 'x', true)", "bailiwick.tenant")
	require.ErrorContains(t, err, "name the tenant")
}

func TestWrongArgumentsAreRefused(t *testing.T) {
	t.Parallel()
	db := pool(t, session.Config{})
	for query, args := range map[string][]any{
		"SELECT $1":                         {"a", "b"},
		"SELECT $2":                         {"a"},
		"SELECT $0":                         {"a"},
		"SELECT 1":                          {"a"},
		"SELECT '$1'":                       {"a"},
		"SELECT $99999999999999999999":      {"a"},
		"SELECT $1::text /* a zero byte */": {"a\x00b"},
		"SELECT $1::text /* no UTF-8 */":    {"a\xffb"},
		"SELECT $1::timestamptz":            {time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)},
		"SELECT $1::text /* a name */":      {sql.Named("x", 1)},
	} {
		_, err := db.ExecContext(inTenant(t), query, args...)
		_, refused := err.(*tenancy.Error)
		require.True(t, refused, "%s: %v", query, err)
	}
}

// The server prepares nothing, so a statement belongs to no tenant.
func TestPreparedStatementHasTheTenantOfEachExecution(t *testing.T) {
	t.Parallel()
	eachScope(t, func(t *testing.T, db *sql.DB) {
		prepared, err := db.PrepareContext(t.Context(), scoped+" || $1")
		require.NoError(t, err)
		defer prepared.Close()
		for range 2 {
			tenant := tenancy.NewID()
			var found string
			ctx := tenancy.NewContext(t.Context(), tenant)
			require.NoError(t, prepared.QueryRowContext(ctx, "!").Scan(&found))
			require.Equal(t, "signed "+tenant.String()+"!", found)
			_, err = prepared.ExecContext(ctx, "?")
			require.NoError(t, err)
		}
		_, err = prepared.ExecContext(t.Context(), "")
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
		_, err = prepared.Exec("")
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
		require.Equal(t, "0", queryString(t, inTenant(t), db,
			"SELECT count(*)::text FROM pg_prepared_statements"))
	})
	db := pool(t, session.Config{})
	prepared, err := db.PrepareContext(t.Context(), "SET ROLE postgres")
	require.NoError(t, err)
	defer prepared.Close()
	_, err = prepared.ExecContext(inTenant(t))
	require.ErrorContains(t, err, "not sent")
}

// Every text that PostgreSQL can store comes back unchanged, from a statement in which only the
// placeholders change.
func FuzzTextArgument(f *testing.F) {
	for _, seed := range []string{"", "'", `\'`, "$1", "''", "$$", "--", "/*", "\n", "ä\u2028'"} {
		f.Add(seed)
	}
	db := pool(f, session.Config{})
	ctx := tenancy.NewContext(context.Background(), tenancy.DefaultID)
	f.Fuzz(func(t *testing.T, text string) {
		var got, literal string
		err := db.QueryRowContext(ctx, `SELECT $1, '$1' || $$ $1 $$ AS "$1" -- $1`, text).
			Scan(&got, &literal)
		if strings.ContainsRune(text, 0) || !utf8.ValidString(text) {
			require.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err))
			return
		}
		require.NoError(t, err, "%q", text)
		require.Equal(t, text, got)
		require.Equal(t, "$1 $1 ", literal)
	})
}

func TestReadOnlyContextOnlyReads(t *testing.T) {
	t.Parallel()
	admin := superuser(t)
	_, err := admin.ExecContext(t.Context(), "CREATE TABLE read_only_probe (n int);"+
		" CREATE FUNCTION write_probe() RETURNS int LANGUAGE sql AS"+
		" 'INSERT INTO read_only_probe VALUES (1) RETURNING n'")
	require.NoError(t, err)
	for name, explicit := range map[string]bool{"message": false, "explicit": true} {
		t.Run(name, func(t *testing.T) {
			db := pool(t, session.Config{Explicit: explicit,
				ReadOnly: func(context.Context) bool { return true }})
			ctx := inTenant(t)
			require.Equal(t, "on", queryString(t, ctx, db,
				"SELECT current_setting('transaction_read_only')"))
			for _, query := range []string{
				"INSERT INTO read_only_probe VALUES (1)", "DELETE FROM read_only_probe",
				"WITH w AS (INSERT INTO read_only_probe VALUES (1) RETURNING n) SELECT n FROM w",
				"SELECT write_probe()", "EXPLAIN ANALYZE INSERT INTO read_only_probe VALUES (1)",
				"SET TRANSACTION READ WRITE; INSERT INTO read_only_probe VALUES (1)",
				"SET LOCAL transaction_read_only = off; SELECT write_probe()",
				"SELECT 1; INSERT INTO read_only_probe VALUES (1)",
				"SELECT set_config('transaction_read_only', 'off', true); SELECT write_probe()",
				"(INSERT INTO read_only_probe VALUES (1))", ";;DELETE FROM read_only_probe",
				"NOTIFY x", "LOCK read_only_probe", "CALL write_probe()",
			} {
				_, err := db.ExecContext(ctx, query)
				require.Error(t, err, query)
				if !strings.Contains(query, "set_config") {
					require.ErrorContains(t, err, "EachTenant", query)
				}
				rows, err := db.QueryContext(ctx, query)
				if err == nil {
					for rows.Next() {
					}
					err = rows.Err()
					require.NoError(t, rows.Close())
				}
				require.Error(t, err, query)
			}
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			_, err = tx.ExecContext(ctx, "SET TRANSACTION READ WRITE")
			require.ErrorContains(t, err, "EachTenant")
			require.Equal(t, "on", queryString(t, ctx, tx, "SHOW transaction_read_only"))
			require.NoError(t, tx.Commit())
		})
	}
	var n int
	require.NoError(t, admin.QueryRowContext(t.Context(),
		"SELECT count(*) FROM read_only_probe").Scan(&n))
	require.Zero(t, n)
}

func TestConflictWithoutTheTenantNamesTheKey(t *testing.T) {
	t.Parallel()
	_, err := superuser(t).ExecContext(t.Context(),
		"CREATE TABLE conflict_probe (tenant_id uuid, id int, PRIMARY KEY (tenant_id, id))")
	require.NoError(t, err)
	db := pool(t, session.Config{})
	insert := func(conflict string) error {
		_, err := db.ExecContext(inTenant(t), "INSERT INTO conflict_probe VALUES ($1, 1) "+conflict,
			tenancy.DefaultID.String())
		return err
	}
	require.NoError(t, insert("ON CONFLICT (tenant_id, id) DO UPDATE SET id = 1"))
	require.ErrorContains(t, insert("ON CONFLICT (id) DO NOTHING"), "CONFLICT (tenant_id, id)")
	err = insert("ON CONFLICT (tenant_id) DO NOTHING")
	require.ErrorContains(t, err, "no unique")
	require.NotContains(t, err.Error(), "write CONFLICT")
}
