// Embed makes a notes service multi-tenant. The service has its own table and
// its own route; the library adds an API for tenants, keys, export and import, and admin pages.
//
//	DATABASE_URL=postgres://… ADMIN_TOKEN=… go run ./examples/embed
package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"log"
	"net/http"
	"os"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/adminui"
	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// note is the model of the table notes: its own columns, without those of every owned table.
type note struct {
	bun.BaseModel `bun:"table:notes"`

	Title string `bun:"title" json:"title"`
	Text  string `bun:"text,type:text,notnull,default:''" json:"text"`
}

// createTable creates the table with the columns that the library requires. Every key starts
// with tenant_id, so that two tenants can have notes of the same title.
const createTable = `CREATE TABLE notes (
	tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id), id uuid NOT NULL,
	title text NOT NULL, text text NOT NULL DEFAULT '', labels jsonb NOT NULL DEFAULT '{}',
	created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, title))`

// open connects, creates the table and enables row security on it.
func open(ctx context.Context, databaseURL string) (*postgres.DB, error) {
	migrations := migrate.NewMigrations()
	migrations.Add(migrate.Migration{Name: "20261101000000",
		Up: func(ctx context.Context, m *migrate.Migrator, _ *migrate.Migration) error {
			_, err := m.DB().ExecContext(ctx, createTable)
			return err
		}})
	return postgres.Open(ctx, postgres.Options{
		URL: databaseURL, MultiTenant: true, Migrations: migrations,
		Tables: []postgres.Table{{Model: (*note)(nil), Kind: "note", Name: "title"}},
	})
}

// newHandler serves the service's own route and the library's routes.
func newHandler(db *postgres.DB, adminToken string) http.Handler {
	api := httpapi.New(db.Services(), httpapi.Options{
		MultiTenant: true, PlatformTokenHash: sha256.Sum256([]byte(adminToken)),
		Resolver: resolve.New(db.Tenants(), resolve.Options{BaseDomain: "notes.example.com"}),
	})
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	pages := adminui.New(api, db.Services().Kinds, adminui.Options{MultiTenant: true})
	mux.Handle("/admin/", pages) // and /invitations/accept, if people are invited
	// Protect authenticates the caller, finds the tenant and checks the caller's role in it.
	mux.Handle("GET /notes", api.Protect(tenancy.ResourceRead,
		http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var notes []note
			// Reads one tenant's notes; without a tenant in the context it fails.
			query := db.Scoped(r.Context()).NewSelect().Model(&notes).Order("title")
			if err := query.Scan(r.Context()); err != nil {
				http.Error(w, "the notes can't be read", http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(notes)
		})))
	return mux
}

func main() {
	if len(os.Getenv("ADMIN_TOKEN")) < 32 {
		log.Fatal("set ADMIN_TOKEN to 32 characters or more: openssl rand -hex 32")
	}
	db, err := open(context.Background(), os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	log.Fatal(http.ListenAndServe("127.0.0.1:8081", newHandler(db, os.Getenv("ADMIN_TOKEN"))))
}
