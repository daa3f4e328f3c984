package benchtest

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkSearch measures searches of a tenant of 100,000 rows, next to other tenants with 100,000
// more. The ways to find a page of 100:
//
//	unscoped  by a role to which no policy applies, with the same indexes
//	scoped    as a list does it: by the search function, with filter and policy,
//	          sorted by the client
//	policed   the unscoped statement with the policy, which can't use an index
//
// The numbers are calls per second. A cost is how many times as long as unscoped a way takes;
// scoped-cost may be at most 3.
//
//	go test -run '^$' -bench Search -benchtime 5x ./internal/postgrestest/benchtest
func BenchmarkSearch(b *testing.B) {
	s := fixture.NewSearchWorld(b, "SELECT '', '', '{}'::jsonb LIMIT 0")
	slow := benchPool(b, benchConnector(s.URL, pgdriver.WithReadTimeout(5*time.Minute)))
	_, err := slow.ExecContext(b.Context(),
		`INSERT INTO bailiwick.tenants (id, slug, name)
			SELECT gen_random_uuid(), 'bench-' || n, 'Bench' FROM generate_series(1, 10) n;
		INSERT INTO widgets (tenant_id, name, description, labels)
		SELECT tenant, 'widget-' || lpad(n::text, 6, '0'),
			'description of the thing ' || md5(n::text || tenant) ||
			CASE WHEN n % 10000 = 0 THEN ' rare' ELSE '' END ||
			CASE WHEN n % 50 = 0 THEN ' seldom' ELSE '' END ||
			CASE WHEN n > 50000 THEN ' late' ELSE '' END,
			jsonb_build_object('team', (n % 10)::text, 'few', (n / 20)::text)
		FROM generate_series(1, 100000) n, LATERAL (SELECT '`+s.Acme.String()+`'::uuid AS tenant
			UNION ALL SELECT id FROM bailiwick.tenants WHERE slug = 'bench-' || 1 + n % 10) tenants`)
	require.NoError(b, err)
	_, err = slow.ExecContext(b.Context(), "VACUUM ANALYZE widgets")
	require.NoError(b, err)
	fixture.Exec(b, s.Admin, `DO $$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_unscoped') THEN
				CREATE ROLE bench_unscoped LOGIN BYPASSRLS PASSWORD 'bench';
			END IF;
		END $$; GRANT SELECT ON widgets TO bench_unscoped`)
	unscoped := benchPool(b,
		benchConnector(fixture.WithUser(b, s.URL, url.UserPassword("bench_unscoped", "bench"))))
	for _, depth := range []struct{ name, after string }{
		{"first-page", ""}, {"deep-page", "widget-090000"}} {
		for _, search := range []struct {
			name, text string
			labels     any
		}{
			{"rare", "RARE", nil}, {"seldom", "seldom", nil}, {"common", "thing", nil},
			{"late", "late", nil}, {"none", "nothing", nil},
			{"short", "e", nil}, {"short-none", "qx", nil}, {"name", "widget-09123", nil},
			{"label", "", `{"team": "3"}`}, {"rare-label", "", `{"few": "77"}`},
			{"no-label", "", `{"few": "none"}`},
		} {
			b.Run(depth.name+"/"+search.name, func(b *testing.B) {
				compareSearches(b, s, unscoped, search.text, search.labels, depth.after)
			})
		}
	}
}

func compareSearches(
	b *testing.B, s fixture.SearchWorld, unscoped *bun.DB, text string, labels any, after string,
) {
	const columns = "SELECT t.id, t.name, t.description FROM widgets AS t WHERE t.tenant_id = ?0" +
		" AND "
	plain := columns + "t.name > ?3"
	var needle any
	if text != "" {
		needle = text
		plain += " AND (lower(t.name " + s.Fold + ") LIKE lower('%' || ?1 || '%' " + s.Fold +
			") OR lower(t.description " + s.Fold + ") LIKE lower('%' || ?1 || '%' " + s.Fold + "))"
	}
	if labels != nil {
		plain += " AND t.labels @> ?2"
	}
	plain += ` ORDER BY t.name LIMIT 100`
	ctx := tenancy.NewContext(b.Context(), s.Acme)
	find := func(raw func(string, ...any) *bun.RawQuery, query string) func() error {
		return func() error {
			var found []fixture.WidgetRow
			err := raw(query, s.Acme, needle, labels, after).Scan(ctx, &found)
			slices.SortFunc(found, func(a, b fixture.WidgetRow) int {
				return strings.Compare(a.Name, b.Name)
			})
			return err
		}
	}
	scoped := s.DB.Scoped(context.WithoutCancel(ctx)).NewRaw
	names := []string{"unscoped", "scoped", "policed"}
	rounds := takeTurns(b, 4, names, map[string]func() error{
		"unscoped": find(unscoped.NewRaw, plain),
		"scoped": find(scoped, columns+
			"t.id = ANY (ARRAY(SELECT bailiwick_search.widget(?1, ?2, ?3, 100))) LIMIT 100"),
		"policed": find(scoped, plain),
	})
	for _, name := range names {
		b.ReportMetric(rounds.rate(name), name+"/s")
	}
	b.ReportMetric(rounds.ratio("unscoped", "scoped"), "scoped-cost")
	b.ReportMetric(rounds.ratio("unscoped", "policed"), "policed-cost")
}
