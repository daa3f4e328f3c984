package tenantcolumntest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func errorOf(_ sql.Result, err error) error { return err }

func affected(t *testing.T, r sql.Result, err error) int64 {
	t.Helper()
	require.NoError(t, err)
	n, err := r.RowsAffected()
	require.NoError(t, err)
	return n
}

// eachMode runs a test with tenancy on and off.
func eachMode(t *testing.T, test func(t *testing.T, w world)) {
	t.Parallel()
	for name, multiTenant := range map[string]bool{"with tenancy": true, "filter alone": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, multiTenant))
		})
	}
}

func TestScopedReadsOnlyTheTenantsRows(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)
		var books []book
		n, err := s.NewSelect().Model(&books).Where("b.id = 1").WhereOr("b.id > 1").Order("b.id").
			ScanAndCount(ctx)
		require.NoError(t, err)
		require.EqualValues(t, booksEach, n)
		for _, b := range books {
			require.Equal(t, w.acme, b.Account)
		}
		for table, want := range map[string]int{"authors": 2, "books": 3, "public.books AS x": 3,
			`"public"."authors"`: 2, "book_tags": 3, "tags": 2} {
			n, err := s.NewSelect().TableExpr(table).Count(ctx)
			require.NoError(t, err, table)
			require.EqualValues(t, want, n, table)
		}
		var titles []string
		require.NoError(t, s.NewSelect().With("own", s.NewSelect().Model((*author)(nil))).
			TableExpr("own").TableExpr("books AS b").ColumnExpr("b.title").
			Where("b.author_id = own.id").Scan(ctx, &titles))
		require.Len(t, titles, booksEach)
		exists, err := s.NewSelect().Model((*author)(nil)).Where("name LIKE 'other%'").Exists(ctx)
		require.NoError(t, err)
		require.False(t, exists)
		require.NoError(t, s.NewSelect().Model((*book)(nil)).Column("title").
			Where("author_id IN (?)", s.NewSelect().Model((*author)(nil)).Column("id")).
			Scan(ctx, &titles))
		require.Len(t, titles, booksEach)
		titles = nil
		either := s.NewSelect().Model((*author)(nil)).ColumnExpr("name")
		require.NoError(t, s.NewSelect().Model((*tag)(nil)).ColumnExpr("name").UnionAll(either).
			Scan(ctx, &titles))
		require.Len(t, titles, 4)
	})
}

func TestRelationsReachOnlyTheTenantsRows(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)
		var books []book
		require.NoError(t, s.NewSelect().Model(&books).Relation("Author").Relation("Tags").
			Order("b.id").Scan(ctx))
		require.Len(t, books, booksEach)
		for _, b := range books {
			require.Equal(t, "acme author 1", b.Author.Name)
			require.Len(t, b.Tags, 1, "no join rows of the other tenant")
			require.Equal(t, "acme tag 1", b.Tags[0].Name)
		}
		var authors []author
		require.NoError(t, s.NewSelect().Model(&authors).Relation("Books.Tags").
			Relation("Books.Author").Order("id").Scan(ctx))
		require.Len(t, authors, 2)
		require.Len(t, authors[0].Books, booksEach)
		for _, b := range authors[0].Books {
			require.Equal(t, w.acme, b.Account)
			require.Len(t, b.Tags, 1)
		}
		var joins []bookTag
		require.NoError(t, s.NewSelect().Model(&joins).Relation("Book").Relation("Tag").Scan(ctx))
		require.Len(t, joins, 3)
	})
}

func TestScopedWritesOnlyTheTenantsRows(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		foreign := w.rows(t, w.other)
		ctx := w.in(t, w.acme)
		s := w.db.Scoped(ctx)
		_, err := s.NewInsert().Model(&author{ID: 7, Name: "new"}).Exec(ctx)
		require.NoError(t, err)
		_, err = s.NewInsert().Model(&[]book{{ID: 7, AuthorID: 7, Title: "a", TenantID: "free"},
			{ID: 8, AuthorID: 7, Title: "b", Account: w.acme}}).Exec(ctx)
		require.NoError(t, err)
		_, err = s.NewInsert().Model(&bookTag{BookID: 7, TagID: 2}).Exec(ctx)
		require.NoError(t, err)
		_, err = s.NewInsert().Model(&map[string]any{"id": 9, "name": "map"}).TableExpr("authors").
			Exec(ctx)
		require.NoError(t, err)
		_, err = s.NewInsert().Model(&book{ID: 7, AuthorID: 7, Title: "again"}).
			On(`CONFLICT ("Account ID", id) DO UPDATE`).Set("title = EXCLUDED.title").Exec(ctx)
		require.NoError(t, err)
		_, err = s.NewInsert().Model(&author{ID: 7, Name: "again"}).
			On("CONFLICT (org_id, id) DO UPDATE").Exec(ctx)
		require.NoError(t, err, "bun sets all columns, org_id = EXCLUDED.org_id too")
		copied := s.NewSelect().Model((*author)(nil)).ColumnExpr("org_id, id + 20 AS id, name")
		_, err = s.NewInsert().Model((*author)(nil)).Column("org_id", "id", "name").
			TableExpr("(?) AS q", copied).Exec(ctx)
		require.NoError(t, err)

		r, err := s.NewUpdate().Model((*book)(nil)).Set("tenant_id = ?", "means something else").
			Set(`"title" = title || '!'`).Where("TRUE").Exec(ctx)
		require.EqualValues(t, 5, affected(t, r, err))
		r, err = s.NewUpdate().Model(&book{ID: 8, Account: w.acme, AuthorID: 7, Title: "c"}).
			WherePK().Exec(ctx)
		require.EqualValues(t, 1, affected(t, r, err))
		r, err = s.NewDelete().Model((*bookTag)(nil)).Where("tag_id = 1").WhereOr("tag_id = 2").
			Exec(ctx)
		require.EqualValues(t, 4, affected(t, r, err))
		r, err = s.NewDelete().Model((*book)(nil)).Where("b.id = 1").Exec(ctx) // a soft one
		require.EqualValues(t, 1, affected(t, r, err))
		r, err = s.NewDelete().Model((*book)(nil)).Where("TRUE").ForceDelete().Exec(ctx)
		require.EqualValues(t, 5, affected(t, r, err))
		require.Equal(t, foreign, w.rows(t, w.other))
	})
}

