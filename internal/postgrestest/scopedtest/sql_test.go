package scopedtest

import (
	"context"
	"database/sql"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const titlesQuery = "SELECT title FROM books WHERE title > $1 ORDER BY id"

func TestSQLIsConfinedToTheTenantOfItsContext(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	db := l.db.SQL()
	acme, other := l.in(t, l.acme), l.in(t, l.other)
	before := l.rows(t, l.other)

	found, err := fixture.Strings(db.QueryContext(acme, titlesQuery, ""))
	require.NoError(t, err)
	require.Equal(t, acmeTitles, found)
	prepared, err := db.PrepareContext(acme, titlesQuery)
	require.NoError(t, err)
	defer prepared.Close()
	pinned, err := db.Conn(acme)
	require.NoError(t, err)
	defer pinned.Close()
	for name, query := range map[string]func(context.Context) (*sql.Rows, error){
		"a statement": func(ctx context.Context) (*sql.Rows, error) {
			return db.QueryContext(ctx, titlesQuery, "")
		},
		"a prepared statement": func(ctx context.Context) (*sql.Rows, error) {
			return prepared.QueryContext(ctx, "")
		},
		"a connection": func(ctx context.Context) (*sql.Rows, error) {
			return pinned.QueryContext(ctx, titlesQuery, "")
		},
	} {
		for _, ctx := range []context.Context{acme, other, acme} {
			tenant, err := tenancy.FromContext(ctx)
			require.NoError(t, err)
			found, err := fixture.Strings(query(ctx))
			require.NoError(t, err, name)
			require.Len(t, found, booksEach, name)
			require.Contains(t, l.rows(t, tenant), found[0], name)
		}
		_, err := query(t.Context()) //nolint:rowserrcheck // an error
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err), name)
	}
	var title string
	require.ErrorIs(t, db.QueryRowContext(acme, "SELECT title FROM books WHERE tenant_id = $1",
		l.other.String()).Scan(&title), sql.ErrNoRows)
	require.NoError(t, errorOf(db.ExecContext(acme, "INSERT INTO tags (id, name) VALUES ($1, $2)",
		7, "mine")))
	require.Contains(t, l.rows(t, l.acme), "mine", "the column's default is the tenant")
	result, err := db.ExecContext(acme, "DELETE FROM drafts")
	require.NoError(t, err)
	requireAffected(t, 3, result)
	require.Equal(t, before, l.rows(t, l.other))
}

func TestSQLRefusesWhatLeavesTheTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	db, ctx := l.db.SQL(), l.in(t, l.acme)
	before := l.rows(t, l.acme) + l.rows(t, l.other)
	for _, query := range []string{
		"SET ROLE postgres", "RESET ROLE", "SET LOCAL ROLE postgres",
		"SET SESSION AUTHORIZATION DEFAULT", "SET bailiwick.tenant = 'x'",
		"SET LOCAL bailiwick.tenant = 'x'", "SELECT set_config('bailiwick.tenant', 'x', true)",
		"SELECT 1; SET ROLE postgres", "SELECT 1; RESET ALL; SELECT 2", "COMMIT; SELECT 1",
		"SET LOCAL row_security = off; SELECT * FROM books", "TRUNCATE books",
		"COPY books TO STDOUT", "PREPARE p AS SELECT 1", "LISTEN x", "DISCARD ALL",
		"INSERT INTO tags VALUES ('" + l.other.String() + "', 9, 'x')",
		"UPDATE books SET tenant_id = '" + l.other.String() + "'",
		"SELECT * FROM bailiwick.signing_keys", "CREATE TABLE stolen AS SELECT * FROM books",
	} {
		require.Error(t, errorOf(db.ExecContext(ctx, query)), query)
		prepared, err := db.PrepareContext(ctx, query)
		require.NoError(t, err)
		require.Error(t, errorOf(prepared.ExecContext(ctx)), query)
		require.NoError(t, prepared.Close())
	}
	_, err := db.ExecContext(ctx, "INSERT INTO tags (tenant_id, id, name) VALUES ($1, 9, 'x')",
		l.other.String())
	require.ErrorContains(t, err, "row-level security")
	result, err := db.ExecContext(ctx, "UPDATE books SET title = 'x' WHERE tenant_id = $1",
		l.other.String())
	require.NoError(t, err)
	requireAffected(t, 0, result)
	_, err = db.ExecContext(ctx, "SELECT $1", "'; SET ROLE postgres; --")
	require.NoError(t, err)
	require.Equal(t, before, l.rows(t, l.acme)+l.rows(t, l.other))
}

func TestTransactionOfSQLBelongsToItsTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	acme, other := l.in(t, l.acme), l.in(t, l.other)
	require.Equal(t, tenancy.CodeNoTenant,
		tenancy.CodeOf(errorOf(l.db.SQL().BeginTx(t.Context(), nil))))
	tx, err := l.db.SQL().BeginTx(acme, nil)
	require.NoError(t, err)
	prepared, err := tx.PrepareContext(acme, "DELETE FROM books WHERE id = $1")
	require.NoError(t, err)
	require.NoError(t, errorOf(prepared.ExecContext(acme, 1)))
	for _, err := range []error{
		errorOf(tx.ExecContext(other, "DELETE FROM books")),
		errorOf(prepared.ExecContext(other, 2)),
		tx.QueryRowContext(other, "SELECT 1").Scan(new(int)),
	} {
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), "%v", err)
	}
	require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(errorOf(tx.Exec("DELETE FROM books"))))
	require.NoError(t, tx.Commit())
	require.NotContains(t, l.rows(t, l.acme), "acme book 1")
	require.Contains(t, l.rows(t, l.acme), "acme book 2")
}

