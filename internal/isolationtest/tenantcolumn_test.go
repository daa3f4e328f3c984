package isolationtest_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// openRenamed opens a database whose notes have their tenant in org_id, and their shelves in a
// column that needs quotes.
func openRenamed(t *testing.T) *postgres.DB {
	t.Helper()
	o := options(pgtest.Database(t))
	o.Tables[1].TenantColumn = "org_id"
	o.Tables[1].References[2].Join.TenantColumn = "Account ID"
	o.Migrations.Add(migrate.Migration{Name: "20261102000000", Comment: "rename",
		Up: func(ctx context.Context, m *migrate.Migrator, _ *migrate.Migration) error {
			_, err := m.DB().ExecContext(ctx, "ALTER TABLE notes RENAME COLUMN tenant_id TO org_id;"+
				` ALTER TABLE note_shelves RENAME COLUMN tenant_id TO "Account ID"`)
			return err
		}})
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// The proof itself requires that each declared table shows the other tenant's rows with both walls
// off, so a filter or a policy on another column would fail it.
func TestTablesWithOtherTenantColumnsAreProved(t *testing.T) {
	t.Parallel()
	db := openRenamed(t)
	m := isolationtest.Prove(t, db, handler(db))
	require.True(t, m.Held())
	require.Equal(t, 16, m.Tables, "visits and its view are left out")
}
