package scopedtest

import (
	"context"
	"database/sql"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	bunschema "github.com/uptrace/bun/schema"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The tests prove the filter and the policy separately. With tenancy off the pool is a superuser's,
// to which no policy applies, so only the filter separates the tenants. The same statement without
// the filter, as raw SQL, is separated only by the policy when tenancy is on. Without both it must
// reach the other tenant's rows, or the statement would prove nothing.

// statement is a statement that bun builds. It returns the tenant_id of each row that it reads or
// writes.
type statement struct {
	build  func(s *postgres.Scoped) statementQuery
	rows   int    // how many rows of the own tenant it returns
	policy string // the policy's error without the filter, if any
}

type statementQuery interface {
	bun.Query
	Scan(ctx context.Context, dest ...any) error
	String() string
}

var statements = map[string]statement{
	"select": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).Column("tenant_id")
	}},
	"select with WhereOr": {rows: 2, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).Column("tenant_id").Where("id = 1").
			WhereOr("id = 2")
	}},
	"select with a WhereGroup after OR": {rows: 2, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).Column("tenant_id").Where("id = 1").
			WhereGroup(" OR ", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.Where("id = 2").WhereOr("false")
			})
	}},
	"select with WherePK and WhereOr": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model(&book{ID: 2}).Column("tenant_id").WherePK().Where("false").
			WhereOr("true")
	}},
	"select of softly deleted rows": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*draft)(nil)).ColumnExpr("tenant_id").WhereDeleted().
			Where("false").WhereOr("true")
	}},
	"select by ModelTableExpr": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).ModelTableExpr("public.books AS b").
			Column("tenant_id")
	}},
	"select for update": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).Column("tenant_id").For("UPDATE OF b")
	}},
	"clone": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).Column("tenant_id").Clone().Where("id = 1")
	}},
	"Table": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Table("books").Column("tenant_id")
	}},
	"Table with a schema": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Table("public.books").Column("tenant_id")
	}},
	"Table and WhereOr": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Table("books").Column("tenant_id").Where("false").WhereOr("true")
	}},
	"TableExpr with an alias": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().TableExpr("books AS x").Column("x.tenant_id")
	}},
	"TableExpr with a name as argument": {
		rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
			return s.NewSelect().TableExpr("? x", bun.Ident("books")).Column("x.tenant_id")
		}},
	"two tables": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().TableExpr("books AS x").TableExpr("authors AS y").
			ColumnExpr("y.tenant_id").Where("x.id = 1 AND y.id = 1")
	}},
	"a model and another table": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).TableExpr("authors AS y").
			ColumnExpr("y.tenant_id").Where("b.id = 1 AND y.id = 1")
	}},
	"sub-query as a table": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().TableExpr("(?) AS q",
			s.NewSelect().Model((*book)(nil)).Column("tenant_id")).Column("q.tenant_id")
	}},
	"sub-query in a condition": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewRaw("SELECT tenant_id FROM (?) AS q",
			s.NewSelect().Model((*book)(nil)).Column("tenant_id").Where("false").WhereOr("true"))
	}},
	"union": {rows: 2, build: func(s *postgres.Scoped) statementQuery {
		one := func(id int) *bun.SelectQuery {
			return s.NewSelect().Model((*book)(nil)).Column("tenant_id").Where("false").
				WhereOr("id = ?", id)
		}
		return one(1).UnionAll(one(2))
	}},
	"CTE": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().With("mine", s.NewSelect().Model((*book)(nil)).
			ColumnExpr("tenant_id AS whose")).Table("mine").ColumnExpr("whose")
	}},
	"CTE by ModelTableExpr": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().With("mine",
			s.NewSelect().Model((*book)(nil)).ColumnExpr("tenant_id AS whose")).
			Model((*book)(nil)).ModelTableExpr("mine AS b").ColumnExpr("whose")
	}},
	"CTE of a table's name": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().With("books", s.NewSelect().Model((*book)(nil)).
			ColumnExpr("tenant_id AS whose")).TableExpr("Books AS x").ColumnExpr("whose")
	}},
	"recursive CTE": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		first := s.NewSelect().Model((*book)(nil)).Column("tenant_id", "id").Where("id = 1")
		next := s.NewSelect().Model((*book)(nil)).Column("tenant_id", "id").
			Join("JOIN tree ON b.id = tree.id + 1")
		return s.NewSelect().WithRecursive("tree", first.UnionAll(next)).Table("tree").
			Column("tenant_id")
	}},
	"DELETE within a CTE": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().With("gone", s.NewDelete().Model((*book)(nil)).Where("true").
			Returning("tenant_id AS whose")).Table("gone").ColumnExpr("whose")
	}},
	"UPDATE within a CTE": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().With("new", s.NewUpdate().Model((*book)(nil)).Set("title = 'new'").
			Where("false").WhereOr("true").Returning("tenant_id AS whose")).
			Table("new").ColumnExpr("whose")
	}},
	"belongs-to": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewSelect().Model((*book)(nil)).ExcludeColumn("*").
			ColumnExpr(`"author"."tenant_id"`).
			Relation("Author", func(q *bun.SelectQuery) *bun.SelectQuery {
				return q.ExcludeColumn("*")
			})
	}},
	"update": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewUpdate().Model((*book)(nil)).Set("title = 'new'").Where("true").
			Returning("tenant_id")
	}},
	"update with WhereOr": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewUpdate().Model((*book)(nil)).Set("title = 'new'").Where("false").
			WhereOr("true").Returning("tenant_id")
	}},
	"update of a struct": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewUpdate().Model(&book{ID: 2, AuthorID: 1, Title: "new"}).Column("title").
			WherePK().WhereOr("false").Returning("tenant_id")
	}},
	"update of a table": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewUpdate().Table("books").Set("title = 'new'").Where("false").WhereOr("true").
			Returning("tenant_id")
	}},
	"update from another table": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewUpdate().Model((*book)(nil)).TableExpr("authors AS y").Set("title = y.name").
			Where("y.id = 1 AND b.id = 1").Returning("b.tenant_id")
	}},
	"bulk update": {rows: 2, build: func(s *postgres.Scoped) statementQuery {
		return s.NewUpdate().Model(&[]*tag{{ID: 1, Name: "new 1"}, {ID: 2, Name: "new 2"}}).Bulk().
			Returning("tenant_id")
	}},
	"delete": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewDelete().Model((*book)(nil)).Where("true").Returning("tenant_id")
	}},
	"delete with WhereOr": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewDelete().Model((*book)(nil)).Where("false").WhereOr("true").
			Returning("tenant_id")
	}},
	"delete using another table": {rows: 1, build: func(s *postgres.Scoped) statementQuery {
		return s.NewDelete().Model((*book)(nil)).TableExpr("authors AS y").
			Where("y.id = 1 AND b.id = 1").Returning("b.tenant_id")
	}},
	"delete from a table": {rows: booksEach, build: func(s *postgres.Scoped) statementQuery {
		return s.NewDelete().Table("books").Where("false").WhereOr("true").Returning("tenant_id")
	}},
	"soft delete with WhereOr": {rows: 2, build: func(s *postgres.Scoped) statementQuery {
		return s.NewDelete().Model((*draft)(nil)).Where("false").WhereOr("true").
			Returning("tenant_id")
	}},
	"force delete of what is softly deleted": {
		rows: 1, build: func(s *postgres.Scoped) statementQuery {
			return s.NewDelete().Model((*draft)(nil)).WhereDeleted().ForceDelete().
				Returning("tenant_id")
		}},
	"upsert over another tenant's row": {rows: 0, policy: "row-level security",
		build: func(s *postgres.Scoped) statementQuery {
			return s.NewInsert().Model(&book{ID: 9, Title: "taken over", AuthorID: 1,
				ISBN: "other-1"}).
				On("CONFLICT (isbn) DO UPDATE").Set("title = EXCLUDED.title").
				Returning("b.tenant_id")
		}},
	"upsert into a table over another tenant's row": {rows: 0, policy: "row-level security",
		build: func(s *postgres.Scoped) statementQuery {
			return s.NewInsert().Model(&map[string]any{"id": 9, "title": "taken over",
				"isbn": "other-1"}).Table("books").
				On("CONFLICT (isbn) DO UPDATE").Set("title = EXCLUDED.title").
				Returning("books.tenant_id")
		}},
	"INSERT … SELECT of a sub-query": {rows: booksEach,
		build: func(s *postgres.Scoped) statementQuery {
			inner := s.NewSelect().Model((*book)(nil)).
				ColumnExpr("tenant_id, id + 10 AS id, title, 'n' || tenant_id || id AS isbn")
			return s.NewInsert().Model((*book)(nil)).Column("tenant_id", "id", "title", "isbn").
				TableExpr("(?) AS q", inner).Returning("tenant_id")
		}},
}

