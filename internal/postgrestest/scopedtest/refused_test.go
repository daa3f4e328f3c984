package scopedtest

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// A statement that can't be confined to the tenant is an error that says so, and isn't sent.
func TestStatementThatCannotBeConfinedIsRefused(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	before := l.rows(t, l.acme) + l.rows(t, l.other)
	count := func(q *bun.SelectQuery) error { return errorOf(q.Count(ctx)) }
	books := func() *bun.SelectQuery { return s.NewSelect().Model((*book)(nil)) }
	const table, or, bare, schema = "which table to filter", "WhereOr", "needs a condition",
		"doesn't change the schema"
	for name, refused := range map[string]struct {
		err  error
		text string
	}{
		"a list of tables": {count(s.NewSelect().TableExpr("authors AS a, books AS b")),
			table},
		"a list with a sub-query": {
			count(s.NewSelect().TableExpr("(SELECT 1) AS a, books AS b")), table},
		"a join as a table": {
			count(s.NewSelect().TableExpr("books AS a JOIN books AS b ON true")), table},
		"a function": {
			count(s.NewSelect().TableExpr("generate_series(1, 2) AS i")), table},
		"a name as argument, no alias": {count(s.NewSelect().TableExpr("?", bun.Ident("books"))),
			table},
		"a model and such a table": {count(books().TableExpr("books AS x, authors AS y")), table},
		"as a sub-query": {
			s.NewRaw("SELECT count(*) FROM (?) AS q",
				s.NewSelect().TableExpr("authors AS a, books AS b")).Scan(ctx, new(int)), table,
		},
		"update of such a table": {
			errorOf(s.NewUpdate().TableExpr("(SELECT 1) AS x").Set("x = 1").Where("true").
				Exec(ctx)),
			table},
		"clone with WhereOr": {count(books().Clone().Where("false").WhereOr("true")), or},
		"upsert with WhereOr": {
			errorOf(s.NewInsert().Model(&tag{ID: 1}).On("CONFLICT (tenant_id, id) DO UPDATE").
				Where("false").WhereOr("true").Exec(ctx)), or,
		},
		"DELETE with WhereOr in a CTE": {
			count(s.NewSelect().With("gone", s.NewDelete().Model((*book)(nil)).Where("false").
				WhereOr("true").Returning("id")).Table("gone")), or,
		},
		"update without a condition": {
			errorOf(s.NewUpdate().Model((*book)(nil)).Set("title = 'x'").Exec(ctx)), bare},
		"delete without a condition": {errorOf(s.NewDelete().Model((*book)(nil)).Exec(ctx)), bare},
		"soft delete without one":    {errorOf(s.NewDelete().Model((*draft)(nil)).Exec(ctx)), bare},
		"DO NOTHING with a Where": {
			errorOf(s.NewInsert().Model(&tag{ID: 1}).Ignore().Where("true").Exec(ctx)),
			"takes no Where"},
		"INSERT … SELECT": {
			errorOf(s.NewInsert().Model((*tag)(nil)).Column("id", "name").TableExpr("authors").
				Exec(ctx)), "INSERT … SELECT",
		},
		"INSERT … SELECT of tables": {errorOf(s.NewInsert().Table("tags", "authors").Exec(ctx)),
			"INSERT … SELECT"},
		"MERGE": {errorOf(s.NewMerge().Model((*tag)(nil)).Using("authors AS a").On("true").
			WhenDelete("MATCHED").Exec(ctx)), "MERGE"},
		"CREATE TABLE": {errorOf(s.NewCreateTable().Model((*tag)(nil)).Exec(ctx)), schema},
		"DROP TABLE":   {errorOf(s.NewDropTable().Model((*tag)(nil)).Exec(ctx)), schema},
		"TRUNCATE":     {errorOf(s.NewTruncateTable().Model((*tag)(nil)).Exec(ctx)), schema},
		"CREATE INDEX": {errorOf(s.NewCreateIndex().Model((*tag)(nil)).Index("i").Column("id").
			Exec(ctx)), schema},
		"DROP INDEX": {errorOf(s.NewDropIndex().Index("books_isbn").Exec(ctx)), schema},
		"ADD COLUMN": {errorOf(s.NewAddColumn().Model((*tag)(nil)).ColumnExpr("x int").Exec(ctx)),
			schema},
		"DROP COLUMN": {errorOf(s.NewDropColumn().Model((*tag)(nil)).Column("name").Exec(ctx)),
			schema},
	} {
		require.Equal(t, tenancy.CodeInternal, tenancy.CodeOf(refused.err), "%s: %v", name,
			refused.err)
		require.ErrorContains(t, refused.err, refused.text, name)
	}
	require.Equal(t, before, l.rows(t, l.acme)+l.rows(t, l.other))
}

// A table without a matching tenant_id is an error of the database, and no rows of all tenants.
func TestTableWithoutTheTenantColumnIsAnError(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	fixture.Exec(t, l.superuser, "CREATE TABLE countries (id bigint PRIMARY KEY)")
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	ids := s.NewSelect().Model((*book)(nil)).Column("id")
	for name, q := range map[string]*bun.SelectQuery{
		"no tenant_id": s.NewSelect().Table("countries"),
		"an outer query's CTE": s.NewSelect().With("ids", ids).
			TableExpr("(?) AS q", s.NewSelect().Table("ids")),
		"a schema's table, no CTE": s.NewSelect().With("countries", ids).Table("public.countries").
			Column("id"),
		"another spelling of a CTE": s.NewSelect().With("COUNTRIES", ids).TableExpr("countries").
			Column("id"),
	} {
		_, err := q.Exec(ctx)
		require.Error(t, err, name)
		require.Regexp(t, `column .*tenant_id does not exist`, err.Error(), name)
	}
}

func TestStatementsWithoutATableRun(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	var n int
	require.NoError(t, l.db.Scoped(ctx).NewSelect().ColumnExpr("1 + 1").Scan(ctx, &n))
	require.Equal(t, 2, n)
	require.NoError(t, l.db.Scoped(ctx).NewSelect().ColumnExpr("(?)",
		l.db.Scoped(ctx).NewSelect().Model((*book)(nil)).ColumnExpr("count(*)")).Scan(ctx, &n))
	require.Equal(t, booksEach, n)
}
