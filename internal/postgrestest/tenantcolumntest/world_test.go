package tenantcolumntest

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

// author has its tenant in org_id, book in "Account ID", the join table in the keyword order, and
// tag in tenant_id. A book's column tenant_id means something else.

type author struct {
	bun.BaseModel `bun:"table:authors"`

	OrgID tenancy.ID `bun:"org_id,pk,type:uuid,nullzero"`
	ID    int64      `bun:"id,pk"`
	Name  string     `bun:"name"`
	Books []*book    `bun:"rel:has-many,join:id=author_id"`
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

	ID        int64      `bun:"id,pk"`
	Account   tenancy.ID `bun:"Account ID,type:uuid"` // neither nullzero nor a key
	TenantID  string     `bun:"tenant_id"`
	AuthorID  int64      `bun:"author_id"`
	Title     string     `bun:"title"`
	DeletedAt time.Time  `bun:"deleted_at,soft_delete,nullzero"`
	Author    *author    `bun:"rel:belongs-to,join:author_id=id"`
	Tags      []tag      `bun:"m2m:book_tags,join:Book=Tag"`
}

const hostSchema = `
CREATE TABLE authors (org_id uuid NOT NULL, id bigint NOT NULL, name text NOT NULL, PRIMARY KEY (org_id, id));
CREATE TABLE books ("Account ID" uuid NOT NULL, id bigint NOT NULL, tenant_id text NOT NULL DEFAULT '',
  author_id bigint NOT NULL DEFAULT 1, title text NOT NULL, deleted_at timestamptz,
  PRIMARY KEY ("Account ID", id),
  FOREIGN KEY ("Account ID", author_id) REFERENCES authors (org_id, id));
CREATE TABLE tags (tenant_id uuid NOT NULL, id bigint NOT NULL, name text NOT NULL, PRIMARY KEY (tenant_id, id));
CREATE TABLE book_tags ("order" uuid NOT NULL, book_id bigint NOT NULL, tag_id bigint NOT NULL,
  PRIMARY KEY ("order", book_id, tag_id),
  FOREIGN KEY ("order", book_id) REFERENCES books ("Account ID", id),
  FOREIGN KEY ("order", tag_id) REFERENCES tags (tenant_id, id));
`

// hostRows inserts the rows of tenant $1, whose slug is $2. Both tenants have the same keys. Only
// book 2 of the tenant other has a second tag.
const hostRows = `
INSERT INTO authors SELECT $1::uuid, i, $2 || ' author ' || i FROM generate_series(1, 2) AS i;
INSERT INTO books ("Account ID", id, title) SELECT $1::uuid, i, $2 || ' book ' || i FROM generate_series(1, 3) AS i;
INSERT INTO tags SELECT $1::uuid, i, $2 || ' tag ' || i FROM generate_series(1, 2) AS i;
INSERT INTO book_tags SELECT $1::uuid, i, 1 FROM generate_series(1, 3) AS i;
INSERT INTO book_tags SELECT $1::uuid, 2, 2 WHERE $2 = 'other';
`

func options(url string, multiTenant bool) postgres.Options {
	return postgres.Options{
		URL: url, MultiTenant: multiTenant, Migrations: fixture.Migrations(hostSchema), MaxConns: 4,
		RolePrefix: fixture.RolePrefix,
		Tables: []postgres.Table{
			{Model: (*bookTag)(nil), TenantColumn: "order"},
			{Model: (*author)(nil), TenantColumn: "org_id"},
			{Model: (*tag)(nil)},
			{Model: (*book)(nil), TenantColumn: "Account ID"},
		},
	}
}

// world is a database with two tenants and the tables of the models.
type world struct {
	db          *postgres.DB
	superuser   *sql.DB
	options     postgres.Options
	acme, other tenancy.ID
}

const booksEach = 3

// newWorld makes a database. With tenancy off there is no row security: only the filter confines.
func newWorld(t *testing.T, multiTenant bool) world {
	t.Helper()
	key := "tenantcolumn-single"
	if multiTenant {
		key = "tenantcolumn-multi"
	}
	url := pgtest.Template(t, key, func(url string) error {
		return postgres.Migrate(context.Background(), options(url, multiTenant))
	})
	o := options(url, multiTenant)
	w := world{db: fixture.Open(t, o), superuser: fixture.Superuser(t, url), options: o}
	w.acme, w.other = fixture.TenantsWithRows(t, w.db, w.superuser, hostRows)
	return w
}

func (w world) in(t testing.TB, tenant tenancy.ID) context.Context {
	return tenancy.NewContext(t.Context(), tenant)
}

// rows returns all rows of a tenant as text.
func (w world) rows(t testing.TB, tenant tenancy.ID) []string {
	t.Helper()
	rows, err := fixture.Strings(w.superuser.QueryContext(t.Context(), `
		SELECT r FROM (
		SELECT 'authors ' || a::text AS r, org_id AS tenant FROM authors AS a
		UNION ALL SELECT 'books ' || b::text, "Account ID" FROM books AS b
		UNION ALL SELECT 'tags ' || g::text, tenant_id FROM tags AS g
		UNION ALL SELECT 'book_tags ' || bt::text, "order" FROM book_tags AS bt
		) AS x WHERE tenant = $1 ORDER BY 1`, tenant.String()))
	require.NoError(t, err)
	return rows
}