var (
	marks     = regexp.MustCompile(`\?!\(bailiwick \w+ \d+\)`)
	condition = regexp.MustCompile(`("?\w+"?\.)?tenant_id = '[0-9a-f-]{36}'`)
)

// unfiltered returns the statement's text without the condition on the tenant.
func unfiltered(q statementQuery) string {
	return condition.ReplaceAllString(marks.ReplaceAllString(q.String(), "TRUE"), "TRUE")
}

var errUndo = errors.New("undo")

// inRolledBackTx runs fn in a transaction that is rolled back.
func inRolledBackTx(
	t *testing.T, s *postgres.Scoped, ctx context.Context,
	fn func(ctx context.Context, s *postgres.Scoped),
) {
	t.Helper()
	err := s.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		fn(ctx, tx)
		return errUndo
	})
	require.ErrorIs(t, err, errUndo)
}

func TestFilterAloneConfinesEveryStatement(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	before := l.rows(t, l.other)
	for name, st := range statements {
		t.Run(name, func(t *testing.T) {
			inRolledBackTx(t, l.db.Scoped(ctx), ctx, func(ctx context.Context, s *postgres.Scoped) {
				var found []tenancy.ID
				require.NoError(t, st.build(s).Scan(ctx, &found), st.build(s))
				requireOwn(t, l.acme, st.rows, found)
			})
			inRolledBackTx(t, l.db.Scoped(ctx), ctx, func(ctx context.Context, s *postgres.Scoped) {
				var found []tenancy.ID
				require.NoError(t, s.NewRaw(unfiltered(st.build(s))).Scan(ctx, &found))
				require.Contains(t, found, l.other,
					"without filter and policy the statement must reach the other tenant")
			})
		})
	}
	require.Equal(t, before, l.rows(t, l.other))
}

