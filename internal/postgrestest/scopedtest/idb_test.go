package scopedtest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A helper of a host, written for bun.
func titles(ctx context.Context, db bun.IDB) (all []string, err error) {
	err = db.NewSelect().Model((*book)(nil)).Column("title").Order("id").Scan(ctx, &all)
	return all, err
}

var acmeTitles = []string{"acme book 1", "acme book 2", "acme book 3"}

func TestIDBHasTheFilterOfScoped(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false) // without policies
	ctx := l.in(t, l.acme)
	db := l.db.IDB(ctx)
	found, err := titles(ctx, db)
	require.NoError(t, err)
	require.Equal(t, acmeTitles, found)
	require.NoError(t, errorOf(db.NewInsert().Model(&tag{ID: 5, Name: "new"}).Exec(ctx)))
	require.NoError(t, errorOf(db.NewDelete().Model((*tag)(nil)).Where("true").Exec(ctx)))
	require.Contains(t, l.rows(t, l.other), "other tag 1")
	err = errorOf(db.NewInsert().Model(&book{ID: 9, TenantID: l.other}).Exec(ctx))
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
	err = errorOf(db.NewSelect().Model((*book)(nil)).Count(l.in(t, l.other)))
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
}

func TestTransactionsOfIDBAreConfined(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	before := l.rows(t, l.other)
	db := l.db.IDB(ctx)
	require.NoError(t, db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		found, err := titles(ctx, tx)
		require.NoError(t, err)
		require.Equal(t, acmeTitles, found)
		for _, write := range []interface {
			Exec(ctx context.Context, dest ...any) (sql.Result, error)
		}{
			tx.NewInsert().Model(&tag{ID: 7, Name: "by a model without the column"}),
			tx.NewInsert().Model(&author{ID: 7, Name: "by a model with a nullzero column"}),
			tx.NewRaw("INSERT INTO tags (id, name) VALUES (?, ?)", 8, "raw"),
			tx.NewUpdate().Model((*book)(nil)).Set("title = 'x'").Where("true"),
			tx.NewRaw("DELETE FROM drafts"),
		} {
			require.NoError(t, errorOf(write.Exec(ctx)))
		}
		return nil
	}))
	own := l.rows(t, l.acme)
	require.Contains(t, own, "by a model without the column")
	require.Contains(t, own, "by a model with a nullzero column")
	require.Contains(t, own, "raw")
	require.NotContains(t, own, "draft")
	require.Equal(t, before, l.rows(t, l.other))

	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	for name, attempt := range map[string]func() error{
		"INSERT for the other": func() error {
			return errorOf(tx.NewInsert().Model(&book{ID: 9, TenantID: l.other}).Exec(ctx))
		},
		"raw INSERT": func() error {
			return errorOf(tx.NewRaw("INSERT INTO tags VALUES (?, 9, 'x')", l.other).Exec(ctx))
		},
		"UPDATE that gives a row to the other": func() error {
			return errorOf(tx.NewUpdate().Model((*book)(nil)).Set("tenant_id = ?", l.other).
				Where("true").Exec(ctx))
		},
	} {
		require.NoError(t, errorOf(tx.ExecContext(ctx, "SAVEPOINT attempt")))
		require.ErrorContains(t, attempt(), "row-level security", name)
		require.NoError(t, errorOf(tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT attempt")))
	}
	for _, other := range []context.Context{l.in(t, l.other), t.Context()} {
		err := errorOf(titles(other, tx))
		require.Contains(t, []tenancy.Code{tenancy.CodeTenantMismatch, tenancy.CodeNoTenant},
			tenancy.CodeOf(err))
	}
	require.NoError(t, errorOf(tx.ExecContext(ctx, "SAVEPOINT attempt")))
	require.Error(t, errorOf(tx.NewInsert().Model(&book{ID: 9}).Exec(ctx)),
		"a tenant_id that is neither nullzero nor set isn't stamped")
	require.NoError(t, errorOf(tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT attempt")))
	n, err := tx.NewSelect().Model((*book)(nil)).Where("tenant_id = ?", l.other).Count(ctx)
	require.NoError(t, err)
	require.Zero(t, n)
	require.NoError(t, tx.Commit())
	require.Equal(t, before, l.rows(t, l.other))
}

func TestTransactionOfIDBBeginsInItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	never := func(context.Context, bun.Tx) error { panic("called") }
	for name, c := range map[string]struct {
		ctx  context.Context
		db   bun.IDB
		code tenancy.Code
	}{
		"none":  {t.Context(), l.db.IDB(t.Context()), tenancy.CodeNoTenant},
		"other": {l.in(t, l.other), l.db.IDB(ctx), tenancy.CodeTenantMismatch},
	} {
		require.Equal(t, c.code, tenancy.CodeOf(c.db.RunInTx(c.ctx, nil, never)), name)
		require.Equal(t, c.code, tenancy.CodeOf(errorOf(c.db.BeginTx(c.ctx, nil))), name)
	}
	require.NoError(t, l.db.Scoped(ctx).RunInTx(ctx, nil,
		func(ctx context.Context, _ *postgres.Scoped) error {
			require.ErrorContains(t, l.db.IDB(ctx).RunInTx(ctx, nil, never),
				"use the handle that it gives")
			return nil
		}))
}

func TestCommitOfIDBChecksTheRightOfTheCall(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	right := tenancy.Right{Principal: tenancy.Principal{Kind: tenancy.PlatformToken,
		SuperAdmin: true}, Tenant: l.acme, Needs: tenancy.ResourceWrite}
	ctx := tenancy.WithRight(l.in(t, l.acme), right)
	db := l.db.IDB(ctx)
	remove := func(tx bun.Tx) {
		require.NoError(t, errorOf(tx.NewDelete().Model(&book{ID: 1}).WherePK().Exec(ctx)))
	}
	suspended := func(state tenancy.State) {
		tenant, err := l.db.Tenants().Get(t.Context(), l.acme)
		require.NoError(t, err)
		tenant.State = state
		require.NoError(t, errorOf(l.db.Tenants().Update(t.Context(), tenant)))
	}
	err := db.RunInTx(ctx, nil, func(_ context.Context, tx bun.Tx) error {
		remove(tx)
		suspended(tenancy.Suspended)
		return nil
	})
	require.Equal(t, tenancy.CodeTenantSuspended, tenancy.CodeOf(err), "%v", err)

	begun, err := l.db.SQL().BeginTx(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, errorOf(begun.ExecContext(ctx, "DELETE FROM books WHERE id = $1", 1)))
	require.Equal(t, tenancy.CodeTenantSuspended, tenancy.CodeOf(begun.Commit()))

	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	remove(tx)
	require.Equal(t, tenancy.CodeTenantSuspended, tenancy.CodeOf(tx.Commit()))
	require.Contains(t, l.rows(t, l.acme), "acme book 1", "all three are rolled back")

	readOnly, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	require.NoError(t, err)
	require.NoError(t, readOnly.Commit(), "a transaction that only reads needs no right")

	suspended(tenancy.Active)
	tx, err = db.BeginTx(ctx, nil)
	require.NoError(t, err)
	remove(tx)
	require.NoError(t, tx.Commit())
	require.NotContains(t, l.rows(t, l.acme), "acme book 1")
}

func TestBunOptionsHoldInEveryHandle(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	fixture.Exec(t, l.superuser, "DROP INDEX books_isbn") // Open refuses it when tenancy is on
	type short struct {
		bun.BaseModel `bun:"table:books,alias:b"`

		ID int64 `bun:"id,pk"`
	}
	ctx := l.in(t, l.acme)
	all := func(db interface{ NewSelect() *bun.SelectQuery }) error {
		return db.NewSelect().Model(&[]short{}).ModelTableExpr("books AS b").ColumnExpr("b.*").
			Scan(ctx)
	}
	require.ErrorContains(t, all(l.db.Scoped(ctx)), "does not have column")

	o := libraryOptions(l.url, true)
	o.BunOptions = []bun.DBOption{bun.WithDiscardUnknownColumns()}
	db := fixture.Open(t, o)
	require.NoError(t, all(db.Scoped(ctx)))
	require.NoError(t, all(db.IDB(ctx)))
	require.NoError(t, db.Scoped(ctx).RunInTx(ctx, nil,
		func(_ context.Context, tx *postgres.Scoped) error { return all(tx) }))
	require.NoError(t, db.IDB(ctx).RunInTx(ctx, nil,
		func(_ context.Context, tx bun.Tx) error { return all(tx) }))

	o.BunOptions = []bun.DBOption{bun.WithConnResolver(resolver{})}
	_, err := postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "BunOptions")
	o.BunOptions = []bun.DBOption{func(db *bun.DB) { db.DB = l.superuser }}
	_, err = postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "BunOptions")
}

// resolver sends every statement to no connection that is scoped.
type resolver struct{}

func (resolver) ResolveConn(context.Context, bun.Query) bun.IConn { return nil }

func (resolver) Close() error { return nil }

func TestConflictOnTheIDNamesTheKeyToWrite(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	upsert := func(on string) error {
		return errorOf(l.db.Scoped(ctx).NewInsert().Model(&tag{ID: 1, Name: "new"}).
			On(on).Set("name = EXCLUDED.name").Exec(ctx))
	}
	err := upsert("CONFLICT (id) DO UPDATE")
	require.ErrorContains(t, err, "CONFLICT (tenant_id, id)")
	require.Equal(t, tenancy.CodeInternal, tenancy.CodeOf(err))
	require.NoError(t, upsert("CONFLICT (tenant_id, id) DO UPDATE"))
}
