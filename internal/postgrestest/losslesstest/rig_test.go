package losslesstest

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
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
	return postgres.Options{
		URL: databaseURL, MultiTenant: true, Tables: tables, Migrations: fixture.Migrations(schema),
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
	r.acme, r.other = fixture.CreateTenant(t, r.db, "acme"), fixture.CreateTenant(t, r.db, "other")
	return r
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
	return fixture.Export(r, r.db, tenant)
}

func (r rig) requireLossless() {
	r.Helper()
	fixture.RequireLossless(r, r.db, r.acme, r.other)
}

func (r rig) in(tenant tenancy.Tenant) context.Context {
	return tenancy.NewContext(r.Context(), tenant.ID)
}

func ref(kind, name string) federation.Ref { return federation.Ref{Kind: kind, Name: name} }