func TestPolicyAloneConfinesEveryStatement(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	before := l.rows(t, l.other)
	for name, st := range statements {
		t.Run(name, func(t *testing.T) {
			inRolledBackTx(t, l.db.Scoped(ctx), ctx, func(ctx context.Context, s *postgres.Scoped) {
				var found []tenancy.ID
				err := s.NewRaw(unfiltered(st.build(s))).Scan(ctx, &found)
				if st.policy != "" {
					require.ErrorContains(t, err, st.policy)
					return
				}
				require.NoError(t, err)
				requireOwn(t, l.acme, st.rows, found)
			})
		})
	}
	require.Equal(t, before, l.rows(t, l.other))
}

func requireOwn(t *testing.T, own tenancy.ID, rows int, found []tenancy.ID) {
	t.Helper()
	require.Len(t, found, rows)
	for _, id := range found {
		require.Equal(t, own, id)
	}
}

// bun's Count, Exists, ScanAndCount and Rows build other statements than Scan.
func TestFilterAloneConfinesCountExistsRowsAndScan(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	model := func() *bun.SelectQuery { return s.NewSelect().Model((*book)(nil)) }
	for name, st := range map[string]struct {
		query func() *bun.SelectQuery
		other string // a condition that only the other tenant's rows meet
	}{
		"a model": {model, "title LIKE 'other%'"},
		"a table": {func() *bun.SelectQuery {
			return s.NewSelect().Table("books").Column("title")
		}, "title LIKE 'other%'"},
		"WhereOr": {func() *bun.SelectQuery {
			return model().Where("false").WhereOr("title LIKE '%book%'")
		}, "title LIKE 'other%'"},
		"belongs-to": {func() *bun.SelectQuery { return model().Relation("Author") },
			"author.name LIKE 'other%'"},
		"grouped": {func() *bun.SelectQuery { return model().Column("title").Group("title") },
			"title LIKE 'other%'"},
		"nested relations": {
			func() *bun.SelectQuery {
				return s.NewSelect().Model((*bookTag)(nil)).Relation("Book.Author").Relation("Tag")
			},
			`"book".title LIKE 'other%' OR "book__author".name LIKE 'other%'` +
				` OR "tag".name LIKE 'other%'`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			q := st.query
			n, err := q().Count(ctx)
			require.NoError(t, err)
			require.EqualValues(t, booksEach, n, "Count")
			foreign, err := q().Where(st.other).Exists(ctx)
			require.NoError(t, err)
			require.False(t, foreign, "Exists")
			own, err := q().Where(strings.ReplaceAll(st.other, "other%", "acme%")).Exists(ctx)
			require.NoError(t, err)
			require.True(t, own, "Exists")
			rows, err := q().Rows(ctx)
			require.NoError(t, err)
			defer rows.Close()
			read := 0
			for rows.Next() {
				read++
			}
			require.NoError(t, rows.Err())
			require.Equal(t, booksEach, read, "Rows")
			var all []map[string]any
			n, err = q().Limit(1).ScanAndCount(ctx, &all)
			require.NoError(t, err)
			require.Len(t, all, 1)
			require.EqualValues(t, booksEach, n, "ScanAndCount")
			result, err := q().Exec(ctx)
			require.NoError(t, err)
			requireAffected(t, booksEach, result)
		})
	}
}

