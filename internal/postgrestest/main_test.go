package postgrestest

import (
	"net/url"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"context"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// The model of portstest.Kinds in tables.

type makerRow struct {
	bun.BaseModel `bun:"table:makers"`

	Description string `bun:"description,type:text,notnull,default:''"`
}

type partRow struct {
	bun.BaseModel `bun:"table:parts"`

	Description string   `bun:"description,type:text,notnull,default:''"`
	Weight      *float64 `bun:"weight"`
}

type widgetRow struct {
	bun.BaseModel `bun:"table:widgets"`

	ID          uuid.UUID  `bun:"id,pk,type:uuid"`
	Name        string     `bun:"name"`
	Description string     `bun:"description,type:text,notnull,default:''"`
	Size        *int32     `bun:"size" minimum:"0" maximum:"1000000"`
	Color       *string    `bun:"color,type:text" enum:"red,green,blue"`
	Active      bool       `bun:"active,notnull,default:true"`
	Token       *string    `bun:"token,type:text"`
	ParentID    *uuid.UUID `bun:"parent_id,type:uuid"`
	MakerID     *uuid.UUID `bun:"maker_id,type:uuid"`
	SubjectM    *uuid.UUID `bun:"subject_maker_id,type:uuid"`
	SubjectP    *uuid.UUID `bun:"subject_part_id,type:uuid"`
}

type settingsRow struct {
	bun.BaseModel `bun:"table:settings"`

	Mode    *string    `bun:"mode,type:text" enum:"open,closed"`
	MakerID *uuid.UUID `bun:"maker_id,type:uuid"`
}

func tables() []postgres.Table {
	return []postgres.Table{
		{Model: (*makerRow)(nil), Kind: "maker"},
		{Model: (*partRow)(nil), Kind: "part"},
		{
			Model: (*widgetRow)(nil), Kind: "widget",
			References: []postgres.Reference{
				{Field: "parent", Kind: "widget", Column: "parent_id"},
				{Field: "maker", Kind: "maker", Column: "maker_id"},
				{Field: "parts", Kind: "part", Join: &postgres.Join{Table: "widget_parts",
					From: "widget_id", To: "part_id", Position: "position"}},
				{Field: "subject", Columns: map[string]string{"maker": "subject_maker_id",
					"part": "subject_part_id"}},
			},
			Secrets: []string{"token"},
		},
		{
			Model: (*settingsRow)(nil), Kind: "settings", Path: "settings", Singleton: "default",
			References: []postgres.Reference{{Field: "maker", Kind: "maker", Column: "maker_id"}},
		},
	}
}

const every = `
  id uuid NOT NULL DEFAULT gen_random_uuid(), labels jsonb NOT NULL DEFAULT '{}', spec jsonb NOT NULL DEFAULT '{}',
  version bigint NOT NULL DEFAULT 1, created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id), PRIMARY KEY (tenant_id, id)`

const schema = `
CREATE TABLE makers (name text NOT NULL, description text NOT NULL DEFAULT '', ` + every + `, UNIQUE (tenant_id, name));
CREATE TABLE parts (name text NOT NULL, description text NOT NULL DEFAULT '', weight double precision, ` + every + `, UNIQUE (tenant_id, name));
CREATE TABLE widgets (name text NOT NULL, description text NOT NULL DEFAULT '', size integer, color text, active boolean NOT NULL DEFAULT true,
  token text, parent_id uuid, maker_id uuid, subject_maker_id uuid, subject_part_id uuid, ` + every + `, UNIQUE (tenant_id, name),
  FOREIGN KEY (tenant_id, parent_id) REFERENCES widgets (tenant_id, id),
  FOREIGN KEY (tenant_id, maker_id) REFERENCES makers (tenant_id, id),
  FOREIGN KEY (tenant_id, subject_maker_id) REFERENCES makers (tenant_id, id),
  FOREIGN KEY (tenant_id, subject_part_id) REFERENCES parts (tenant_id, id));
CREATE TABLE widget_parts (widget_id uuid NOT NULL, part_id uuid NOT NULL, position integer NOT NULL,
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id), PRIMARY KEY (tenant_id, widget_id, part_id),
  FOREIGN KEY (tenant_id, widget_id) REFERENCES widgets (tenant_id, id), FOREIGN KEY (tenant_id, part_id) REFERENCES parts (tenant_id, id));
CREATE TABLE settings (mode text, maker_id uuid, ` + every + `, UNIQUE (tenant_id), FOREIGN KEY (tenant_id, maker_id) REFERENCES makers (tenant_id, id));
INSERT INTO settings (tenant_id) SELECT id FROM bailiwick.tenants;
`

func migrations() *migrate.Migrations {
	m := migrate.NewMigrations()
	m.Add(migrate.Migration{Name: "20261101000000", Comment: "test",
		Up: func(ctx context.Context, migrator *migrate.Migrator, _ *migrate.Migration) error {
			_, err := migrator.DB().ExecContext(ctx, schema)
			return err
		}})
	return m
}

func options(databaseURL string, multiTenant bool) postgres.Options {
	return postgres.Options{
		URL: databaseURL, MultiTenant: multiTenant, Tables: tables(), Migrations: migrations(),
		SecretsKey: make([]byte, 32), MaxConns: 25,
	}
}

// open gives a fresh database with the schema in place.
func open(t *testing.T, multiTenant bool) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), options(migrated(t, multiTenant), multiTenant))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

// migrated is the URL of a fresh database whose schema is in place.
func migrated(t testing.TB, multiTenant bool) string {
	t.Helper()
	key := "single"
	if multiTenant {
		key = "multi"
	}
	return pgtest.Template(t, key, func(databaseURL string) error {
		return postgres.Migrate(context.Background(), options(databaseURL, multiTenant))
	})
}

// as is the URL of another user.
func as(t testing.TB, databaseURL string, user *url.Userinfo) string {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	parsed.User = user
	return parsed.String()
}
