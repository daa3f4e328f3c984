package searchtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"pgregory.net/rapid"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// searched is a database to search.
type searched struct{ fixture.SearchWorld }

func newSearched(t testing.TB, rows string) searched {
	t.Helper()
	return searched{fixture.NewSearchWorld(t, rows)}
}

// names returns the names that a list returns.
func (s searched) names(t require.TestingT, tenant tenancy.ID, q ports.ResourceQuery) []string {
	q.Kind = "widget"
	list, err := s.DB.Services().Resources.List(tenancy.NewContext(s.Ctx, tenant), tenant, q)
	require.NoError(t, err, "%+v", q)
	names := []string{}
	for _, r := range list {
		names = append(names, r.Name)
	}
	return names
}

// expected returns the names that a plain SQL statement finds, without row-level security.
func (s searched) expected(t require.TestingT, tenant tenancy.ID, q ports.ResourceQuery) []string {
	query := bun.NewDB(s.Admin, pgdialect.New()).NewSelect().Table("widgets").Column("name").
		Where("tenant_id = ?", tenant).Where(`name COLLATE "C" > ?`, q.After).
		OrderExpr(`name COLLATE "C"`).Limit(int64(q.Limit))
	if q.Search != "" {
		pattern := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(q.Search) +
			"%"
		query = query.Where("name "+s.Fold+" ILIKE ? OR description "+s.Fold+" ILIKE ?", pattern,
			pattern)
	}
	if len(q.Labels) > 0 {
		query = query.Where("labels @> ?", q.Labels)
	}
	names := []string{}
	require.NoError(t, query.Scan(s.Ctx, &names))
	return names
}

// searchLetters are letters whose length, or whose neighbours' length, changes when case is folded,
// the wildcards, their escape character, and characters that end a word.
var searchLetters = []string{"a", "A", "b", "B", "I", "i", "İ", "ı", "ß", "ẞ", "Σ", "σ", "ς", "É",
	"é", "e\u0301", "Ж", "ж", "ǅ", "0", "%", "_", `\`, "'", " ", "-"}

func TestSearchFindsWhatILIKEFinds(t *testing.T) {
	t.Parallel()
	draw := rand.New(rand.NewPCG(1, 2))
	rows := make([]string, 1500)
	for i := range rows {
		text := ""
		for range 14 {
			text += searchLetters[draw.IntN(len(searchLetters))]
		}
		half := strings.ReplaceAll(text[len(text)/2:], "'", "''")
		rows[i] = fmt.Sprintf(`('n%04d%s', '%s', '{"tenth": "%d", "n": "%[1]d"}'::jsonb)`, i,
			strings.ToValidUTF8(half, ""), strings.ReplaceAll(text, "'", "''"), i%10)
	}
	s := newSearched(t, "VALUES "+strings.Join(rows, ","))
	rapid.Check(t, func(t *rapid.T) {
		q := ports.ResourceQuery{
			Search: strings.Join(rapid.SliceOfN(rapid.SampledFrom(searchLetters), 0, 4).
				Draw(t, "letters"), ""),
			After: rapid.SampledFrom([]string{"", "n0700", "n14"}).Draw(t, "after"),
			Limit: rapid.SampledFrom([]int{1, 7, 100, 1000}).Draw(t, "limit"),
			Labels: rapid.SampledFrom([]map[string]string{nil, {"tenth": "3"}, {"n": "777"},
				{"n": "none"}, {"tenth": "3", "n": "13"}}).Draw(t, "labels"),
		}
		require.Equal(t, s.expected(t, s.Acme, q), s.names(t, s.Acme, q), "%+v", q)
	})
}

// The search function works differently for frequent, rare and clustered matches. The pages must be
// the same.
func TestSearchPagesAreCompleteForRareAndFrequentMatches(t *testing.T) {
	t.Parallel()
	s := newSearched(t, `SELECT 'n' || lpad(n::text, 5, '0'),
			'every' || CASE WHEN n % 3000 = 0 THEN ' rare' ELSE '' END ||
			CASE WHEN n % 60 = 0 THEN ' seldom' ELSE '' END ||
			CASE WHEN n > 6000 THEN ' late' ELSE '' END ||
			CASE WHEN n < 5500 THEN ' early' ELSE '' END ||
			CASE WHEN n BETWEEN 20 AND 40 THEN ' first' ELSE '' END,
			jsonb_build_object('half', (n % 2)::text, 'lot', (n / 1000)::text)
		FROM generate_series(1, 12000) n`)
	for _, q := range []ports.ResourceQuery{
		{Search: "EVERY"}, {Search: "rare"}, {Search: "Seldom"}, {Search: "late"},
		{Search: "early"}, {Search: "first"}, {Search: "none"}, {Search: "zz"}, {Search: "n0001"},
		{Search: "y"},
		{Labels: map[string]string{"half": "1"}}, {Labels: map[string]string{"lot": "7"}},
		{Labels: map[string]string{"lot": "13"}},
		{Search: "late", Labels: map[string]string{"half": "1"}},
		{Search: "zz", Labels: map[string]string{"lot": "7"}},
	} {
		t.Run(fmt.Sprintf("%s%v", q.Search, q.Labels), func(t *testing.T) {
			t.Parallel()
			q.Limit = 20000
			want := s.expected(t, s.Acme, q)
			for _, limit := range []int{333, 1000} {
				q.Limit, q.After = limit, ""
				var got []string
				for page := []string{""}; len(page) > 0; got = append(got, page...) {
					page = s.names(t, s.Acme, q)
					require.LessOrEqual(t, len(page), limit)
					if len(page) > 0 {
						q.After = page[len(page)-1]
					}
				}
				require.True(t, slices.Equal(want, got), "pages of %d: %d names, not %d", limit,
					len(got), len(want))
			}
		})
	}
}

func TestSearchForATextWithNULIsRefused(t *testing.T) {
	t.Parallel()
	s := newSearched(t, "SELECT 'ab', 'd', '{}'::jsonb")
	for _, text := range []string{"a\x00b", "\x00"} {
		for _, q := range []ports.ResourceQuery{
			{Search: text}, {Search: "a", Labels: map[string]string{"k": text}}} {
			q.Kind, q.Limit = "widget", 10
			_, err := s.DB.Services().Resources.List(t.Context(), s.Acme, q)
			require.Error(t, err, "%+v", q)
		}
	}
}
