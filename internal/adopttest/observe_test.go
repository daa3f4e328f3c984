package adopttest

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestObservedTablesReportWhatEnforcingTablesRefuse(t *testing.T) {
	t.Parallel()
	url := database(t)
	up(t, options(url, true), adoption.Contract)
	var log bytes.Buffer
	o := options(url, true)
	o.Tables[1].Mode = postgres.Observe // orders
	o.Tables[2].Mode = postgres.Observe // lines
	o.Logger = slog.New(slog.NewTextHandler(&log, nil))
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	ctx := t.Context() // without a tenant

	n, err := db.Scoped(ctx).NewSelect().Model((*orderRow)(nil)).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1000, n, "reads see the default tenant")
	_, err = db.Scoped(ctx).NewRaw(`INSERT INTO "Shop"."Orders" (number) VALUES (7777)`).Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, "01900000-0000-7000-8000-000000000000",
		queryValue[string](t, open(t, url),
			`SELECT tenant_id FROM "Shop"."Orders" WHERE number = 7777`))
	require.NoError(t, db.Scoped(ctx).
		RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			_, err := tx.NewDelete().Model((*lineRow)(nil)).Where(`"order" = 5`).Exec(ctx)
			return err
		}))

	_, err = db.Scoped(ctx).NewSelect().Model((*customerRow)(nil)).Count(ctx)
	require.ErrorIs(t, err, tenancy.ErrNoTenant, "customers enforce")
	_, err = db.Scoped(ctx).
		NewRaw(`SELECT FROM "Shop"."Orders" o JOIN "Shop"."Customers" c ON c.id = o.customer`).
		Exec(ctx)
	require.ErrorIs(t, err, tenancy.ErrNoTenant, "one enforcing table is enough")
	_, err = db.Scoped(ctx).NewRaw(`SELECT 1`).Exec(ctx)
	require.ErrorIs(t, err, tenancy.ErrNoTenant, "a statement without tables is refused")

	seen := db.Observed()
	require.Len(t, seen, 3)
	for i, table := range []string{"Lines", "Orders", "Orders"} {
		require.Equal(t, table, seen[i].Table)
		require.Contains(t, seen[i].Site, "observe_test.go:")
		require.Contains(t, log.String(), seen[i].Site)
	}
	other := tenancy.NewContext(ctx, tenancy.NewID())
	n, err = db.Scoped(other).NewSelect().Model((*orderRow)(nil)).Count(other)
	require.NoError(t, err)
	require.Zero(t, n, "the context's tenant applies")
	require.Len(t, db.Observed(), 3)
}

// numberedOrder has the column tenant_id, which a handle fills in.
type numberedOrder struct {
	bun.BaseModel `bun:"table:Shop.Orders"`

	TenantID tenancy.ID `bun:"tenant_id"`
	Number   int64      `bun:"number"`
}

func TestObservedInsertOfModelBelongsToDefaultTenant(t *testing.T) {
	t.Parallel()
	url := database(t)
	up(t, options(url, true), adoption.Contract)
	o := options(url, true)
	o.Tables[1].Mode = postgres.Observe // orders
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	ctx := t.Context() // without a tenant

	_, err = db.Scoped(ctx).NewInsert().Model(&numberedOrder{Number: 8888}).Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, tenancy.DefaultID.String(), queryValue[string](t, open(t, url),
		`SELECT tenant_id FROM "Shop"."Orders" WHERE number = 8888`))
}
