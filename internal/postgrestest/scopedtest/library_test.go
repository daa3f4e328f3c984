package scopedtest

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The models are a host's tables, with relations of every kind. Both tenants have rows with the
// same keys, which would be joined if the tenants weren't separated.

type author struct {
	bun.BaseModel `bun:"table:authors"`

	TenantID tenancy.ID `bun:"tenant_id,pk,type:uuid,nullzero"`
	ID       int64      `bun:"id,pk"`
	Name     string     `bun:"name"`
	Books    []*book    `bun:"rel:has-many,join:id=author_id"`
}

type bookTag struct {
	bun.BaseModel `bun:"table:book_tags"`

	BookID int64 `bun:"book_id,pk"`
	TagID  int64 `bun:"tag_id,pk"`
	Book   *book `bun:"rel:belongs-to,join:book_id=id"`
	Tag    *tag  `bun:"rel:belongs-to,join:tag_id=id"`
}

type tag struct {
	bun.BaseModel `bun:"table:tags"`

	ID   int64  `bun:"id,pk"`
	Name string `bun:"name"`
}

type book struct {
	bun.BaseModel `bun:"table:books,alias:b"`

	ID       int64      `bun:"id,pk"`
	TenantID tenancy.ID `bun:"tenant_id,type:uuid"` // neither nullzero nor a key
	AuthorID int64      `bun:"author_id"`
	Title    string     `bun:"title"`
	ISBN     string     `bun:"isbn"`
	Author   *author    `bun:"rel:belongs-to,join:author_id=id"`
	Tags     []tag      `bun:"m2m:book_tags,join:Book=Tag"`
}

type draft struct {
	bun.BaseModel `bun:"table:drafts"`

	ID        int64     `bun:"id,pk"`
	Text      string    `bun:"text"`
	DeletedAt time.Time `bun:"deleted_at,soft_delete,nullzero"`
}

const librarySchema = `
CREATE TABLE authors (tenant_id uuid NOT NULL, id bigint NOT NULL, name text NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE TABLE books (tenant_id uuid NOT NULL, id bigint NOT NULL, author_id bigint NOT NULL DEFAULT 1,
  title text NOT NULL, isbn text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id));
CREATE TABLE tags (tenant_id uuid NOT NULL, id bigint NOT NULL, name text NOT NULL,
  PRIMARY KEY (tenant_id, id));
CREATE TABLE book_tags (tenant_id uuid NOT NULL, book_id bigint NOT NULL, tag_id bigint NOT NULL,
  PRIMARY KEY (tenant_id, book_id, tag_id));
CREATE TABLE drafts (tenant_id uuid NOT NULL, id bigint NOT NULL, text text NOT NULL,
  deleted_at timestamptz, PRIMARY KEY (tenant_id, id));
`

// libraryRows inserts the rows of tenant $1, whose slug is $2. Only book 2 of the tenant other has
// a second tag.
const libraryRows = `
INSERT INTO authors SELECT $1::uuid, i, $2 || ' author ' || i FROM generate_series(1, 2) AS i;
INSERT INTO books SELECT $1::uuid, i, 1, $2 || ' book ' || i, $2 || '-' || i
  FROM generate_series(1, 3) AS i;
INSERT INTO tags SELECT $1::uuid, i, $2 || ' tag ' || i FROM generate_series(1, 2) AS i;
INSERT INTO book_tags SELECT $1::uuid, i, 1 FROM generate_series(1, 3) AS i;
INSERT INTO book_tags SELECT $1::uuid, 2, 2 WHERE $2 = 'other';
INSERT INTO drafts SELECT $1::uuid, i, $2 || ' draft ' || i, CASE WHEN i = 3 THEN now() END
  FROM generate_series(1, 3) AS i;
`

func libraryOptions(databaseURL string, multiTenant bool) postgres.Options {
	return postgres.Options{
		URL: databaseURL, MultiTenant: multiTenant, Migrations: fixture.Migrations(librarySchema), MaxConns: 4,
		Tables: []postgres.Table{
			{Model: (*bookTag)(nil)}, {Model: (*author)(nil)}, {Model: (*tag)(nil)},
			{Model: (*book)(nil)}, {Model: (*draft)(nil)},
		},
	}
}

// library is a database with two tenants and the tables of the models.
type library struct {
	db          *postgres.DB
	superuser   *sql.DB
	url         string
	acme, other tenancy.ID
}

const booksEach = 3

func newLibrary(t *testing.T, multiTenant bool) library {
	t.Helper()
	key := "library-single"
	if multiTenant {
		key = "library-multi"
	}
	url := pgtest.Template(t, key, func(databaseURL string) error {
		return postgres.Migrate(context.Background(), libraryOptions(databaseURL, multiTenant))
	})
	db := fixture.Open(t, libraryOptions(url, multiTenant))
	l := library{db: db, superuser: fixture.Superuser(t, url), url: url}
	l.acme, l.other = fixture.TenantsWithRows(t, l.db, l.superuser, libraryRows)
	// A unique key without the tenant, which no host should have.
	fixture.Exec(t, l.superuser, "CREATE UNIQUE INDEX books_isbn ON books (isbn)")
	return l
}

func (l library) in(t testing.TB, tenant tenancy.ID) context.Context {
	return tenancy.NewContext(t.Context(), tenant)
}

// rows returns all rows of a tenant as text.
func (l library) rows(t testing.TB, tenant tenancy.ID) string {
	t.Helper()
	var all string
	query := `SELECT string_agg(r, E'\n' ORDER BY r) FROM (
		SELECT a::text AS r, tenant_id FROM authors AS a
		UNION ALL SELECT b::text, tenant_id FROM books AS b
		UNION ALL SELECT g::text, tenant_id FROM tags AS g
		UNION ALL SELECT bt::text, tenant_id FROM book_tags AS bt
		UNION ALL SELECT d::text, tenant_id FROM drafts AS d
	) AS x WHERE tenant_id = '` + tenant.String() + `'`
	require.NoError(t, l.superuser.QueryRowContext(t.Context(), query).Scan(&all))
	return all
}
