package scopedtest

import (
	"context"
	"database/sql"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestInsertSetsTheTenant(t *testing.T) {
	t.Parallel()
	for name, multiTenant := range map[string]bool{"filter alone": false,
		"filter and policy": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLibrary(t, multiTenant)
			ctx := l.in(t, l.acme)
			s := l.db.Scoped(ctx)
			before := l.rows(t, l.other)
			nullzero := &author{ID: 10, Name: "acme"}
			inserts := map[string]bun.Query{
				"a model without tenant_id": s.NewInsert().Model(&tag{ID: 10, Name: "acme"}),
				"a nullzero tenant_id":      s.NewInsert().Model(nullzero),
				"a zero tenant_id": s.NewInsert().
					Model(&book{ID: 10, Title: "acme", AuthorID: 1, ISBN: "a"}),
				"the own tenant_id": s.NewInsert().
					Model(&book{ID: 11, Title: "acme", AuthorID: 1, ISBN: "b", TenantID: l.acme}),
				"in bulk": s.NewInsert().Model(&[]*book{
					{ID: 12, Title: "acme", AuthorID: 1, ISBN: "c"},
					{ID: 13, Title: "acme", AuthorID: 1, ISBN: "d", TenantID: l.acme},
				}),
				"a map": s.NewInsert().
					Model(&map[string]any{"id": 14, "name": "acme"}).Table("tags"),
				"a map with tenant_id": s.NewInsert().
					Model(&map[string]any{"id": 15, "name": "acme", "tenant_id": l.acme}).
					Table("tags"),
				"raw":        s.NewRaw("INSERT INTO tags (id, name) VALUES (16, 'acme')"),
				"do nothing": s.NewInsert().Model(&tag{ID: 17, Name: "acme"}).Ignore(),
				"do nothing of a key": s.NewInsert().Model(&tag{ID: 18, Name: "acme"}).
					On("CONFLICT (tenant_id, id) do nothing"),
				"upsert that inserts": s.NewInsert().Model(&tag{ID: 19, Name: "acme"}).
					On("CONFLICT (tenant_id, id) DO UPDATE"),
				"upsert that updates": s.NewInsert().Model(&tag{ID: 1, Name: "acme"}).
					On("CONFLICT (tenant_id, id) DO UPDATE").Where("tag.id > 0"),
				"upsert with a tenant": s.NewInsert().
					Model(&book{ID: 1, Title: "acme", AuthorID: 1, ISBN: "acme-1"}).
					On("CONFLICT (tenant_id, id) DO UPDATE"),
				"in a CTE": s.NewSelect().
					With("new", s.NewInsert().Model(&tag{ID: 20, Name: "acme"}).Ignore().
						Returning("id")).Table("new"),
				"rows of VALUES": s.NewInsert().With("data",
					s.NewValues(&[]book{{ID: 21, Title: "acme", AuthorID: 1, ISBN: "e"}})).
					Model((*book)(nil)).Column("id", "tenant_id", "title", "author_id", "isbn").
					TableExpr("data"),
			}
			for name, q := range inserts {
				_, err := q.(interface {
					Exec(ctx context.Context, dest ...any) (sql.Result, error)
				}).Exec(ctx)
				require.NoError(t, err, name)
			}
			require.Equal(t, l.acme, nullzero.TenantID,
				"bun reads the default that the database has set")
			n, err := s.NewRaw("SELECT FROM tags WHERE name = 'acme'" +
				" UNION ALL SELECT FROM authors WHERE name = 'acme'" +
				" UNION ALL SELECT FROM books WHERE title = 'acme'").Exec(ctx)
			require.NoError(t, err)
			requireAffected(t, len(inserts)+1, n)
			require.Equal(t, before, l.rows(t, l.other))
		})
	}
}

type tagOf[T any] struct {
	bun.BaseModel `bun:"table:tags,alias:t"`

	ID       int64  `bun:"id,pk"`
	Name     string `bun:"name"`
	TenantID T      `bun:"tenant_id,type:uuid"`
}

