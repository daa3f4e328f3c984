package benchtest

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkPolicyForm shows why the policy calls current_tenant() in a sub-select: it compares the
// throughput with that of the direct call, which some engines need. The sub-select calls the
// function once per statement. The direct form calls it once for each row that no index condition
// selects, for example in a scan by raw SQL or in a bulk insert.
//
//	go test -run '^$' -bench PolicyForm -benchtime 20x ./internal/postgrestest/benchtest
func BenchmarkPolicyForm(b *testing.B) {
	const clients = 4
	w := newBenchWorld(b, 2, 10_000, 0)
	forms := map[string]string{
		"sub-select": "tenant_id = (SELECT bailiwick.current_tenant())",
		"direct":     "tenant_id = bailiwick.current_tenant()",
	}
	for name, way := range map[string]func() error{
		"primary-key": w.ways(readOne)["signed"],
		"scan":        w.scan,
		"bulk-insert": w.bulkInsert,
	} {
		b.Run(name, func(b *testing.B) {
			all := rounds{}
			for b.Loop() {
				for form, condition := range forms {
					w.exec(b, "ALTER POLICY bailiwick_tenant ON widgets USING ("+condition+
						") WITH CHECK ("+condition+")")
					rate, err := throughput(clients, turn, way)
					require.NoError(b, err)
					all[form] = append(all[form], rate)
				}
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(all.rate("sub-select"), "sub-select/s")
			b.ReportMetric(all.ratio("direct", "sub-select"), "direct-ratio")
		})
	}
}

// scan reads a tenant's rows by raw SQL that uses no index.
func (w *benchWorld) scan() error {
	return w.rolledBack(func(ctx context.Context, tx *postgres.Scoped, _ tenancy.ID) error {
		_, err := tx.NewRaw("SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off;" +
			" SET LOCAL enable_indexonlyscan = off").Exec(ctx)
		if err != nil {
			return err
		}
		var rows int
		return tx.NewRaw("SELECT count(*) FROM widgets WHERE description <> ''").Scan(ctx, &rows)
	})
}

// bulkInsert writes 1,000 rows. They name their tenant, since the column's default would call
// current_tenant() for each row, whatever the policy's form.
func (w *benchWorld) bulkInsert() error {
	return w.rolledBack(func(ctx context.Context, tx *postgres.Scoped, tenant tenancy.ID) error {
		_, err := tx.NewRaw("INSERT INTO widgets (tenant_id, name) SELECT ?, gen_random_uuid()"+
			" FROM generate_series(1, 1000)", tenant).Exec(ctx)
		return err
	})
}

var errRolledBack = errors.New("rolled back")

// rolledBack runs fn in a transaction of a random tenant and rolls it back.
func (w *benchWorld) rolledBack(
	fn func(ctx context.Context, tx *postgres.Scoped, tenant tenancy.ID) error,
) error {
	tenant := w.rows[rand.N(len(w.rows))].TenantID
	ctx := tenancy.NewContext(w.ctx, tenant)
	err := w.db.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		if err := fn(ctx, tx, tenant); err != nil {
			return err
		}
		return errRolledBack
	})
	if errors.Is(err, errRolledBack) {
		return nil
	}
	return err
}
