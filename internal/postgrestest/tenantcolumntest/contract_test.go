package tenantcolumntest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports/portstest"
)

// kindColumns are the tenant's columns of the fixture's tables: a plain name, one that needs quotes,
// a keyword, and that of a join table. The table of parts keeps tenant_id.
var kindColumns = map[string]string{
	"makers": "org_id", "widgets": "order", "widget_parts": "Account ID", "settings": "org_id",
}

// kindOptions are those of the fixture with the columns renamed.
func kindOptions(url string, multiTenant bool) postgres.Options {
	o := fixture.Options(url, multiTenant)
	for i, name := range []string{"makers", "parts", "widgets", "settings"} {
		o.Tables[i].TenantColumn = kindColumns[name]
	}
	for i, r := range o.Tables[2].References {
		if r.Join != nil {
			join := *r.Join
			join.TenantColumn = kindColumns["widget_parts"]
			o.Tables[2].References[i].Join = &join
		}
	}
	o.Migrations.Add(migrate.Migration{Name: "20261102000000", Comment: "rename",
		Up: func(ctx context.Context, migrator *migrate.Migrator, _ *migrate.Migration) error {
			for table, column := range kindColumns {
				if _, err := migrator.DB().ExecContext(ctx, "ALTER TABLE "+table+
					` RENAME COLUMN tenant_id TO "`+column+`"`); err != nil {
					return err
				}
			}
			return nil
		}})
	return o
}

func newKinds(t *testing.T, multiTenant bool) postgres.Options {
	t.Helper()
	key := "columns-single"
	if multiTenant {
		key = "columns-multi"
	}
	url := pgtest.Template(t, key, func(url string) error {
		return postgres.Migrate(context.Background(), kindOptions(url, multiTenant))
	})
	return kindOptions(url, multiTenant)
}

func TestKindsWithOtherTenantColumnsFulfilTheContracts(t *testing.T) {
	t.Parallel()
	for name, multiTenant := range map[string]bool{"with tenancy": true, "without": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stores := fixture.NewStores(t,
				func(t *testing.T) postgres.Options { return newKinds(t, multiTenant) })
			portstest.TestResources(t, stores.Services)
			portstest.TestTransfers(t, stores.Services)
			portstest.TestTenants(t, stores.Services)
			portstest.TestVault(t, stores.Services)
		})
	}
}

func TestDoctorFindsNothingInKindsWithOtherTenantColumns(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []bool{true, false} {
		o := newKinds(t, multiTenant)
		db := fixture.Open(t, o)
		require.NoError(t, db.Ready(t.Context()))
		findings, err := postgres.Doctor(t.Context(), o)
		require.NoError(t, err)
		for _, f := range findings {
			require.Equal(t, "setting_track_activities", f.Code, "%+v", f)
		}
	}
}