// A host chooses the type of its tenant_id field.
func TestTenantFieldMayBeUUIDPointerOrString(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	own, foreign := uuid.UUID(l.acme), uuid.UUID(l.other)
	for name, rows := range map[string]struct{ zero, own, foreign any }{
		"uuid": {&tagOf[uuid.UUID]{ID: 21}, &tagOf[uuid.UUID]{ID: 22, TenantID: own},
			&tagOf[uuid.UUID]{ID: 23, TenantID: foreign}},
		"pointer": {&tagOf[*uuid.UUID]{ID: 31}, &tagOf[*uuid.UUID]{ID: 32, TenantID: &own},
			&tagOf[*uuid.UUID]{ID: 33, TenantID: &foreign}},
		"string": {
			&tagOf[string]{ID: 41}, &tagOf[string]{ID: 42, TenantID: strings.ToUpper(own.String())},
			&tagOf[string]{ID: 43, TenantID: foreign.String()},
		},
	} {
		for _, row := range []any{rows.zero, rows.own} {
			require.NoError(t, errorOf(s.NewInsert().Model(row).Exec(ctx)), name)
			result, err := s.NewUpdate().Model(row).WherePK().Exec(ctx)
			require.NoError(t, err, name)
			requireAffected(t, 1, result)
		}
		for _, err := range []error{
			errorOf(s.NewInsert().Model(rows.foreign).Exec(ctx)),
			errorOf(s.NewUpdate().Model(rows.foreign).WherePK().Exec(ctx)),
		} {
			require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), "%s: %v", name, err)
		}
	}
	require.Equal(t, 1, strings.Count(l.rows(t, l.other), "tag 1"))
	n, err := s.NewSelect().Table("tags").Where("id > 20").Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 6, n)
}

// A unique key without the tenant conflicts with rows of other tenants. DO UPDATE must not change
// them, and DO NOTHING silently drops the new row.
func TestUpsertDoesNotChangeAnotherTenantsRow(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	before := l.rows(t, l.other)
	foreign := func() *bun.InsertQuery {
		return s.NewInsert().Model(&book{ID: 9, Title: "taken", AuthorID: 1, ISBN: "other-1"})
	}
	for name, q := range map[string]*bun.InsertQuery{
		"of all columns": foreign().On("CONFLICT (isbn) DO UPDATE"),
		"with a Set":     foreign().On("CONFLICT (isbn) DO UPDATE").Set("title = EXCLUDED.title"),
		"with a Where": foreign().On("CONFLICT (isbn) DO UPDATE").Set("title = EXCLUDED.title").
			Where("TRUE"),
		"do nothing": foreign().Ignore(),
	} {
		result, err := q.Exec(ctx)
		require.NoError(t, err, name)
		requireAffected(t, 0, result)
	}
	_, err := foreign().Exec(ctx)
	require.ErrorContains(t, err, "books_isbn")
	require.Equal(t, before, l.rows(t, l.other))
}

