package benchtest

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkSQLRead compares DB.SQL, prepared or not, with a plain *sql.DB of pgdriver, which has
// no tenant and reads by a role to which no policy applies. The statement is the same: the primary
// key of one row. "scoped" reads it through DB.Scoped. The numbers are those of
// [BenchmarkScopedRead].
//
//	go test -run '^$' -bench SQLRead -benchtime 20x ./internal/postgrestest/benchtest
func BenchmarkSQLRead(b *testing.B) {
	const byKey = "SELECT name FROM widgets WHERE tenant_id = $1 AND id = $2"
	w := newBenchWorld(b, 2, 10_000, 0)
	prepared, err := w.db.SQL().PrepareContext(w.ctx, byKey)
	if err != nil {
		b.Fatal(err)
	}
	defer prepared.Close()
	rows := map[string]func(ctx context.Context, row benchRow) *sql.Row{
		"plain": func(ctx context.Context, row benchRow) *sql.Row {
			return w.unscoped.DB.QueryRowContext(ctx, byKey, row.TenantID.String(), row.ID)
		},
		"sql": func(ctx context.Context, row benchRow) *sql.Row {
			return w.db.SQL().QueryRowContext(ctx, byKey, row.TenantID.String(), row.ID)
		},
		"prepared": func(ctx context.Context, row benchRow) *sql.Row {
			return prepared.QueryRowContext(ctx, row.TenantID.String(), row.ID)
		},
		"scoped": func(ctx context.Context, row benchRow) *sql.Row {
			return w.db.Scoped(ctx).QueryRowContext(ctx,
				"SELECT name FROM widgets WHERE tenant_id = ? AND id = ?", row.TenantID, row.ID)
		},
	}
	ways := map[string]func() error{}
	for name, read := range rows {
		ways[name] = func() error {
			row := w.rows[rand.N(len(w.rows))]
			var found string
			return read(tenancy.NewContext(w.ctx, row.TenantID), row).Scan(&found)
		}
	}
	names := []string{"plain", "sql", "prepared", "scoped"}
	for _, clients := range []int{4, 16} {
		b.Run(fmt.Sprintf("%d-clients", clients), func(b *testing.B) {
			measured := takeTurns(b, clients, names, ways)
			for _, name := range names {
				b.ReportMetric(measured.rate(name), name+"/s")
			}
			b.ReportMetric(measured.ratio("sql", "plain"), "sql-ratio")
			b.ReportMetric(measured.ratio("sql", "scoped"), "sql-to-scoped")
		})
	}
}
