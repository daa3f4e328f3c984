package tenantcolumntest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type document struct {
	bun.BaseModel `bun:"table:documents"`

	FolderID string `bun:"folder_id,type:uuid"`
	Shelf    string `bun:"shelf_id,type:uuid"`
}

const lookupSchema = `
CREATE TABLE folders (org_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL, PRIMARY KEY (org_id, id), UNIQUE (org_id, name));
CREATE TABLE shelves ("of" uuid NOT NULL REFERENCES bailiwick.tenants (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  name text NOT NULL, PRIMARY KEY ("of", id), UNIQUE ("of", name));
CREATE TABLE documents (org_id uuid NOT NULL REFERENCES bailiwick.tenants (id), id uuid NOT NULL, name text NOT NULL,
  folder_id uuid, shelf_id uuid, labels jsonb NOT NULL DEFAULT '{}', spec jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (org_id, id), UNIQUE (org_id, name),
  FOREIGN KEY (org_id, folder_id) REFERENCES folders (org_id, id),
  FOREIGN KEY (org_id, shelf_id) REFERENCES shelves ("of", id));
CREATE TABLE related (org_id uuid NOT NULL REFERENCES bailiwick.tenants (id), a uuid NOT NULL, b uuid NOT NULL,
  PRIMARY KEY (org_id, a, b), FOREIGN KEY (org_id, a) REFERENCES documents (org_id, id),
  FOREIGN KEY (org_id, b) REFERENCES documents (org_id, id));
`

// The join table and one lookup table have the column of the table that refers to them, the other
// lookup table has a column of another name.
func TestLookupAndJoinTablesHaveTheColumnOfTheReferringTable(t *testing.T) {
	t.Parallel()
	o := postgres.Options{
		URL: pgtest.Database(t), MultiTenant: true, Migrations: fixture.Migrations(lookupSchema), MaxConns: 4,
		RolePrefix: fixture.RolePrefix,
		Tables: []postgres.Table{{
			Model: (*document)(nil), Kind: "document", TenantColumn: "org_id",
			References: []postgres.Reference{
				{Field: "folder", Column: "folder_id", Lookup: &postgres.Lookup{Table: "folders"}},
				{Field: "shelf", Column: "shelf_id",
					Lookup: &postgres.Lookup{Table: "shelves", TenantColumn: "of"}},
				{Field: "related", Kind: "document", Cyclic: true,
					Join: &postgres.Join{Table: "related", From: "a", To: "b"}},
			},
		}},
	}
	db := fixture.Open(t, o)
	require.Empty(t, examine(t, o))
	acme, other := tenancy.NewID(), tenancy.NewID()
	for id, slug := range map[tenancy.ID]tenancy.Slug{acme: "acme", other: "other"} {
		_, err := db.Tenants().Create(t.Context(), tenancy.NewTenant(id, slug, string(slug)))
		require.NoError(t, err)
		spec := map[string]any{"folder": "inbox", "shelf": string(slug), "related": []string{}}
		require.NoError(t, put(t, db, id, "document", "a", spec))
		spec["related"] = []string{"a"}
		require.NoError(t, put(t, db, id, "document", "b", spec))
	}
	list, err := db.Services().Resources.List(t.Context(), acme,
		ports.ResourceQuery{Kind: "document", Limit: 9})
	require.NoError(t, err)
	require.Len(t, list, 2)
	require.JSONEq(t, `{"folder": "inbox", "shelf": "acme", "related": ["a"]}`, string(list[1].Spec))
	lookups, err := fixture.Strings(fixture.Superuser(t, o.URL).QueryContext(t.Context(),
		`SELECT name FROM shelves WHERE "of" = $1 UNION ALL SELECT name FROM folders WHERE org_id = $1`,
		acme.String()))
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"acme", "inbox"}, lookups)
	require.Empty(t, examine(t, o))
}
