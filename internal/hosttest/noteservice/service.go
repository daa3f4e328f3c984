// Package noteservice is the smallest service that has tenants, without what reads and writes its
// rows: the packages next to it differ in that alone.
package noteservice

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// noteTable declares the table to the library. The service itself doesn't use bun.
type noteTable struct {
	bun.BaseModel `bun:"table:notes"`

	Title string `bun:"title,type:text,notnull"`
}

const schema = `CREATE TABLE notes (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  title text NOT NULL, PRIMARY KEY (tenant_id, title))`

// Store reads and writes the notes of the tenant in ctx.
type Store interface {
	List(ctx context.Context) (titles []string, err error)
	Add(ctx context.Context, title string) error
}

// Connect connects a store to the database. The test calls close at its end.
type Connect func(ctx context.Context, db *postgres.DB) (s Store, close func(), err error)

func open(ctx context.Context, url string) (*postgres.DB, error) {
	own := migrate.NewMigrations()
	own.Add(migrate.Migration{Name: "20261101000000",
		Up: func(ctx context.Context, m *migrate.Migrator, _ *migrate.Migration) error {
			_, err := m.DB().ExecContext(ctx, schema)
			return err
		}})
	return postgres.Open(ctx, postgres.Options{URL: url, MultiTenant: true, Migrations: own,
		Tables: []postgres.Table{{Model: (*noteTable)(nil)}}})
}

func newHandler(db *postgres.DB, notes Store) http.Handler {
	api := httpapi.New(db.Services(), httpapi.Options{MultiTenant: true})
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", api)
	mux.Handle("GET /notes", api.Protect(tenancy.ResourceRead, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			titles, err := notes.List(r.Context())
			if err != nil {
				http.Error(w, "the notes can't be read", http.StatusInternalServerError)
				return
			}
			_ = json.NewEncoder(w).Encode(titles)
		})))
	mux.Handle("POST /notes", api.Protect(tenancy.ResourceWrite, http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			var sent struct{ Title string }
			if json.NewDecoder(r.Body).Decode(&sent) != nil ||
				notes.Add(r.Context(), sent.Title) != nil {
				http.Error(w, "the note can't be added", http.StatusConflict)
			}
		})))
	return mux
}