// A write that names another tenant is an error before the statement is sent.
func TestWriteThatNamesAnotherTenantIsRefused(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	before := l.rows(t, l.acme) + l.rows(t, l.other)
	foreign := &book{ID: 9, Title: "planted", AuthorID: 1, ISBN: "x", TenantID: l.other}
	set := func() *bun.UpdateQuery { return s.NewUpdate().Model((*book)(nil)).Where("id = 1") }
	for name, err := range map[string]error{
		"insert": errorOf(s.NewInsert().Model(foreign).Exec(ctx)),
		"insert of a key": errorOf(s.NewInsert().
			Model(&author{ID: 9, Name: "x", TenantID: l.other}).Exec(ctx)),
		"insert in bulk": errorOf(s.NewInsert().Model(&[]*book{{ID: 8, ISBN: "y"}, foreign}).
			Exec(ctx)),
		"insert of a map": errorOf(s.NewInsert().
			Model(&map[string]any{"id": 9, "name": "x", "tenant_id": l.other}).Table("tags").
			Exec(ctx)),
		"insert by Value": errorOf(s.NewInsert().Model(&book{ID: 9}).
			Value("tenant_id", "?", l.other).Exec(ctx)),
		"insert by new Value": errorOf(s.NewInsert().Model(&tag{ID: 9}).
			Value("tenant_id", "?", l.other).Exec(ctx)),
		"insert in a CTE": s.NewSelect().With("new",
			s.NewInsert().Model(foreign).Returning("id")).Table("new").Scan(ctx, new(int)),
		"insert of VALUES": errorOf(s.NewInsert().With("data", s.NewValues(&[]book{*foreign})).
			Model((*book)(nil)).TableExpr("data").Exec(ctx)),
		"upsert": errorOf(s.NewInsert().Model(foreign).On("CONFLICT (isbn) DO UPDATE").
			Exec(ctx)),
		"upsert by Set": errorOf(s.NewInsert().Model(&book{ID: 1, ISBN: "acme-1"}).
			On("CONFLICT (isbn) DO UPDATE").Set("tenant_id = ?", l.other).Exec(ctx)),
		"update": errorOf(s.NewUpdate().Model(foreign).WherePK().Exec(ctx)),
		"update of a column": errorOf(s.NewUpdate().Model(foreign).Column("title").WherePK().
			Exec(ctx)),
		"update of a key": errorOf(s.NewUpdate().
			Model(&author{ID: 1, Name: "x", TenantID: l.other}).WherePK().Exec(ctx)),
		"update in bulk": errorOf(s.NewUpdate().Model(&[]*book{{ID: 1}, foreign}).Bulk().
			Exec(ctx)),
		"update of a map": errorOf(s.NewUpdate().Model(&map[string]any{"tenant_id": l.other}).
			Table("books").Where("id = 1").Exec(ctx)),
		"Set":         errorOf(set().Set("tenant_id = ?", l.other).Exec(ctx)),
		"Set, quoted": errorOf(set().Set(`title = 'x', "tenant_id" = ?`, l.other).Exec(ctx)),
		"Set of a row": errorOf(set().Set("(title, Tenant_ID) = ('x', ?)", l.other).
			Exec(ctx)),
		"Set of an argument": errorOf(set().Set("? = ?", bun.Ident("tenant_id"), l.other).
			Exec(ctx)),
		"SetColumn": errorOf(set().SetColumn("tenant_id", "?", l.other).Exec(ctx)),
		"Value": errorOf(s.NewUpdate().Model(&tag{ID: 1}).
			Value("tenant_id", "?", l.other).WherePK().Exec(ctx)),
		"Value of a field": errorOf(s.NewUpdate().Model(&book{ID: 1}).
			Value("tenant_id", "?", l.other).WherePK().Exec(ctx)),
		"Set in a CTE": s.NewSelect().With("moved", set().Set("tenant_id = ?", l.other).
			Returning("id")).Table("moved").Scan(ctx, new(int)),
		"delete by key": errorOf(s.NewDelete().Model(&author{ID: 1, TenantID: l.other}).WherePK().
			Exec(ctx)),
	} {
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), "%s: %v", name, err)
	}
	require.Equal(t, before, l.rows(t, l.acme)+l.rows(t, l.other))
}

// An UPDATE doesn't set tenant_id, whatever the model has in it.
func TestUpdateDoesNotChangeTheTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	for name, q := range map[string]*bun.UpdateQuery{
		"zero": s.NewUpdate().
			Model(&book{ID: 1, Title: "new", AuthorID: 1, ISBN: "n1"}).WherePK(),
		"own": s.NewUpdate().
			Model(&book{ID: 1, Title: "new", AuthorID: 1, ISBN: "n1", TenantID: l.acme}).WherePK(),
		"bulk": s.NewUpdate().
			Model(&[]*book{{ID: 1, Title: "new", AuthorID: 1, ISBN: "n1"}}).Bulk(),
		"a value of that name": s.NewUpdate().Model((*book)(nil)).Set("title = ?", "tenant_id").
			Where("id = 1"),
		"read in a sub-query": s.NewUpdate().Model((*book)(nil)).
			Set("title = (SELECT name FROM authors AS a WHERE a.tenant_id = b.tenant_id" +
				" AND a.id = 1)").Where("id = 1"),
	} {
		result, err := q.Exec(ctx)
		require.NoError(t, err, name)
		requireAffected(t, 1, result)
	}
	n, err := s.NewSelect().Model((*book)(nil)).Where("title = 'acme author 1'").
		WhereOr("title = 'new'").WhereOr("title = 'tenant_id'").Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	_, err = s.NewUpdate().Model(&book{ID: 1, Title: "new"}).WherePK().Where("false").Exec(ctx)
	require.NoError(t, err)
}
