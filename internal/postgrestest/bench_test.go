package postgrestest

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The ways to read for one tenant, each against the same statement unscoped.
// One run takes turns among them, since a machine's speed drifts; the figures
// are medians, and the ratios are unscoped/way: 1 would be no cost at all.
//
//	go test -run '^$' -bench ScopedRead ./internal/postgrestest
func BenchmarkScopedRead(b *testing.B) {
	w := newBenchWorld(b)
	b.Run("primary-key", func(b *testing.B) {
		read := func(q *bun.SelectQuery) error {
			var row widgetRow
			return q.Model(&row).Where("id = ?", w.ids[rand.N(len(w.ids))]).Scan(w.ctx)
		}
		w.compare(b, read)
	})
	b.Run("list-of-50", func(b *testing.B) {
		read := func(q *bun.SelectQuery) error {
			var rows []widgetRow
			return q.Model(&rows).Order("name").Limit(50).Scan(w.ctx)
		}
		w.compare(b, read)
	})
}

type benchWorld struct {
	ctx      context.Context
	db       *postgres.DB
	unscoped *bun.DB // the superuser: no policy, no setting
	tenant   tenancy.ID
	ids      []string
}

func newBenchWorld(b *testing.B) *benchWorld {
	b.Helper()
	databaseURL := migrated(b, true)
	db, err := postgres.Open(b.Context(), options(databaseURL, true))
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	w := &benchWorld{db: db, tenant: tenancy.NewID()}
	w.ctx = tenancy.NewContext(b.Context(), w.tenant)
	w.unscoped = bun.NewDB(sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(databaseURL))), pgdialect.New())
	b.Cleanup(func() { require.NoError(b, w.unscoped.Close()) })
	_, err = db.Tenants().Create(b.Context(), tenancy.Tenant{ID: w.tenant, Slug: "bench", Name: "Bench", State: tenancy.Active})
	require.NoError(b, err)
	_, err = w.unscoped.NewRaw(`INSERT INTO widgets (tenant_id, name, description)
		SELECT t, 'widget-' || n, repeat('description ', 10) FROM unnest(ARRAY[?0, ?1]::uuid[]) t, generate_series(1, 10000) n`,
		w.tenant, tenancy.DefaultID).Exec(b.Context())
	require.NoError(b, err)
	_, err = w.unscoped.ExecContext(b.Context(), "ANALYZE widgets")
	require.NoError(b, err)
	require.NoError(b, w.unscoped.NewRaw("SELECT id::text FROM widgets WHERE tenant_id = ? LIMIT 1000", w.tenant).Scan(b.Context(), &w.ids))
	return w
}

// compare measures read unscoped, scoped in one message, and the usual way:
// BEGIN, set_config, the query, COMMIT.
func (w *benchWorld) compare(b *testing.B, read func(*bun.SelectQuery) error) {
	ways := map[string]func() error{
		"unscoped": func() error { return read(w.unscoped.NewSelect().Where("?TableAlias.tenant_id = ?", w.tenant)) },
		"scoped":   func() error { return read(w.db.Scoped(w.ctx).NewSelect()) },
		"set_config": func() error {
			return w.unscoped.RunInTx(w.ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewRaw("SELECT set_config('bailiwick.tenant', ?, true)", w.tenant.String()).Exec(ctx); err != nil {
					return err
				}
				return read(tx.NewSelect().Where("?TableAlias.tenant_id = ?", w.tenant))
			})
		},
	}
	times := map[string][]time.Duration{}
	names := []string{"unscoped", "scoped", "set_config"}
	for b.Loop() {
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			for range turn {
				begin := time.Now()
				err := ways[name]()
				times[name] = append(times[name], time.Since(begin))
				if err != nil {
					b.Fatal(name, err)
				}
			}
		}
	}
	unscoped := median(times["unscoped"])
	b.ReportMetric(0, "ns/op")
	for name, taken := range times {
		b.ReportMetric(float64(median(taken).Microseconds()), "µs/"+name)
		if name != "unscoped" {
			b.ReportMetric(float64(unscoped)/float64(median(taken)), name+"-ratio")
		}
	}
}

// turn is how many reads one way has before the next: few enough that a drift of
// the machine meets all, many enough that each runs as it does when alone.
const turn = 100

func median(taken []time.Duration) time.Duration {
	slices.Sort(taken)
	return taken[len(taken)/2]
}
