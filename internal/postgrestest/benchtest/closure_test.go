package benchtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// closureItems is the number of items of each tenant of BenchmarkClosure.
const closureItems = 100_000

// closureShapes fill a tenant, $1, with items to all of which the widget w1 leads.
var closureShapes = map[string]string{
	// each widget refers to the next one
	"chain": `INSERT INTO widgets (tenant_id, id, name, parent_id)
		SELECT $1, ('0000000'||lpad(to_hex(n), 25, '0'))::uuid, 'w'||n,
		CASE WHEN n < 100000 THEN ('0000000'||lpad(to_hex(n + 1), 25, '0'))::uuid END
		FROM generate_series(1, 100000) n`,

	// one widget refers to all parts
	"wide": `WITH p AS (INSERT INTO parts (tenant_id, id, name)
			SELECT $1, ('0000000'||lpad(to_hex(n), 25, '0'))::uuid, 'p'||n FROM generate_series(1, 99999) n
			RETURNING tenant_id, id),
		w AS (INSERT INTO widgets (tenant_id, id, name)
			VALUES ($1, '00000000-0000-0000-0000-000000000001', 'w1'))
		INSERT INTO widget_parts (tenant_id, widget_id, part_id, position)
		SELECT tenant_id, '00000000-0000-0000-0000-000000000001', id, row_number() OVER () FROM p`,

	// a binary tree of widgets with rings, each of which refers to a maker and to five parts
	"tree": `WITH m AS (INSERT INTO makers (tenant_id, id, name)
			SELECT $1, ('0000000'||lpad(to_hex(n), 25, '0'))::uuid, 'm'||n FROM generate_series(0, 24999) n),
		p AS (INSERT INTO parts (tenant_id, id, name)
			SELECT $1, ('0000000'||lpad(to_hex(n), 25, '0'))::uuid, 'p'||n FROM generate_series(0, 24999) n),
		w AS (INSERT INTO widgets (tenant_id, id, name, parent_id, base_id, maker_id)
			SELECT $1, ('0000000'||lpad(to_hex(n), 25, '0'))::uuid, 'w'||n,
			('0000000'||lpad(to_hex(1 + 2 * n % 50000), 25, '0'))::uuid,
			('0000000'||lpad(to_hex(1 + (2 * n - 1) % 50000), 25, '0'))::uuid,
			('0000000'||lpad(to_hex(n % 25000), 25, '0'))::uuid FROM generate_series(1, 50000) n)
		INSERT INTO widget_parts (tenant_id, widget_id, part_id, position)
		SELECT $1, ('0000000'||lpad(to_hex(n), 25, '0'))::uuid,
			('0000000'||lpad(to_hex((n * 5 + i) % 25000), 25, '0'))::uuid, i
		FROM generate_series(1, 50000) n, generate_series(1, 5) i`,
}

// BenchmarkClosure measures the export of one widget with the 100,000 items that it leads to, and
// of all items without a selection. The times are the fastest, in milliseconds.
//
//	go test -run '^$' -bench Closure -benchtime 5x ./internal/postgrestest/benchtest
func BenchmarkClosure(b *testing.B) {
	database := fixture.MigratedURL(b, true)
	owner := benchPool(b, benchConnector(database, pgdriver.WithReadTimeout(5*time.Minute))).DB
	s := fixture.Open(b, fixture.Options(database, true)).Services()
	for _, name := range []string{"chain", "wide", "tree"} {
		tenant := tenancy.NewID()
		fixture.Exec(b, owner, fmt.Sprintf("INSERT INTO bailiwick.tenants (id, slug, name)"+
			" VALUES ('%s', '%s', 'T')", tenant, name))
		fixture.Exec(b, owner, "SET session_replication_role = replica")
		_, err := owner.ExecContext(b.Context(), closureShapes[name], tenant.String())
		require.NoError(b, err)
		fixture.Exec(b, owner, "VACUUM ANALYZE")
		b.Run(name, func(b *testing.B) {
			fastest := map[string]time.Duration{}
			for b.Loop() {
				for way, sel := range map[string]ports.Selection{"all": {},
					"closure": {Names: []string{"w1"}, WithReferences: true}} {
					took := exportAll(b, s, tenant, sel)
					if before, ok := fastest[way]; !ok || took < before {
						fastest[way] = took
					}
				}
			}
			b.ReportMetric(0, "ns/op")
			for way, took := range fastest {
				b.ReportMetric(float64(took.Milliseconds()), way+"-ms")
			}
		})
	}
}

// exportAll returns how long an export of all items takes.
func exportAll(
	b *testing.B, s ports.Services, tenant tenancy.ID, sel ports.Selection,
) time.Duration {
	b.Helper()
	begin, found := time.Now(), 0
	err := s.Transfers.Export(b.Context(), tenant, sel,
		func(federation.Item) error { found++; return nil })
	require.NoError(b, err)
	require.Equal(b, closureItems, found)
	return time.Since(begin)
}
