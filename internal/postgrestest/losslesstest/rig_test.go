package losslesstest

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// kindColumns are the columns that the table of every kind has.
const kindColumns = `name text NOT NULL,
  id uuid NOT NULL DEFAULT gen_random_uuid(), tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  labels jsonb NOT NULL DEFAULT '{}', spec jsonb NOT NULL DEFAULT '{}', version integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name)`

// options are those of a new database in which the SQL is a migration.
func options(databaseURL, schema string, tables ...postgres.Table) postgres.Options {
	m := migrate.NewMigrations()
	m.Add(migrate.Migration{Name: "20261101000000", Comment: "test",
		Up: func(ctx context.Context, migrator *migrate.Migrator, _ *migrate.Migration) error {
			_, err := migrator.DB().ExecContext(ctx, schema)
			return err
		}})
	return postgres.Options{
		URL: databaseURL, MultiTenant: true, Tables: tables, Migrations: m,
		SecretsKey: make([]byte, 32),
	}
}

// rig is an open database with two tenants.
type rig struct {
	*testing.T
	db          *postgres.DB
	acme, other tenancy.Tenant
}

func newRig(t *testing.T, schema string, tables ...postgres.Table) rig {
	t.Helper()
	return openRig(t, options(pgtest.Database(t), schema, tables...))
}

func openRig(t *testing.T, o postgres.Options) rig {
	t.Helper()
	r := rig{T: t, db: fixture.Open(t, o)}
	r.acme, r.other = r.tenant("acme"), r.tenant("other")
	return r
}

func (r rig) tenant(slug tenancy.Slug) tenancy.Tenant {
	r.Helper()
	created, err := r.db.Tenants().Create(r.Context(),
		tenancy.NewTenant(tenancy.NewID(), slug, string(slug)))
	require.NoError(r, err)
	return created
}

func (r rig) put(
	tenant tenancy.Tenant, kind, name, spec string,
) (federation.Resource, error) {
	item := federation.Item{Ref: federation.Ref{Kind: kind, Name: name},
		Spec: json.RawMessage(spec)}
	stored, _, err := r.db.Services().Resources.Put(r.Context(), tenant.ID, item,
		ports.Condition{})
	return stored, err
}

func (r rig) export(tenant tenancy.Tenant) []byte {
	r.Helper()
	exported, err := promote.New(r.db.Services()).Export(r.Context(), tenant, ports.Selection{})
	require.NoError(r, err)
	defer exported.Close()
	var b bytes.Buffer
	_, err = exported.WriteTo(&b)
	require.NoError(r, err)
	return b.Bytes()
}

func (r rig) load(tenant tenancy.Tenant, bundle []byte) promote.Counts {
	r.Helper()
	report, err := promote.New(r.db.Services()).Import(r.Context(), tenant.ID,
		bytes.NewReader(bundle), promote.Options{})
	require.NoError(r, err)
	defer report.Close()
	return report.Counts
}

// requireLossless requires that acme's export can be imported elsewhere and here, and that the
// export of the import has the same items.
func (r rig) requireLossless() {
	r.Helper()
	first := r.export(r.acme)
	r.load(r.other, first)
	require.Equal(r, itemsOf(r.T, first), itemsOf(r.T, r.export(r.other)))
	counts := r.load(r.acme, first)
	require.Zero(r, counts.Update+counts.Create+counts.Fail, "%+v", counts)
}

func itemsOf(t *testing.T, bundle []byte) string {
	t.Helper()
	var b struct{ Items json.RawMessage }
	require.NoError(t, json.Unmarshal(bundle, &b))
	return string(b.Items)
}

func (r rig) in(tenant tenancy.Tenant) context.Context {
	return tenancy.NewContext(r.Context(), tenant.ID)
}

func ref(kind, name string) federation.Ref { return federation.Ref{Kind: kind, Name: name} }
