package benchtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The ways to read for one tenant, each against the same statement unscoped:
//
//	unscoped    a role that no policy holds, and no setting
//	unsigned    one message, with a setting that the policy believes
//	signed      one message, as this library sends it
//	set_config  BEGIN, set_config, the statement, COMMIT
//
// All carry the tenant as a constant in the statement. The figures are the
// throughput of all clients, as medians over the rounds; the ratios are
// way/unscoped within a round: 1 would be no cost at all. The network takes a
// millisecond each way.
//
//	go test -run '^$' -bench ScopedRead -benchtime 20x ./internal/postgrestest/benchtest
func BenchmarkScopedRead(b *testing.B) {
	for _, network := range []struct {
		name  string
		delay time.Duration
	}{{"loopback", 0}, {"network", time.Millisecond}} {
		b.Run(network.name, func(b *testing.B) {
			w := newBenchWorld(b, 2, 10_000, network.delay)
			w.copyUnsigned(b)
			for _, clients := range []int{4, 16} {
				b.Run(fmt.Sprintf("%d-clients", clients), func(b *testing.B) {
					b.Run("primary-key", func(b *testing.B) { w.compare(b, clients, readOne) })
					b.Run("list-of-50", func(b *testing.B) { w.compare(b, clients, readList) })
				})
			}
		})
	}
}

// What the number of tenants costs, each with as many rows, all of which fit in
// memory: throughput among few tenants against that among many, 1 being flat and
// 2 being half as fast. A greater table is slower to read for anybody, by
// unscoped-cost; what is left of signed-cost without that is tenancy's own.
//
//	go test -run '^$' -bench TenantCount -benchtime 20x ./internal/postgrestest/benchtest
func BenchmarkTenantCount(b *testing.B) {
	const few, many, rows, clients = 10, 10_000, 50, 16
	worlds := map[string]*benchWorld{"few": newBenchWorld(b, few, rows, 0),
		"many": newBenchWorld(b, many, rows, 0)}
	for name, read := range map[string]benchRead{"primary-key": readOne, "list-of-50": readList} {
		b.Run(name, func(b *testing.B) {
			ways := map[string]func() error{}
			for of, w := range worlds {
				for way, do := range w.ways(read) {
					ways[way+"-"+of] = do
				}
			}
			wanted := []string{"signed-few", "signed-many", "unscoped-few", "unscoped-many"}
			rounds := takeTurns(b, clients, wanted, ways)
			b.ReportMetric(rounds.rate("signed-few"), "signed-few/s")
			b.ReportMetric(rounds.rate("signed-many"), "signed-many/s")
			b.ReportMetric(rounds.ratio("signed-few", "signed-many"), "signed-cost")
			b.ReportMetric(rounds.ratio("unscoped-few", "unscoped-many"), "unscoped-cost")
			b.ReportMetric(rounds.ratio("signed-few", "unscoped-few")/rounds.ratio("signed-many",
				"unscoped-many"), "tenancy-cost")
		})
	}
}

// benchRead is a read of one of a tenant's rows, or of some.
type benchRead func(ctx context.Context, q *bun.SelectQuery, row benchRow) error

func readOne(ctx context.Context, q *bun.SelectQuery, row benchRow) error {
	var found fixture.WidgetRow
	return q.Model(&found).Where("id = ?", row.ID).Scan(ctx)
}

func readList(ctx context.Context, q *bun.SelectQuery, _ benchRow) error {
	var found []fixture.WidgetRow
	return q.Model(&found).Order("name").Limit(50).Scan(ctx)
}

// compare measures read in every way.
func (w *benchWorld) compare(b *testing.B, clients int, read benchRead) {
	names := []string{"unscoped", "unsigned", "signed", "set_config"}
	rounds := takeTurns(b, clients, names, w.ways(read))
	for _, name := range names {
		b.ReportMetric(rounds.rate(name), name+"/s")
		if name != "unscoped" {
			b.ReportMetric(rounds.ratio(name, "unscoped"), name+"-ratio")
		}
	}
}

// ways are the ways to read a row of a random tenant.
func (w *benchWorld) ways(read benchRead) map[string]func() error {
	// filtered adds to an unscoped query what the library adds to a scoped one.
	filtered := func(q *bun.SelectQuery, row benchRow) *bun.SelectQuery {
		return q.Where("?TableAlias.tenant_id = ?", row.TenantID)
	}
	ways := map[string]func(ctx context.Context, row benchRow) error{
		"unscoped": func(ctx context.Context, row benchRow) error {
			return read(ctx, filtered(w.unscoped.NewSelect(), row), row)
		},
		"unsigned": func(ctx context.Context, row benchRow) error {
			return read(ctx, filtered(w.unsigned.NewSelect(), row), row)
		},
		"signed": func(ctx context.Context, row benchRow) error {
			return read(ctx, w.db.Scoped(ctx).NewSelect(), row)
		},
		"set_config": func(ctx context.Context, row benchRow) error {
			return w.plain.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.NewRaw("SELECT set_config('bailiwick.tenant', ?, true)",
					row.TenantID.String()).Exec(ctx); err != nil {
					return err
				}
				return read(ctx, filtered(tx.NewSelect(), row), row)
			})
		},
	}
	bound := map[string]func() error{}
	for name, way := range ways {
		bound[name] = func() error {
			row := w.rows[rand.N(len(w.rows))]
			return way(tenancy.NewContext(w.ctx, row.TenantID), row)
		}
	}
	return bound
}
