package postgrestest

import (
	"context"
	"database/sql"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
)

// Why the policy reads the setting itself: its throughput, against that of the
// form that asks a function in a sub-select. A read of one row gains, since the
// planner has less to do; a scan by raw SQL that no index serves asks once for
// each row, and loses.
//
//	go test -run '^$' -bench PolicyForm -benchtime 20x ./internal/postgrestest
func BenchmarkPolicyForm(b *testing.B) {
	w := newBenchWorld(b)
	forms := map[string]string{
		"sub-select": "tenant_id = (SELECT bailiwick.current_tenant())",
		"direct":     "tenant_id = nullif(current_setting('bailiwick.tenant', true), '')::uuid",
	}
	reads := map[string]func() error{
		"primary-key": func() error {
			var row widgetRow
			return w.db.Scoped(w.ctx).NewSelect().Model(&row).Where("id = ?", w.ids[rand.N(len(w.ids))]).Scan(w.ctx)
		},
		"scan": w.scan,
	}
	for name, read := range reads {
		b.Run(name, func(b *testing.B) {
			var ratios []float64
			for b.Loop() {
				round := map[string]float64{}
				for form, condition := range forms {
					_, err := w.admin.ExecContext(b.Context(), "ALTER POLICY bailiwick_tenant ON widgets USING ("+condition+")")
					require.NoError(b, err)
					round[form], err = throughput(read)
					require.NoError(b, err)
				}
				ratios = append(ratios, round["direct"]/round["sub-select"])
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(median(ratios), "direct-ratio")
		})
	}
}

// scan reads a tenant's rows by raw SQL that no index serves.
func (w *benchWorld) scan() error {
	return w.db.Scoped(w.ctx).RunInTx(w.ctx, &sql.TxOptions{ReadOnly: true}, func(ctx context.Context, tx *postgres.Scoped) error {
		_, err := tx.NewRaw("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off").Exec(ctx)
		if err != nil {
			return err
		}
		var rows int
		return tx.NewRaw("SELECT count(*) FROM widgets WHERE description <> ''").Scan(ctx, &rows)
	})
}
