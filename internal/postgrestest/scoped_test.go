package postgrestest

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Each wall is proved alone. In the single-tenant database the pool is a
// superuser's, whom no policy holds: what keeps tenants apart there is the
// filter. Raw SQL has no filter: what keeps it apart is the policy.

func TestFilterAloneKeepsTenantsApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	var all int
	require.NoError(t, w.db.Scoped(w.in(t, w.acme)).NewRaw("SELECT count(*) FROM widgets").Scan(w.in(t, w.acme), &all))
	require.Equal(t, 2*widgetsEach, all, "no policy may hold here, or the test proves nothing")

	ctx := w.in(t, w.acme)
	scoped := w.db.Scoped(ctx)
	for name, count := range map[string]func() (int64, error){
		"Scan": func() (int64, error) {
			var rows []widgetRow
			err := scoped.NewSelect().Model(&rows).Scan(ctx)
			return int64(len(rows)), err
		},
		"Count": func() (int64, error) { return scoped.NewSelect().Model((*widgetRow)(nil)).Count(ctx) },
		"ScanAndCount": func() (int64, error) {
			var rows []widgetRow
			return scoped.NewSelect().Model(&rows).Limit(1).ScanAndCount(ctx)
		},
		"Rows": func() (int64, error) {
			rows, err := scoped.NewSelect().Model((*widgetRow)(nil)).Rows(ctx)
			if err != nil {
				return 0, err
			}
			defer rows.Close()
			n := int64(0)
			for rows.Next() {
				n++
			}
			return n, rows.Err()
		},
		"sub-query": func() (int64, error) {
			inner := scoped.NewSelect().Model((*widgetRow)(nil)).Column("name")
			var n int64
			err := scoped.NewRaw("SELECT count(*) FROM (?) AS q", inner).Scan(ctx, &n)
			return n, err
		},
		"by alias": func() (int64, error) {
			return scoped.NewSelect().Model((*widgetRow)(nil)).Join("JOIN makers AS m ON true").Where("false").Count(ctx)
		},
	} {
		n, err := count()
		require.NoError(t, err, name)
		if name == "by alias" {
			require.Zero(t, n, name)
			continue
		}
		require.EqualValues(t, widgetsEach, n, name)
	}

	updated, err := scoped.NewUpdate().Model((*widgetRow)(nil)).Set("description = 'changed'").Where("true").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, widgetsEach, updated)
	deleted, err := scoped.NewDelete().Model((*widgetRow)(nil)).Where("name = 'w0'").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, 1, deleted)
	exists, err := w.db.Scoped(w.in(t, w.other)).NewSelect().Model((*widgetRow)(nil)).Where("description = 'changed' OR name = 'w9'").Exists(w.in(t, w.other))
	require.NoError(t, err)
	require.False(t, exists)
}

func requireAffected(t *testing.T, want int, result sql.Result) {
	t.Helper()
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, want, n)
}

func TestPolicyAloneKeepsTenantsApart(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ctx := w.in(t, w.acme)
	scoped := w.db.Scoped(ctx)
	for _, table := range []string{"widgets", "settings", "bailiwick.tenants"} {
		var foreign, own int
		column := "tenant_id"
		if table == "bailiwick.tenants" {
			column = "id"
		}
		query := "SELECT count(*) FILTER (WHERE " + column + " <> ?0), count(*) FILTER (WHERE " + column + " = ?0) FROM " + table
		require.NoError(t, scoped.NewRaw(query, w.acme).Scan(ctx, &foreign, &own), table)
		require.Zero(t, foreign, table)
		require.NotZero(t, own, table)
	}
	result, err := scoped.NewRaw("UPDATE widgets SET description = 'raw'").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, widgetsEach, result)
	result, err = scoped.NewRaw("DELETE FROM widgets").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, widgetsEach, result)
	_, err = scoped.NewRaw("INSERT INTO widgets (tenant_id, name) VALUES (?, 'planted')", w.other).Exec(ctx)
	require.ErrorContains(t, err, "row-level security")

	n, err := w.db.Scoped(w.in(t, w.other)).NewSelect().Model((*widgetRow)(nil)).Where("description = 'other'").Count(w.in(t, w.other))
	require.NoError(t, err)
	require.EqualValues(t, widgetsEach, n)
}

func TestInsertIsStampedWithTheTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ctx := w.in(t, w.acme)
	_, err := w.db.Scoped(ctx).NewInsert().Model(&widgetRow{ID: uuid.New(), Name: "built"}).Exec(ctx)
	require.NoError(t, err)
	n, err := w.db.Scoped(ctx).NewSelect().Model((*widgetRow)(nil)).Where("name = 'built'").Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = w.db.Scoped(ctx).NewRaw("INSERT INTO makers (name) VALUES ('stamped')").Exec(ctx)
	require.NoError(t, err)
	var tenant tenancy.ID
	require.NoError(t, w.db.Scoped(ctx).NewRaw("SELECT tenant_id FROM makers WHERE name = 'stamped'").Scan(ctx, &tenant))
	require.Equal(t, w.acme, tenant)
}

func TestNoTenantIsAnErrorBeforeTheDatabaseIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	for name, err := range map[string]error{
		"handle":  w.db.Scoped(t.Context()).NewSelect().Model((*widgetRow)(nil)).Scan(t.Context(), &[]widgetRow{}),
		"raw":     second(w.db.Scoped(t.Context()).NewRaw("SELECT 1").Exec(t.Context())),
		"context": second(w.db.Scoped(w.in(t, w.acme)).NewRaw("SELECT 1").Exec(t.Context())),
		"transaction": w.db.Scoped(t.Context()).RunInTx(t.Context(), nil, func(context.Context, *postgres.Scoped) error {
			return errors.New("it ran")
		}),
	} {
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err), "%s: %v", name, err)
	}
}

func second(_ sql.Result, err error) error { return err }

func TestAnotherTenantsContextIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	scoped := w.db.Scoped(w.in(t, w.acme))
	_, err := scoped.NewSelect().Model((*widgetRow)(nil)).Count(w.in(t, w.other))
	require.Error(t, err)
	_, err = scoped.NewDelete().Model((*widgetRow)(nil)).Where("true").Exec(w.in(t, w.other))
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
	err = scoped.RunInTx(w.in(t, w.acme), nil, func(_ context.Context, tx *postgres.Scoped) error {
		return second(tx.NewRaw("SELECT 1").Exec(w.in(t, w.other)))
	})
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
	_, err = w.db.Services().Resources.List(w.in(t, w.acme), w.other, widgetList())
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
}

func TestTransactionIsOfOneTenantAndRollsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ctx := w.in(t, w.acme)
	stop := errors.New("stop")
	err := w.db.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		result, err := tx.NewRaw("DELETE FROM widgets").Exec(ctx)
		require.NoError(t, err)
		requireAffected(t, widgetsEach, result)
		n, err := tx.NewSelect().Model((*widgetRow)(nil)).Count(ctx)
		require.NoError(t, err)
		require.Zero(t, n)
		return stop
	})
	require.ErrorIs(t, err, stop)
	n, err := w.db.Scoped(ctx).NewSelect().Model((*widgetRow)(nil)).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, widgetsEach, n)
}

func TestModellessQueryIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	ctx := w.in(t, w.acme)
	_, err := w.db.Scoped(ctx).NewSelect().Table("widgets").Count(ctx)
	require.Error(t, err)
}
