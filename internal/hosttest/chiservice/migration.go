package chiservice

import (
	"context"
	"net/http"
	"strings"

	"github.com/uptrace/bun/migrate"
)

const schema = `
CREATE TABLE languages (code text PRIMARY KEY);
INSERT INTO languages VALUES ('de'), ('en');
CREATE TABLE authors (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(), name text NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name));
CREATE TABLE books (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(), title text NOT NULL,
  language text REFERENCES languages, sequel_of uuid, details jsonb NOT NULL DEFAULT '{}',
  deleted_at timestamptz, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, title),
  FOREIGN KEY (tenant_id, sequel_of) REFERENCES books (tenant_id, id));
CREATE TABLE book_authors (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  book_id uuid NOT NULL, author_id uuid NOT NULL, PRIMARY KEY (tenant_id, book_id, author_id),
  FOREIGN KEY (tenant_id, book_id) REFERENCES books (tenant_id, id),
  FOREIGN KEY (tenant_id, author_id) REFERENCES authors (tenant_id, id));
CREATE TABLE loans (tenant_id uuid NOT NULL REFERENCES bailiwick.tenants (id),
  id uuid NOT NULL DEFAULT gen_random_uuid(), book_id uuid NOT NULL, reader text NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, book_id) REFERENCES books (tenant_id, id));`

func migrations() *migrate.Migrations {
	own := migrate.NewMigrations()
	own.Add(migrate.Migration{Name: "20261101000000",
		Up: func(ctx context.Context, m *migrate.Migrator, _ *migrate.Migration) error {
			_, err := m.DB().ExecContext(ctx, schema)
			return err
		}})
	return own
}

func bearer(r *http.Request) string {
	return strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
}
