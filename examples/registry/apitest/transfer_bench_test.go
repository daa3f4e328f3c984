package apitest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const manyAgents = 100_000

// BenchmarkTransfer exports 100,000 agents of 1 KB from one tenant and imports them
// into another. It compares the times with those of psql's \copy for the same rows,
// from and to tables without row security and foreign keys. Peak memory is the growth
// of the Go heap.
//
//	go test -run '^$' -bench Transfer -benchtime 1x ./examples/registry/apitest
func BenchmarkTransfer(b *testing.B) {
	databaseURL := pgtest.Database(b)
	registryMigrations, err := kinds.Migrations()
	require.NoError(b, err)
	db, err := postgres.Open(b.Context(), postgres.Options{
		URL: databaseURL, MultiTenant: true, Tables: kinds.Tables(), Migrations: registryMigrations,
		SecretsKey: make([]byte, 32),
	})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, db.Close()) })
	owner := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(databaseURL),
		pgdriver.WithReadTimeout(10*time.Minute)))
	b.Cleanup(func() { require.NoError(b, owner.Close()) })

	from := benchTenant(b, db, "from")
	fillAgents(b, owner, from.ID)
	dir := b.TempDir()
	rows, bundle := filepath.Join(dir, "agents.copy"), filepath.Join(dir, "agents.bundle")
	service := promote.New(db.Services())
	for i := 0; b.Loop(); i++ {
		copyOut := timeOf(b, func() error {
			return psql(b, databaseURL, `\copy (SELECT * FROM agents WHERE tenant_id = '`+
				from.ID.String()+`') TO '`+rows+`'`)
		})
		exported := measure(b, func() error {
			return exportTo(b.Context(), service, from, bundle)
		})

		_, err := owner.ExecContext(b.Context(),
			"DROP TABLE IF EXISTS plain_agents; CREATE TABLE plain_agents (LIKE agents INCLUDING"+
				" ALL)")
		require.NoError(b, err)
		copyIn := timeOf(b, func() error {
			return psql(b, databaseURL, `\copy plain_agents FROM '`+rows+`'`)
		})
		into := benchTenant(b, db, fmt.Sprintf("into-%d", i))
		imported := measure(b, func() error {
			return importFrom(b.Context(), service, into, bundle)
		})

		b.ReportMetric(0, "ns/op")
		b.ReportMetric(manyAgents/exported.elapsed.Seconds(), "exported/s")
		b.ReportMetric(copyOut.Seconds()/exported.elapsed.Seconds(), "export-to-copy-ratio")
		b.ReportMetric(exported.peakMB, "export-MB")
		b.ReportMetric(manyAgents/imported.elapsed.Seconds(), "imported/s")
		b.ReportMetric(copyIn.Seconds()/imported.elapsed.Seconds(), "import-to-copy-ratio")
		b.ReportMetric(imported.peakMB, "import-MB")
	}
}

func benchTenant(b *testing.B, db *postgres.DB, slug string) tenancy.Tenant {
	b.Helper()
	t, err := db.Tenants().Create(b.Context(),
		tenancy.Tenant{ID: tenancy.NewID(), Slug: tenancy.Slug(slug), Name: slug,
			State: tenancy.Active})
	require.NoError(b, err)
	return t
}

func fillAgents(b *testing.B, owner *sql.DB, tenant tenancy.ID) {
	b.Helper()
	_, err := owner.ExecContext(b.Context(), fmt.Sprintf(`
		INSERT INTO agents (tenant_id, name, description, instructions, labels, spec)
		SELECT '%s', 'agent-' || n, 'Agent number ' || n, repeat('You review what others wrote. ', 30),
		  jsonb_build_object('team', 't' || n %% 10),
		  jsonb_build_object('tools', jsonb_build_array('Read', 'Grep', n))
		FROM generate_series(1, %d) n`, tenant, manyAgents))
	require.NoError(b, err)
	_, err = owner.ExecContext(b.Context(), "ANALYZE agents")
	require.NoError(b, err)
}

func exportTo(
	ctx context.Context, service *promote.Service, tenant tenancy.Tenant, path string,
) error {
	exported, err := service.Export(ctx, tenant, ports.Selection{})
	if err != nil {
		return err
	}
	defer exported.Close()
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = exported.WriteTo(file)
	return err
}

func importFrom(
	ctx context.Context, service *promote.Service, tenant tenancy.Tenant, path string,
) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	report, err := service.Import(ctx, tenant.ID, file, promote.Options{})
	if err != nil {
		return err
	}
	defer report.Close()
	_, err = report.WriteTo(io.Discard)
	return err
}

func psql(b *testing.B, databaseURL, command string) error {
	out, err := exec.CommandContext(b.Context(), "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
		databaseURL, "-c", command).CombinedOutput()
	if err != nil {
		return fmt.Errorf("psql: %w: %s", err, out)
	}
	return nil
}

func timeOf(b *testing.B, fn func() error) time.Duration {
	b.Helper()
	start := time.Now()
	require.NoError(b, fn())
	return time.Since(start)
}

// cost is the time of a function and the peak growth of the heap.
type cost struct {
	elapsed time.Duration
	peakMB  float64
}

func measure(b *testing.B, fn func() error) cost {
	b.Helper()
	runtime.GC()
	before := heapBytes()
	done, peak := make(chan struct{}), make(chan uint64)
	go func() { // ends with done; waited for by reading peak
		highest := before
		for {
			select {
			case <-done:
				peak <- highest
				return
			case <-time.After(5 * time.Millisecond):
				highest = max(highest, heapBytes())
			}
		}
	}()
	elapsed := timeOf(b, fn)
	close(done)
	return cost{elapsed, float64(<-peak-before) / (1 << 20)}
}

func heapBytes() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