// A host sets limits and closes what it was given.
func TestHostCannotEndOrStarveTheLibraryThroughSQL(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true) // MaxConns: 4
	ctx := l.in(t, l.acme)
	db := l.db.SQL()
	db.SetMaxIdleConns(10)
	for range 6 {
		require.NoError(t, errorOf(db.ExecContext(ctx, "SELECT 1")))
	}
	require.Zero(t, db.Stats().Idle, "an idle connection is back in the library's pool")
	require.Zero(t, l.db.PoolStats()["app"].InUse)

	var held []*sql.Conn
	for range 4 {
		conn, err := db.Conn(ctx)
		require.NoError(t, err)
		held = append(held, conn)
	}
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, errorOf(db.ExecContext(soon, "SELECT 1")), context.DeadlineExceeded)
	require.LessOrEqual(t, l.db.PoolStats()["app"].OpenConnections, 4)
	for _, conn := range held {
		require.NoError(t, conn.Close())
	}
	require.NoError(t, db.Close())
	require.Error(t, errorOf(l.db.SQL().ExecContext(ctx, "SELECT 1")))
	require.EqualValues(t, booksEach, bookCount(t, ctx, l.db.Scoped(ctx)))
}

func TestSQLHasTheDeadlineOfItsContext(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx, cancel := context.WithTimeout(l.in(t, l.acme), 10*time.Second)
	defer cancel()
	var limit int
	require.NoError(t, l.db.SQL().QueryRowContext(ctx,
		"SELECT setting FROM pg_settings WHERE name = $1", "statement_timeout").Scan(&limit))
	require.InDelta(t, 10_000, limit, 5_000)
	soon, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	err := errorOf(l.db.SQL().ExecContext(soon, "SELECT pg_sleep($1)", 9))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.NoError(t, errorOf(l.db.SQL().ExecContext(ctx, "SELECT 1")))
}

func TestConfinedBunKeepsItsHooksAndModels(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	was := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(l.url)))
	defer was.Close()
	hook := &countingHook{}
	existing := bun.NewDB(was, pgdialect.New()).WithQueryHook(hook).WithNamedArg("first", 1)
	existing.RegisterModel((*bookTag)(nil))
	child := existing.WithNamedArg("second", 2)
	ctx := l.in(t, l.acme)
	n, err := existing.NewSelect().Model((*book)(nil)).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 2*booksEach, n, "the superuser sees all")

	require.NoError(t, l.db.Confine(existing))
	for _, db := range []*bun.DB{existing, child} {
		var found []book
		hook.calls = 0
		require.NoError(t, db.NewSelect().Model(&found).Relation("Tags").Where("b.id >= ?first").
			Order("b.id").Scan(ctx))
		require.Len(t, found, booksEach)
		require.Equal(t, "acme book 1", found[0].Title)
		require.Equal(t, 2, hook.calls)
		_, err = db.NewSelect().Model((*book)(nil)).Count(t.Context())
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		_, err = tx.NewSelect().Model((*book)(nil)).Count(l.in(t, l.other))
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
		require.NoError(t, tx.Rollback())
	}

	for name, refused := range map[string]*bun.DB{
		"nil":      nil,
		"dialect":  bun.NewDB(was, mysql{pgdialect.New()}),
		"resolver": bun.NewDB(was, pgdialect.New(), bun.WithConnResolver(resolver{})),
	} {
		require.ErrorContains(t, l.db.Confine(refused), name)
	}
}

type mysql struct{ *pgdialect.Dialect }

func (mysql) Name() dialect.Name { return dialect.MySQL }

type countingHook struct{ calls int }

func (h *countingHook) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context {
	h.calls++
	return ctx
}

func (h *countingHook) AfterQuery(context.Context, *bun.QueryEvent) {}

// Another driver connects as the application's role and binds its transactions itself.
func TestTenantSettingBindsATransactionOfAnotherDriver(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	another := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(l.db.AppURL())))
	defer another.Close()
	ctx := t.Context()
	count := func(tx *sql.Tx) (n int) {
		require.NoError(t, tx.QueryRowContext(ctx, "SELECT count(*) FROM books"+
			" WHERE title LIKE 'acme%'").Scan(&n))
		return n
	}
	setting, err := l.db.TenantSetting(l.in(t, l.acme))
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(setting, "SET LOCAL "))
	for range 2 { // a setting serves several transactions
		tx, err := another.BeginTx(ctx, nil)
		require.NoError(t, err)
		require.Zero(t, count(tx), "before the setting")
		require.NoError(t, errorOf(tx.ExecContext(ctx, setting)))
		require.Equal(t, booksEach, count(tx))
		require.ErrorContains(t, errorOf(tx.ExecContext(ctx, "INSERT INTO tags VALUES ($1, 9, 'x')",
			l.other.String())), "row-level security")
		require.NoError(t, tx.Rollback())
	}
	tx, err := another.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.Zero(t, count(tx), "nothing remains on the connection")
	require.NoError(t, tx.Rollback())

	tx, err = another.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, errorOf(tx.ExecContext(ctx,
		strings.ReplaceAll(setting, l.acme.String(), l.other.String()))))
	require.ErrorContains(t, errorOf(tx.ExecContext(ctx, "SELECT * FROM books")), "isn't signed")
	require.NoError(t, tx.Rollback())
	_, err = l.db.TenantSetting(ctx)
	require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err))
}
