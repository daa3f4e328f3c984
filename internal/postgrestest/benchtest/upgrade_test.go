package benchtest

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BenchmarkLogUpgrade measures the upgrade of a log with a million entries that have no
// key of their target, and how long writes wait meanwhile: an instance appends entries without a
// pause. The wait is the slowest append, and median-ms the median.
//
//	go test -run '^$' -bench LogUpgrade -benchtime 1x ./internal/postgrestest/benchtest
func BenchmarkLogUpgrade(b *testing.B) {
	for b.Loop() {
		o := fixture.Options(fixture.MigratedURL(b, true), true)
		db := fixture.Open(b, o)
		fillOldLog(b, o.URL)
		ctx, stop := context.WithCancel(b.Context())
		appends := make(chan []time.Duration)
		go func() { appends <- appendUntil(ctx, b, db) }()

		begin := time.Now()
		require.NoError(b, postgres.Migrate(b.Context(), o))
		took := time.Since(begin)
		stop()
		all := <-appends
		slices.Sort(all)
		b.ReportMetric(0, "ns/op")
		b.ReportMetric(took.Seconds(), "upgrade-s")
		b.ReportMetric(milliseconds(all[len(all)-1]), "wait-ms")
		b.ReportMetric(milliseconds(all[len(all)/2]), "median-ms")
		b.ReportMetric(float64(len(all)), "appends")
	}
}

func milliseconds(d time.Duration) float64 { return 1000 * d.Seconds() }

// appendUntil appends entries until ctx ends, and returns how long each took.
func appendUntil(ctx context.Context, b *testing.B, db *postgres.DB) (all []time.Duration) {
	for ctx.Err() == nil {
		begin := time.Now()
		err := db.Services().Audit.Append(b.Context(), tenancy.DefaultID, tenancy.Event{
			Action: "resource.update", Target: tenancy.AuditTarget{Kind: "widget", Name: "w"}})
		all = append(all, time.Since(begin))
		if err != nil {
			b.Error(err)
			return all
		}
	}
	return all
}

// fillOldLog makes the log one of the version before, with a million entries of 100 tenants.
func fillOldLog(b *testing.B, databaseURL string) {
	b.Helper()
	super := benchPool(b, benchConnector(databaseURL, pgdriver.WithReadTimeout(10*time.Minute))).DB
	for _, name := range []string{"20261205000001_audit_target_index", "20261205000000_audit_targets"} {
		down, err := os.ReadFile("../../../adapters/postgres/internal/migrations/" + name + ".down.sql")
		require.NoError(b, err)
		fixture.Exec(b, super, string(down))
	}
	fixture.Exec(b, super, "DELETE FROM bailiwick.migrations WHERE name ~ '^2026120500000[01]$'")
	fixture.Exec(b, super, `INSERT INTO bailiwick.audit (tenant_id, seq, id, at, text, hash)
		SELECT md5((n % 100)::text)::uuid, n, gen_random_uuid(), now(), jsonb_build_object(
		    'seq', n, 'id', gen_random_uuid(), 'at', now(), 'tenant_id', md5((n % 100)::text)::uuid,
		    'tenant_slug', 'tenant', 'action', 'resource.update', 'outcome', 'ok', 'ip', '192.0.2.1',
		    'request_id', gen_random_uuid(), 'actor', jsonb_build_object('kind', 'user', 'id',
		      gen_random_uuid(), 'name', 'ada@example.com'),
		    'target', jsonb_build_object('kind', 'widget', 'name', 'w' || n % 10000),
		    'details', '{}'::jsonb)::text,
		  sha256(n::text::bytea) FROM generate_series(1, 1000000) n`)
	fixture.Exec(b, super, "VACUUM ANALYZE bailiwick.audit")
}