// mismatches are writes that name another tenant than the handle's.
func mismatches(ctx context.Context, s *postgres.Scoped, other tenancy.ID) map[string]error {
	stolen := s.NewSelect().Model((*author)(nil)).ColumnExpr("?::uuid AS org_id, id + 40 AS id, name",
		other)
	return map[string]error{
		"insert of a model": errorOf(s.NewInsert().Model(&author{OrgID: other, ID: 30}).Exec(ctx)),
		"insert of one of many": errorOf(s.NewInsert().
			Model(&[]book{{ID: 30}, {ID: 31, Account: other}}).Exec(ctx)),
		"insert of a map": errorOf(s.NewInsert().
			Model(&map[string]any{"id": 30, "name": "x", "org_id": other.String()}).
			TableExpr("authors").Exec(ctx)),
		"insert of a map in other letters": errorOf(s.NewInsert().
			Model(&map[string]any{"id": 30, "name": "x", "ORG_ID": other.String()}).
			TableExpr("public.authors").Exec(ctx)),
		"value of a model": errorOf(s.NewInsert().Model(&author{ID: 30}).
			Value("org_id", "?", other).Exec(ctx)),
		"value of a quoted column": errorOf(s.NewInsert().Model(&book{ID: 30}).
			Value("Account ID", "?", other).Exec(ctx)),
		"value of a column that the model lacks": errorOf(s.NewInsert().Model(&bookTag{BookID: 3}).
			Value("order", "?", other).Exec(ctx)),
		"upsert that sets it": errorOf(s.NewInsert().Model(&author{ID: 1}).
			On("CONFLICT (org_id, id) DO UPDATE").Set("org_id = ?", other).Exec(ctx)),
		"update of a model": errorOf(s.NewUpdate().Model(&author{OrgID: other, ID: 1}).
			Column("name").WherePK("id").Exec(ctx)),
		"set": errorOf(s.NewUpdate().Model((*author)(nil)).Set("org_id = ?", other).
			Where("TRUE").Exec(ctx)),
		"SetColumn": errorOf(s.NewUpdate().Model((*author)(nil)).SetColumn("org_id", "?", other).
			Where("TRUE").Exec(ctx)),
		"SetColumn of a quoted column": errorOf(s.NewUpdate().Model((*book)(nil)).
			SetColumn("Account ID", "?", other).Where("TRUE").Exec(ctx)),
		"set of a quoted column": errorOf(s.NewUpdate().Model((*book)(nil)).
			Set(`"Account ID" = ?`, other).Where("TRUE").Exec(ctx)),
		"set of a list": errorOf(s.NewUpdate().Model((*book)(nil)).
			Set(`(title, "Account ID") = ('x', ?)`, other).Where("TRUE").Exec(ctx)),
		"set by a name as argument": errorOf(s.NewUpdate().Model((*author)(nil)).
			Set("? = ?", bun.Ident("org_id"), other).Where("TRUE").Exec(ctx)),
		"set of a table without a model": errorOf(s.NewUpdate().TableExpr("authors AS a").
			Set("org_id = ?", other).Where("TRUE").Exec(ctx)),
		"set of the join table": errorOf(s.NewUpdate().Model((*bookTag)(nil)).
			Set(`"order" = ?`, other).Where("TRUE").Exec(ctx)),
		"set with a comment": errorOf(s.NewUpdate().Model((*author)(nil)).
			Set("org_id/**/ = ?", other).Where("TRUE").Exec(ctx)),
		"set after another assignment": errorOf(s.NewUpdate().Model((*author)(nil)).
			Set("name = 'x', org_id = ?", other).Where("TRUE").Exec(ctx)),
		"a CTE that sets it": errorOf(s.NewSelect().With("w", s.NewUpdate().
			Model((*author)(nil)).Set("name = name /**/, ORG_ID = ?", other).Where("TRUE").
			Returning("id")).TableExpr("w").Exec(ctx)),
		"insert … select of a constant": errorOf(s.NewInsert().Model((*author)(nil)).
			Column("org_id", "id", "name").TableExpr("(?) AS q", stolen).Exec(ctx)),
	}
}

