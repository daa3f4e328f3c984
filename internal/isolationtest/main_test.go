package isolationtest_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// A small host: folders, notes that are in one folder and linked to others, and visits, a table
// that isn't declared to the library.

type folderRow struct {
	bun.BaseModel `bun:"table:folders"`

	Description string `bun:"description,type:text,notnull,default:''"`
}

type noteRow struct {
	bun.BaseModel `bun:"table:notes"`

	Title    string     `bun:"title"`
	Text     string     `bun:"text,type:text,notnull,default:''"`
	State    string     `bun:"state,type:text,notnull" enum:"draft,done"`
	Secret   *string    `bun:"secret,type:text"`
	FolderID *uuid.UUID `bun:"folder_id,type:uuid"`
	ParentID *uuid.UUID `bun:"parent_id,type:uuid"`
}

func tables() []postgres.Table {
	return []postgres.Table{
		{Model: (*folderRow)(nil), Kind: "folder"},
		{Model: (*noteRow)(nil), Kind: "note", Name: "title", Secrets: []string{"secret"},
			References: []postgres.Reference{
				{Field: "folder", Kind: "folder", Column: "folder_id"},
				{Field: "parent", Kind: "note", Column: "parent_id"},
				{Field: "shelves", Kind: "folder", Join: &postgres.Join{Table: "note_shelves",
					From: "note_id", To: "folder_id", Position: "position"}},
			}},
	}
}

const itemColumns = `
  id uuid NOT NULL DEFAULT gen_random_uuid(), labels jsonb NOT NULL DEFAULT '{}',
  spec jsonb NOT NULL DEFAULT '{}', version bigint NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
  tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id), PRIMARY KEY (tenant_id, id)`

const schema = `
CREATE TABLE folders (name text NOT NULL, description text NOT NULL DEFAULT '', ` + itemColumns + `,
  CONSTRAINT folders_name UNIQUE (tenant_id, name));
CREATE TABLE notes (title text NOT NULL, text text NOT NULL DEFAULT '',
  state text NOT NULL CHECK (state IN ('draft', 'done')), secret text,
  folder_id uuid, parent_id uuid, ` + itemColumns + `,
  CONSTRAINT notes_title UNIQUE (tenant_id, title),
  CONSTRAINT notes_folder FOREIGN KEY (tenant_id, folder_id) REFERENCES folders (tenant_id, id),
  CONSTRAINT notes_parent FOREIGN KEY (tenant_id, parent_id) REFERENCES notes (tenant_id, id));
CREATE TABLE note_shelves (note_id uuid NOT NULL, folder_id uuid NOT NULL,
  position integer NOT NULL, tenant_id uuid NOT NULL, PRIMARY KEY (tenant_id, note_id, folder_id),
  FOREIGN KEY (tenant_id, note_id) REFERENCES notes (tenant_id, id),
  FOREIGN KEY (tenant_id, folder_id) REFERENCES folders (tenant_id, id));
`

// visits is a table that the host itself secures, with the policy of the other tables. The proof
// generates its rows from the catalog.
const visits = `
CREATE TYPE device AS ENUM ('phone', 'desk');
CREATE TABLE visits (id serial, note_id uuid NOT NULL,
  page varchar(40) NOT NULL CHECK (page IN ('front', 'back')), device device NOT NULL,
  code text NOT NULL, visitor inet, seen timestamptz NOT NULL, data bytea NOT NULL,
  words text[] NOT NULL, cost numeric NOT NULL, extra jsonb, next_id integer,
  tenant_id uuid NOT NULL DEFAULT bailiwick.current_tenant(),
  PRIMARY KEY (tenant_id, id), CONSTRAINT visits_code UNIQUE (tenant_id, code),
  FOREIGN KEY (tenant_id, note_id) REFERENCES notes (tenant_id, id),
  FOREIGN KEY (tenant_id, next_id) REFERENCES visits (tenant_id, id),
  CHECK (num_nonnulls(visitor, extra) <= 1));
ALTER TABLE visits OWNER TO bailiwick_owner;
ALTER TABLE visits ENABLE ROW LEVEL SECURITY;
ALTER TABLE visits FORCE ROW LEVEL SECURITY;
DO $$ BEGIN
  EXECUTE (SELECT format('CREATE POLICY bailiwick_tenant ON visits USING (%s) WITH CHECK (%s)',
      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy WHERE polrelid = 'notes'::regclass AND polname = 'bailiwick_tenant');
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON visits TO bailiwick_app;
GRANT USAGE ON SEQUENCE visits_id_seq TO bailiwick_app;
CREATE VIEW drafts AS SELECT title, tenant_id FROM notes WHERE state = 'draft';
`

func options(url string) postgres.Options {
	return postgres.Options{
		URL: url, MultiTenant: true, Tables: tables(), Migrations: fixture.Migrations(schema),
		SecretsKey: make([]byte, 32), RolePrefix: "bailiwick", // the tests name the roles
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	}
}

// open opens a new database and then applies change, which the library's checks don't see.
func open(t *testing.T, change string) *postgres.DB {
	t.Helper()
	db, _ := openURL(t, change)
	return db
}

// openURL is open, and also returns the superuser's URL.
func openURL(t *testing.T, change string) (*postgres.DB, string) {
	t.Helper()
	url := pgtest.Template(t, "host", func(url string) error {
		if err := postgres.Migrate(context.Background(), options(url)); err != nil {
			return err
		}
		return exec(context.Background(), url, visits)
	})
	db, err := postgres.Open(t.Context(), options(url))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	if change != "" {
		require.NoError(t, exec(t.Context(), url, change))
	}
	return db, url
}

// exec runs a statement as the superuser.
func exec(ctx context.Context, url, statement string) error {
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url)))
	defer db.Close()
	_, err := db.ExecContext(ctx, statement)
	return err
}

// handler returns the library's handler.
func handler(db *postgres.DB) *httpapi.API {
	services := db.Services()
	return httpapi.New(services, httpapi.Options{
		MultiTenant: true, Resolver: resolve.New(services.Tenants, resolve.Options{}),
		Logger:    slog.New(slog.NewTextHandler(io.Discard, nil)),
		Discovery: []httpapi.Discovery{{Kind: "note", Member: "notes", Fields: []string{"text"}}},
	})
}

// reader returns the handler with a document of two routes only, for tests of other attacks.
func reader(db *postgres.DB) http.Handler {
	return document(handler(db), func(paths map[string]any) {
		maps.DeleteFunc(paths, func(path string, _ any) bool {
			return path != "/api/v1/notes" &&
				path != "/api/v1/folders"
		})
		for _, path := range paths {
			maps.DeleteFunc(path.(map[string]any),
				func(method string, _ any) bool { return method != "get" })
		}
	})
}

// document changes the routes of the handler's document.
func document(next http.Handler, change func(paths map[string]any)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/v1/openapi.json" {
			next.ServeHTTP(w, r)
			return
		}
		recorded := httptest.NewRecorder()
		next.ServeHTTP(recorded, r)
		var written map[string]any
		_ = json.Unmarshal(recorded.Body.Bytes(), &written)
		change(written["paths"].(map[string]any))
		_ = json.NewEncoder(w).Encode(written)
	})
}
