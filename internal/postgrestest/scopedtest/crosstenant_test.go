package scopedtest

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestCrossTenantReadsAllTenantsAndIsAudited(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := tenancy.WithPrincipal(t.Context(),
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: tenancy.NewID().String(), Name: "ada"})
	_, err := l.db.CrossTenant(ctx, " \t")
	require.Equal(t, tenancy.CodeReasonRequired, tenancy.CodeOf(err))
	entries := func() []tenancy.AuditEntry {
		found, err := l.db.Services().PlatformAudit.List(t.Context(), ports.PlatformAuditQuery{
			AuditFilter: ports.AuditFilter{Action: "platform.cross_tenant_read"}, Limit: 9})
		require.NoError(t, err)
		return found
	}
	require.Empty(t, entries())
	db, err := l.db.CrossTenant(ctx, "the monthly report")
	require.NoError(t, err)
	require.Len(t, entries(), 1, "before the first read")
	require.Equal(t, "ada", entries()[0].Actor.Name)
	require.Contains(t, string(entries()[0].Details), "the monthly report")

	for _, ctx := range []context.Context{ctx, l.in(t, l.acme)} {
		n, err := db.NewSelect().Model((*book)(nil)).Count(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 2*booksEach, n)
		var found []author
		require.NoError(t, db.NewSelect().Model(&found).Relation("Books").Scan(ctx))
		require.Len(t, found, 4)
		var all int
		require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM books WHERE id > ?", 0).
			Scan(&all))
		require.Equal(t, 2*booksEach, all)
		require.NoError(t, db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
			n, err := tx.NewSelect().Model((*book)(nil)).Count(ctx)
			require.EqualValues(t, 2*booksEach, n)
			return err
		}))
	}
	require.Len(t, entries(), 1)
}

func TestCrossTenantOnlyReads(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := t.Context()
	before := l.rows(t, l.acme) + l.rows(t, l.other)
	db, err := l.db.CrossTenant(ctx, "an attack")
	require.NoError(t, err)
	attempts := func(ctx context.Context, db bun.IDB) map[string]func() error {
		return map[string]func() error{
			"INSERT": func() error {
				return errorOf(db.NewInsert().Model(&author{TenantID: l.acme, ID: 9}).Exec(ctx))
			},
			"UPDATE": func() error {
				return errorOf(db.NewUpdate().Model((*book)(nil)).Set("title = 'x'").
					Where("true").Exec(ctx))
			},
			"DELETE": func() error {
				return errorOf(db.NewDelete().Model((*book)(nil)).Where("true").Exec(ctx))
			},
			"raw": func() error { return errorOf(db.ExecContext(ctx, "DELETE FROM books")) },
			"a CTE": func() error {
				return errorOf(db.NewRaw("WITH d AS (DELETE FROM books RETURNING 1)" +
					" SELECT * FROM d").Exec(ctx))
			},
			"a second statement": func() error {
				return errorOf(db.NewRaw("SELECT 1; DELETE FROM books").Exec(ctx))
			},
			"READ WRITE": func() error {
				return errorOf(db.NewRaw("SET TRANSACTION READ WRITE; DELETE FROM books").Exec(ctx))
			},
			"TRUNCATE": func() error {
				return errorOf(db.NewTruncateTable().Model((*book)(nil)).Exec(ctx))
			},
			"CREATE TABLE": func() error {
				return errorOf(db.NewCreateTable().Model((*tag)(nil)).IfNotExists().Exec(ctx))
			},
		}
	}
	for name, attempt := range attempts(ctx, db) {
		require.ErrorContains(t, attempt(), "EachTenant", name)
	}
	for name := range attempts(ctx, db) {
		err := db.RunInTx(ctx, &sql.TxOptions{}, func(ctx context.Context, tx bun.Tx) error {
			return attempts(ctx, tx)[name]()
		})
		require.ErrorContains(t, err, "EachTenant", name)
	}
	_, err = db.BeginTx(ctx, nil)
	require.ErrorContains(t, err, "RunInTx")
	for _, secret := range []string{"SELECT * FROM bailiwick.signing_keys",
		"SELECT password_hash FROM bailiwick.users", "SELECT * FROM signing_keys"} {
		require.Error(t, errorOf(db.NewRaw(secret).Exec(ctx)), secret)
	}
	var slugs []string
	require.NoError(t, db.NewRaw("SELECT t.slug FROM bailiwick.tenants AS t JOIN books AS b"+
		" ON b.tenant_id = t.id GROUP BY t.slug ORDER BY 1").Scan(ctx, &slugs))
	require.Equal(t, []string{"acme", "other"}, slugs)
	require.ErrorContains(t, errorOf(db.NewSelect().DB().ExecContext(ctx, "SELECT 1")),
		"without a reason", "the bun.DB of a query reads nothing")
	require.Equal(t, before, l.rows(t, l.acme)+l.rows(t, l.other))
}

func TestEachTenantWorksInEveryActiveTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	gone, err := l.db.Tenants().Create(t.Context(),
		tenancy.NewTenant(tenancy.NewID(), "bygone", "Bygone"))
	require.NoError(t, err)
	gone.State = tenancy.Suspended
	require.NoError(t, errorOf(l.db.Tenants().Update(t.Context(), gone)))

	var slugs []string
	err = l.db.EachTenant(l.in(t, l.other), func(ctx context.Context, tn tenancy.Tenant) error {
		slugs = append(slugs, string(tn.Slug))
		whole, err := tenancy.TenantFrom(ctx)
		require.NoError(t, err)
		require.Equal(t, tn.ID, whole.ID)
		scoped := bookCount(t, ctx, l.db.Scoped(ctx))
		var n int64
		require.NoError(t, l.db.SQL().QueryRowContext(ctx, "SELECT count(*) FROM books").Scan(&n))
		require.Equal(t, scoped, n)
		return l.db.Scoped(ctx).RunInTx(ctx, nil,
			func(ctx context.Context, tx *postgres.Scoped) error {
				_, err := tx.NewUpdate().Model((*book)(nil)).
					Set("title = ?", string(tn.Slug)+" was here").Where("true").Exec(ctx)
				return err
			})
	})
	require.NoError(t, err)
	require.Equal(t, []string{"acme", "default", "other"}, slugs)
	require.Contains(t, l.rows(t, l.acme), "acme was here")
	require.Contains(t, l.rows(t, l.other), "other was here")
}

func TestEachTenantGoesOnAfterAnErrorAndNamesTheTenants(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	visited := 0
	err := l.db.EachTenant(t.Context(), func(_ context.Context, tn tenancy.Tenant) error {
		visited++
		if tn.ID == tenancy.DefaultID {
			return nil
		}
		return errUndo
	})
	require.Equal(t, 3, visited)
	failed, ok := errors.AsType[postgres.TenantErrors](err)
	require.True(t, ok)
	require.Len(t, failed, 2)
	require.Equal(t, l.acme, failed[0].Tenant.ID)
	require.Equal(t, l.other, failed[1].Tenant.ID)
	require.ErrorIs(t, err, errUndo)
	require.Contains(t, err.Error(), "acme")

	ctx, cancel := context.WithCancel(t.Context())
	visited = 0
	err = l.db.EachTenant(ctx, func(context.Context, tenancy.Tenant) error {
		visited++
		cancel()
		return errUndo
	})
	require.Equal(t, 1, visited)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, err, errUndo)
}

func TestEachTenantReadsEveryPage(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	_, err := l.superuser.ExecContext(t.Context(), "INSERT INTO bailiwick.tenants (id, slug, name)"+
		" SELECT gen_random_uuid(), 'many-' || n, 'Many' FROM generate_series(1, 205) AS n")
	require.NoError(t, err)
	seen := map[tenancy.Slug]bool{}
	require.NoError(t, l.db.EachTenant(t.Context(),
		func(_ context.Context, tn tenancy.Tenant) error {
			require.False(t, seen[tn.Slug])
			seen[tn.Slug] = true
			return nil
		}))
	require.Len(t, seen, 208)
}

// With tenancy off a context without a tenant is one of the default tenant.
func TestWithTenancyOffEverythingWorksAsTheDefaultTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := t.Context()
	require.NoError(t, errorOf(l.db.Scoped(ctx).NewInsert().Model(&tag{ID: 1, Name: "scoped"}).
		Exec(ctx)))
	require.NoError(t, errorOf(l.db.IDB(ctx).NewInsert().Model(&tag{ID: 2, Name: "idb"}).
		Exec(ctx)))
	require.NoError(t, errorOf(l.db.SQL().ExecContext(ctx,
		"INSERT INTO tags (id, name) VALUES ($1, $2)", 3, "sql")))
	require.NoError(t, l.db.Scoped(ctx).RunInTx(ctx, nil,
		func(ctx context.Context, tx *postgres.Scoped) error {
			return errorOf(tx.NewRaw("INSERT INTO tags (id, name) VALUES (4, 'tx')").Exec(ctx))
		}))
	require.NoError(t, l.db.IDB(ctx).RunInTx(ctx, nil,
		func(_ context.Context, tx bun.Tx) error {
			return errorOf(tx.NewInsert().Model(&tag{ID: 5, Name: "bun's tx"}).Exec(ctx))
		}))
	tx, err := l.db.SQL().BeginTx(ctx, nil)
	require.NoError(t, err)
	require.NoError(t, errorOf(tx.Exec("INSERT INTO tags (id, name) VALUES (6, 'sql tx')")))
	require.NoError(t, tx.Commit())
	n, err := l.db.Scoped(ctx).NewSelect().Model((*tag)(nil)).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 6, n)
	require.Equal(t, 6, strings.Count(l.rows(t, tenancy.DefaultID), "\n")+1)

	db, err := l.db.CrossTenant(ctx, "a report")
	require.NoError(t, err)
	n, err = db.NewSelect().Model((*tag)(nil)).Where("tenant_id = ?", tenancy.DefaultID).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 6, n)
	require.ErrorContains(t, errorOf(db.ExecContext(ctx, "DELETE FROM tags")), "EachTenant")
	slugs := map[tenancy.Slug]int64{}
	require.NoError(t, l.db.EachTenant(ctx, func(ctx context.Context, tn tenancy.Tenant) error {
		slugs[tn.Slug], err = l.db.Scoped(ctx).NewSelect().Model((*tag)(nil)).Count(ctx)
		return err
	}))
	require.EqualValues(t, 6, slugs["default"])
	setting, err := l.db.TenantSetting(ctx)
	require.NoError(t, err)
	require.Contains(t, setting, tenancy.DefaultID.String())
	require.Equal(t, l.url, l.db.AppURL())
}