func TestForeignTenantIsAMismatch(t *testing.T) {
	eachMode(t, func(t *testing.T, w world) {
		own, foreign := w.rows(t, w.acme), w.rows(t, w.other)
		ctx := w.in(t, w.acme)
		for name, err := range mismatches(ctx, w.db.Scoped(ctx), w.other) {
			require.Error(t, err, name)
			if name != "insert … select of a constant" { // an error of the database
				require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), "%s: %v", name, err)
			}
		}
		require.Equal(t, own, w.rows(t, w.acme))
		require.Equal(t, foreign, w.rows(t, w.other))
	})
}

// Statements whose text has no condition, or the condition on another column than the table's.
func TestStatementWithoutTheTablesConditionIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, false)
	ctx := w.in(t, w.acme)
	s := w.db.Scoped(ctx)
	before := append(w.rows(t, w.acme), w.rows(t, w.other)...)
	for name, q := range map[string]*bun.SelectQuery{
		"a table in a condition": s.NewSelect().Model((*author)(nil)).
			Where("EXISTS (SELECT FROM books)"),
		"a forged condition on tenant_id": s.NewSelect().Model((*tag)(nil)).
			Where("EXISTS (SELECT FROM books AS b WHERE b.tenant_id = ?)", w.acme),
		"a forged condition on the right column": s.NewSelect().Model((*tag)(nil)).
			Where("EXISTS (SELECT FROM authors AS a WHERE a.org_id = ?)", w.acme),
		"tenant_id equal to that of the outer table": s.NewSelect().TableExpr("tags AS t").
			ColumnExpr("1").
			Where("EXISTS (SELECT FROM books AS b WHERE b.tenant_id = t.tenant_id)"),
		"a union after the brackets": s.NewSelect().Model((*tag)(nil)).ColumnExpr("name").
			Where("TRUE) UNION ALL SELECT name FROM authors --"),
	} {
		require.Error(t, q.Scan(ctx, &[]string{}), name)
	}
	var own []int
	require.NoError(t, s.NewSelect().Model((*author)(nil)).Column("id").
		Where(`EXISTS (SELECT FROM books AS b WHERE b."Account ID" = author.org_id)`).
		Scan(ctx, &own), "the columns of both tables compared are the tenant's")
	require.Len(t, own, 2)
	var books []int
	require.NoError(t, s.NewSelect().Model((*tag)(nil)).ColumnExpr("1").
		ModelTableExpr("books AS b").Where("TRUE").Scan(ctx, &books),
		"the condition is on the column of the table that is read")
	n, err := s.NewSelect().Model((*book)(nil)).Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, len(books), n)
	require.NotZero(t, n)
	require.Equal(t, before, append(w.rows(t, w.acme), w.rows(t, w.other)...))
}

// Row security alone confines raw SQL.
func TestRawSQLReachesOnlyTheTenantsRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	foreign := w.rows(t, w.other)
	ctx := w.in(t, w.acme)
	s := w.db.Scoped(ctx)
	for _, c := range []struct {
		query string
		want  int
	}{
		{"SELECT count(*) FROM authors", 2},
		{`SELECT count(*) FROM books WHERE "Account ID" IS NOT NULL`, 3},
		{"SELECT count(*) FROM authors AS a JOIN books AS b ON b.author_id = a.id", 3},
		{"SELECT count(*) FROM book_tags", 3},
		{"SELECT count(*) FROM authors WHERE org_id = '" + w.other.String() + "'", 0},
		{"WITH w AS (DELETE FROM book_tags RETURNING 1) SELECT count(*) FROM w", 3},
		{"WITH w AS (UPDATE books SET title = '' RETURNING 1) SELECT count(*) FROM w", 3},
	} {
		var n int
		require.NoError(t, s.NewRaw(c.query).Scan(ctx, &n), c.query)
		require.Equal(t, c.want, n, c.query)
	}
	_, err := s.ExecContext(ctx, "INSERT INTO authors (id, name) VALUES (50, 'raw')")
	require.NoError(t, err, "the default is the tenant")
	for _, statement := range []string{
		"INSERT INTO authors (org_id, id, name) VALUES ('" + w.other.String() + "', 60, 'raw')",
		"UPDATE authors SET org_id = '" + w.other.String() + "' WHERE id = 50",
		`UPDATE books SET "Account ID" = '` + w.other.String() + `'`,
		"INSERT INTO authors (org_id, id, name) VALUES ('" + w.other.String() + "', 1, 'raw')" +
			" ON CONFLICT (org_id, id) DO UPDATE SET name = 'raw'",
	} {
		_, err := s.ExecContext(ctx, statement)
		require.ErrorContains(t, err, "row-level security", statement)
	}
	require.Equal(t, foreign, w.rows(t, w.other))
}
