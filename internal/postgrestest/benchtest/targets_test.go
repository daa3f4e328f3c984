package benchtest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkAuditTarget measures the history of one resource in a log of 200,000 entries, 20 of
// them about it. The numbers are medians.
//
//	go test -run '^$' -bench AuditTarget -benchtime 50x ./internal/postgrestest/benchtest
func BenchmarkAuditTarget(b *testing.B) {
	database := fixture.MigratedURL(b, true)
	super := benchPool(b, benchConnector(database, pgdriver.WithReadTimeout(5*time.Minute))).DB
	s := fixture.Open(b, fixture.Options(database, true)).Services()
	fixture.Exec(b, super, `INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)
		SELECT '`+tenancy.DefaultID.String()+`', n, gen_random_uuid(), now(),
		  jsonb_build_object('action', 'resource.update', 'actor', jsonb_build_object('id', 'u'),
		    'target', jsonb_build_object('kind', 'widget', 'name', 'w' || n % 10000))::text,
		  sha256(n::text::bytea) FROM generate_series(1, 200000) n`)
	fixture.Exec(b, super, "VACUUM ANALYZE bailiwick.audit")
	for name, filter := range map[string]ports.AuditFilter{
		"one":  {TargetKind: "widget", TargetName: "w77"},
		"none": {TargetKind: "widget", TargetName: "unknown"},
	} {
		b.Run(name, func(b *testing.B) {
			reportMedian(b, func() {
				found, err := s.Audit.List(b.Context(), tenancy.DefaultID,
					ports.AuditQuery{AuditFilter: filter, Limit: 100})
				require.NoError(b, err)
				require.Len(b, found, map[string]int{"one": 20}[name])
			})
		})
	}
}