func requireAffected(t *testing.T, want int, result sql.Result) {
	t.Helper()
	n, err := result.RowsAffected()
	require.NoError(t, err)
	require.EqualValues(t, want, n)
}

func TestPolicyConfinesRawSQL(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	var foreign, own int
	query := "SELECT count(*) FILTER (WHERE tenant_id <> ?0), count(*) FILTER (WHERE tenant_id =" +
		" ?0) FROM books"
	require.NoError(t, s.NewRaw(query, l.acme).Scan(ctx, &foreign, &own))
	require.Zero(t, foreign)
	require.Equal(t, booksEach, own)
	require.NoError(t, s.QueryRowContext(ctx, query, l.acme).Scan(&foreign, &own))
	require.Zero(t, foreign)
	rows, err := s.QueryContext(ctx, "SELECT FROM books")
	require.NoError(t, err)
	defer rows.Close()
	n := 0
	for rows.Next() {
		n++
	}
	require.NoError(t, rows.Err())
	require.Equal(t, booksEach, n)

	result, err := s.ExecContext(ctx, "UPDATE books SET title = 'what?bailiwick_tenant'")
	require.NoError(t, err)
	requireAffected(t, booksEach, result)
	n64, err := s.NewSelect().Model((*book)(nil)).Where("title = ?", "what?bailiwick_tenant").
		Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, booksEach, n64, "a value isn't parsed as a name")
	for name, statement := range map[string]string{
		"insert": "INSERT INTO authors (tenant_id, id, name) VALUES (?, 7, 'planted')",
		"update": "UPDATE authors SET tenant_id = ? WHERE id = 2",
	} {
		_, err = s.NewRaw(statement, l.other).Exec(ctx)
		require.ErrorContains(t, err, "row-level security", name)
	}
	result, err = s.NewRaw("DELETE FROM books").Exec(ctx)
	require.NoError(t, err)
	requireAffected(t, booksEach, result)
	require.Equal(t, booksEach, strings.Count(l.rows(t, l.other), "other book"))
}

