package benchtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkUsage counts the items of a tenant that has 100,000, next to another one's, up to
// 10,000 and all. The numbers are medians.
//
//	go test -run '^$' -bench Usage -benchtime 50x ./internal/postgrestest/benchtest
func BenchmarkUsage(b *testing.B) {
	database := fixture.MigratedURL(b, true)
	super := benchPool(b, benchConnector(database, pgdriver.WithReadTimeout(5*time.Minute))).DB
	s := fixture.Open(b, fixture.Options(database, true)).Services()
	fixture.Exec(b, super, "INSERT INTO bailiwick.tenants (id, slug, name)"+
		" VALUES (gen_random_uuid(), 'other', 'Other')")
	fixture.Exec(b, super, "BEGIN; SET LOCAL session_replication_role = replica;"+
		" INSERT INTO widgets (tenant_id, name) SELECT t.id, 'w' || n FROM bailiwick.tenants t,"+
		" generate_series(1, 100000) n; COMMIT")
	fixture.Exec(b, super, "ANALYZE widgets")
	for _, most := range []int64{10_000, 200_000} {
		b.Run(fmt.Sprint("up to ", most), func(b *testing.B) {
			reportMedian(b, func() {
				counts, err := s.Resources.Count(context.Background(), tenancy.DefaultID,
					map[string]int64{"widget": most})
				require.NoError(b, err)
				require.Equal(b, min(most, 100_000), counts["widget"])
			})
		})
	}
}
