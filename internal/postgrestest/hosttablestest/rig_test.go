package hosttablestest

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

const (
	tenantColumn = `tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id)`
	timeColumns  = `created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()`
	itemColumns = `labels jsonb NOT NULL DEFAULT '{}', spec jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1, ` + timeColumns
)

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
	url         string
	db          *postgres.DB
	acme, other tenancy.Tenant
}

func newRig(t *testing.T, schema string, tables ...postgres.Table) rig {
	t.Helper()
	r := newEmptyRig(t, schema, tables...)
	r.acme, r.other = r.tenant("acme"), r.tenant("other")
	return r
}

// newEmptyRig has no tenants.
func newEmptyRig(t *testing.T, schema string, tables ...postgres.Table) rig {
	t.Helper()
	r := rig{T: t, url: pgtest.Database(t)}
	r.db = fixture.Open(t, options(r.url, schema, tables...))
	return r
}

func (r rig) tenant(slug tenancy.Slug) tenancy.Tenant {
	r.Helper()
	created, err := r.db.Tenants().Create(r.Context(),
		tenancy.NewTenant(tenancy.NewID(), slug, string(slug)))
	require.NoError(r, err)
	return created
}

func (r rig) tryPut(item federation.Item, cond ports.Condition) (federation.Resource, bool, error) {
	return r.db.Services().Resources.Put(r.Context(), r.acme.ID, item, cond)
}

func item(kind, name, spec string) federation.Item {
	return federation.Item{Ref: ref(kind, name), Spec: json.RawMessage(spec)}
}

func ref(kind, name string) federation.Ref { return federation.Ref{Kind: kind, Name: name} }

// put puts an item of acme, which must succeed.
func (r rig) put(kind, name, spec string) federation.Resource {
	r.Helper()
	stored, _, err := r.tryPut(item(kind, name, spec), ports.Condition{})
	require.NoError(r, err)
	return stored
}

func (r rig) get(kind, name string) (federation.Resource, error) {
	return r.db.Services().Resources.Get(r.Context(), r.acme.ID, ref(kind, name))
}

func (r rig) delete(kind, name string) error {
	return r.db.Services().Resources.Delete(r.Context(), r.acme.ID, ref(kind, name),
		ports.Condition{})
}

// names lists acme's items.
func (r rig) names(q ports.ResourceQuery) (names []string) {
	r.Helper()
	q.Limit = 100
	found, err := r.db.Services().Resources.List(r.Context(), r.acme.ID, q)
	require.NoError(r, err)
	for _, f := range found {
		names = append(names, f.Name)
	}
	return names
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

func (r rig) load(tenant tenancy.Tenant, bundle []byte, o promote.Options) promote.Counts {
	r.Helper()
	report, err := promote.New(r.db.Services()).Import(r.Context(), tenant.ID,
		bytes.NewReader(bundle), o)
	require.NoError(r, err)
	defer report.Close()
	return report.Counts
}

// requireLossless requires that acme's export can be imported elsewhere and here, and that the
// export of the import has the same items.
func (r rig) requireLossless() {
	r.Helper()
	first := r.export(r.acme)
	r.load(r.other, first, promote.Options{})
	require.Equal(r, itemsOf(r.T, first), itemsOf(r.T, r.export(r.other)))
	counts := r.load(r.acme, first, promote.Options{})
	require.Zero(r, counts.Update+counts.Create+counts.Fail, "%+v", counts)
}

func itemsOf(t *testing.T, bundle []byte) string {
	t.Helper()
	var b struct{ Items json.RawMessage }
	require.NoError(t, json.Unmarshal(bundle, &b))
	return string(b.Items)
}

// exec runs a statement of the host for acme.
func (r rig) exec(statement string) {
	r.Helper()
	ctx := tenancy.NewContext(r.Context(), r.acme.ID)
	_, err := r.db.Scoped(ctx).NewRaw(statement).Exec(ctx)
	require.NoError(r, err)
}

func requireCode(t *testing.T, want tenancy.Code, err error) {
	t.Helper()
	require.Equal(t, want, tenancy.CodeOf(err), "%v", err)
}

func specOf(t *testing.T, r federation.Resource) (spec map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal(r.Spec, &spec))
	return spec
}