func TestMissingTenantIsAnErrorBeforeTheStatementIsSent(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx, acme := t.Context(), l.db.Scoped(l.in(t, l.acme))
	none := l.db.Scoped(ctx)
	for name, err := range map[string]error{
		"handle":  none.NewSelect().Model((*book)(nil)).Scan(ctx, &[]book{}),
		"raw":     errorOf(none.NewRaw("SELECT 1").Exec(ctx)),
		"row":     none.QueryRowContext(ctx, "SELECT 1").Scan(new(int)),
		"insert":  errorOf(none.NewInsert().Model(&tag{ID: 7}).Exec(ctx)),
		"context": errorOf(acme.NewRaw("SELECT 1").Exec(ctx)),
		"count":   errorOf(acme.NewSelect().Model((*book)(nil)).Count(ctx)),
		"transaction": none.RunInTx(ctx, nil,
			func(context.Context, *postgres.Scoped) error {
				return errors.New("the function was called")
			}),
	} {
		require.Equal(t, tenancy.CodeNoTenant, tenancy.CodeOf(err), "%s: %v", name, err)
	}
}

// errorOf drops the result of a call that returns an error, too.
func errorOf[T any](_ T, err error) error { return err }

func TestQueryRefusesTheContextOfAnotherTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	acme, other := l.in(t, l.acme), l.in(t, l.other)
	q := l.db.Scoped(acme).NewSelect().Model((*book)(nil)).Where("title LIKE 'acme%'").
		WhereOr("title LIKE 'other%'")
	for range 3 {
		n, err := q.Count(acme)
		require.NoError(t, err)
		require.EqualValues(t, booksEach, n)
		_, err = q.Count(other)
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), err)
		_, err = q.Exists(other)
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err), err)
		require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(q.Scan(other, &[]book{})))
	}
	require.Equal(t, 1, strings.Count(q.WhereOr("false").String(), "WHERE"))
	n, err := q.Count(acme)
	require.NoError(t, err)
	require.EqualValues(t, booksEach, n, "a condition added later is in parentheses, too")
	_, err = l.db.Scoped(acme).NewDelete().Model((*book)(nil)).Where("true").Exec(other)
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
	_, err = l.db.Services().
		Resources.List(acme, l.other, ports.ResourceQuery{Kind: "author", Limit: 1})
	require.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
}

func TestHandleIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			var authors []author
			assert.NoError(t, s.NewSelect().Model(&authors).Relation("Books.Tags").Where("id = 1").
				WhereOr("false").Scan(ctx))
			var tags []bookTag
			assert.NoError(t, s.NewSelect().Model(&tags).Relation("Book.Author").Relation("Tag").
				Scan(ctx))
			assert.Len(t, tags, booksEach)
		})
	}
	wg.Wait()
}

// The handle has the methods of bun.IDB except for those that begin transactions, which would
// return bun's handle.
var _ interface {
	bun.IConn
	Dialect() bunschema.Dialect
	NewValues(model any) *bun.ValuesQuery
	NewSelect() *bun.SelectQuery
	NewInsert() *bun.InsertQuery
	NewUpdate() *bun.UpdateQuery
	NewDelete() *bun.DeleteQuery
	NewMerge() *bun.MergeQuery
	NewRaw(query string, args ...any) *bun.RawQuery
	NewCreateTable() *bun.CreateTableQuery
	NewDropTable() *bun.DropTableQuery
	NewCreateIndex() *bun.CreateIndexQuery
	NewDropIndex() *bun.DropIndexQuery
	NewTruncateTable() *bun.TruncateTableQuery
	NewAddColumn() *bun.AddColumnQuery
	NewDropColumn() *bun.DropColumnQuery
} = (*postgres.Scoped)(nil)
