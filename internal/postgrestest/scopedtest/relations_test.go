package scopedtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// bun loads relations by joins, or by statements that it builds itself. The rows of both tenants
// have the same keys: a relation without a condition on the tenant would load the other tenant's
// rows.

func TestFilterAloneConfinesRelations(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)

	t.Run("belongs-to", func(t *testing.T) {
		var books []book
		require.NoError(t, s.NewSelect().Model(&books).Relation("Author").Order("b.id").Scan(ctx))
		require.Len(t, books, booksEach)
		for _, b := range books {
			require.Equal(t, "acme author 1", b.Author.Name)
		}
	})
	t.Run("belongs-to with WhereOr", func(t *testing.T) {
		var books []book
		either := func(q *bun.SelectQuery) *bun.SelectQuery {
			return q.Where("author.name = 'unknown'").WhereOr("author.name LIKE '%author 1'")
		}
		n, err := s.NewSelect().Model(&books).Relation("Author", either).Limit(9).ScanAndCount(ctx)
		require.NoError(t, err)
		require.EqualValues(t, booksEach, n)
		require.Len(t, books, booksEach)
	})
	t.Run("has-many", func(t *testing.T) {
		var authors []author
		either := func(q *bun.SelectQuery) *bun.SelectQuery { return q.WhereOr("b.author_id = 1") }
		require.NoError(t, s.NewSelect().Model(&authors).Relation("Books", either).Order("id").
			Scan(ctx))
		require.Len(t, authors, 2)
		require.Len(t, authors[0].Books, booksEach)
		for _, b := range authors[0].Books {
			require.True(t, strings.HasPrefix(b.Title, "acme"), b.Title)
		}
		require.Empty(t, authors[1].Books)
	})
	t.Run("many-to-many", func(t *testing.T) {
		var books []book
		require.NoError(t, s.NewSelect().Model(&books).Relation("Tags").Order("b.id").Scan(ctx))
		require.Len(t, books, booksEach)
		for _, b := range books {
			require.Len(t, b.Tags, 1, "no join rows and tags of the other tenant")
			require.Equal(t, "acme tag 1", b.Tags[0].Name)
		}
	})
	t.Run("within relations", func(t *testing.T) {
		var authors []author
		require.NoError(t, s.NewSelect().Model(&authors).Relation("Books.Tags").
			Relation("Books.Author").Order("id").Scan(ctx))
		for _, b := range authors[0].Books {
			require.Equal(t, "acme author 1", b.Author.Name)
			require.Len(t, b.Tags, 1)
		}
	})
	t.Run("in a sub-query of raw SQL", func(t *testing.T) {
		var n int
		inner := s.NewSelect().Model((*book)(nil)).Relation("Author")
		require.NoError(t, s.NewRaw("SELECT count(*) FROM (?) AS q", inner).Scan(ctx, &n))
		require.Equal(t, booksEach, n)
	})
}

// bun without this library shows that these relations reach the other tenant's rows.
func TestRelationsWithoutFilterAndPolicyReachTheOtherTenant(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, false)
	db := bun.NewDB(l.superuser, pgdialect.New())
	db.RegisterModel((*bookTag)(nil))
	var books []book
	mine := func() *bun.SelectQuery {
		return db.NewSelect().Model(&books).Where("b.tenant_id = ?", l.acme)
	}
	require.NoError(t, mine().Relation("Author").Scan(t.Context()))
	require.Len(t, books, 2*booksEach)
	require.NoError(t, mine().Relation("Tags").Scan(t.Context()))
	require.Greater(t, len(books[1].Tags), 1)
	var authors []author
	require.NoError(t, db.NewSelect().Model(&authors).Where("tenant_id = ?", l.acme).
		Relation("Books").Order("id").Scan(t.Context()))
	require.Len(t, authors[0].Books, 2*booksEach)
}

func TestPolicyAloneConfinesJoins(t *testing.T) {
	t.Parallel()
	l := newLibrary(t, true)
	ctx := l.in(t, l.acme)
	s := l.db.Scoped(ctx)
	var own []tenancy.ID
	require.NoError(t, s.NewSelect().Model((*book)(nil)).ColumnExpr("a.tenant_id").
		Join("JOIN authors AS a ON a.id = b.author_id").Scan(ctx, &own))
	requireOwn(t, l.acme, booksEach, own)

	single := newLibrary(t, false)
	ctx = single.in(t, single.acme)
	q := single.db.Scoped(ctx).NewSelect().Model((*book)(nil)).ColumnExpr("a.tenant_id").
		Join("JOIN authors AS a ON a.id = b.author_id")
	require.NoError(t, q.Scan(ctx, &own))
	require.Len(t, own, 2*booksEach,
		"without the policy, the text of a Join must reach all tenants' rows")
}
