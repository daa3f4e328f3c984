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

// BenchmarkScopedRead compares the ways to read rows of one tenant with the same statement
// unscoped:
//
//	unscoped    by a role to which no policy applies, without the setting
//	unsigned    one message, with a setting that the policy trusts
//	signed      one message, as this library sends it
//	set_config  BEGIN, set_config, the statement, COMMIT
//
// All have the tenant as a constant in the statement. The numbers are the throughput of all
// clients, medians over the rounds. The ratios are way/unscoped within a round; 1 means no cost.
// The network takes one millisecond in each direction.
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

// BenchmarkTenantCount measures what the number of tenants costs. All tenants have the same number
// of rows, and all rows fit in memory. A cost is the throughput with few tenants divided by that
// with many: 1 means no cost, 2 means half as fast. A larger table is slower to read without
// tenancy, too: that is unscoped-cost. The rest of signed-cost is the cost of tenancy.
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
			names := []string{"signed-few", "signed-many", "unscoped-few", "unscoped-many"}
			rounds := takeTurns(b, clients, names, ways)
			b.ReportMetric(rounds.rate("signed-few"), "signed-few/s")
			b.ReportMetric(rounds.rate("signed-many"), "signed-many/s")
			b.ReportMetric(rounds.ratio("signed-few", "signed-many"), "signed-cost")
			b.ReportMetric(rounds.ratio("unscoped-few", "unscoped-many"), "unscoped-cost")
			b.ReportMetric(rounds.ratio("signed-few", "unscoped-few")/rounds.ratio("signed-many",
				"unscoped-many"), "tenancy-cost")
		})
	}
}

// benchRead reads one or several rows of the tenant of row.
type benchRead func(ctx context.Context, q *bun.SelectQuery, row benchRow) error

func readOne(ctx context.Context, q *bun.SelectQuery, row benchRow) error {
	var found fixture.WidgetRow
	return q.Model(&found).Where("id = ?", row.ID).Scan(ctx)
}

func readList(ctx context.Context, q *bun.SelectQuery, _ benchRow) error {
	var found []fixture.WidgetRow
	return q.Model(&found).Order("name").Limit(50).Scan(ctx)
}

// compare measures a read in each of the ways of [BenchmarkScopedRead].
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

// ways returns the ways to read a row of a random tenant, by name.
func (w *benchWorld) ways(read benchRead) map[string]func() error {
	// filtered adds the condition that the library adds to a scoped query.
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
