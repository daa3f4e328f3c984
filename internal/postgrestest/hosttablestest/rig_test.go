package hosttablestest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

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
	return postgres.Options{
		URL: databaseURL, MultiTenant: true, Tables: tables, Migrations: fixture.Migrations(schema),
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
	r.acme, r.other = fixture.CreateTenant(t, r.db, "acme"), fixture.CreateTenant(t, r.db, "other")
	return r
}

// newEmptyRig has no tenants.
func newEmptyRig(t *testing.T, schema string, tables ...postgres.Table) rig {
	t.Helper()
	r := rig{T: t, url: pgtest.Database(t)}
	r.db = fixture.Open(t, options(r.url, schema, tables...))
	return r
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
	return fixture.Export(r, r.db, tenant)
}

func (r rig) load(tenant tenancy.Tenant, bundle []byte, o promote.Options) promote.Counts {
	r.Helper()
	return fixture.Import(r, r.db, tenant, bundle, o)
}

func (r rig) requireLossless() {
	r.Helper()
	fixture.RequireLossless(r, r.db, r.acme, r.other)
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
