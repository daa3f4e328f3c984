package postgrestest

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The ways to read for one tenant, each against the same statement unscoped, as
// throughput of a few clients: a single one mostly measures how fast an idle
// machine wakes. One run takes turns among the ways, since a machine's speed
// drifts; the figures are medians over the rounds, and the ratios are
// way/unscoped within a round: 1 would be no cost at all.
//
//	go test -run '^$' -bench ScopedRead -benchtime 20x ./internal/postgrestest
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
	unscoped *bun.DB // an ordinary role that no policy holds, and no setting
	admin    *sql.DB
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
	w.admin = owner(b, databaseURL)
	_, err = w.admin.ExecContext(b.Context(), "DROP ROLE IF EXISTS unscoped; CREATE ROLE unscoped LOGIN BYPASSRLS PASSWORD 'unscoped'; GRANT SELECT ON widgets TO unscoped")
	require.NoError(b, err)
	plain := as(b, databaseURL, url.UserPassword("unscoped", "unscoped"))
	w.unscoped = bun.NewDB(sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(plain), pgdriver.WithBufferSize(64<<10))), pgdialect.New())
	w.unscoped.SetMaxIdleConns(clients)
	b.Cleanup(func() { require.NoError(b, w.unscoped.Close()) })
	_, err = db.Tenants().Create(b.Context(), tenancy.Tenant{ID: w.tenant, Slug: "bench", Name: "Bench", State: tenancy.Active})
	require.NoError(b, err)
	_, err = w.admin.ExecContext(b.Context(), fmt.Sprintf(`INSERT INTO widgets (tenant_id, name, description)
		SELECT t, 'widget-' || n, repeat('description ', 10) FROM unnest(ARRAY['%s', '%s']::uuid[]) t, generate_series(1, 10000) n;
		ANALYZE widgets`, w.tenant, tenancy.DefaultID))
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
	names := []string{"unscoped", "scoped", "set_config"}
	rates, ratios := map[string][]float64{}, map[string][]float64{}
	for b.Loop() {
		round := map[string]float64{}
		rand.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
		for _, name := range names {
			rate, err := throughput(ways[name])
			if err != nil {
				b.Fatal(name, err)
			}
			round[name] = rate
			rates[name] = append(rates[name], rate)
		}
		for _, name := range names {
			ratios[name] = append(ratios[name], round[name]/round["unscoped"])
		}
	}
	b.ReportMetric(0, "ns/op")
	for _, name := range names {
		b.ReportMetric(median(rates[name]), name+"/s")
		if name != "unscoped" {
			b.ReportMetric(median(ratios[name]), name+"-ratio")
		}
	}
}

const (
	clients = 4
	turn    = 250 * time.Millisecond // one way's, within a round
)

// throughput is how often a second clients do it, all of them together.
func throughput(way func() error) (float64, error) {
	var group sync.WaitGroup
	var done atomic.Int64
	errs := make([]error, clients)
	begin := time.Now()
	for i := range errs {
		group.Go(func() {
			for errs[i] == nil && time.Since(begin) < turn {
				errs[i] = way()
				done.Add(1)
			}
		})
	}
	group.Wait()
	return float64(done.Load()) / time.Since(begin).Seconds(), errors.Join(errs...)
}

func median[T cmp.Ordered](values []T) T {
	slices.Sort(values)
	return values[len(values)/2]
}
