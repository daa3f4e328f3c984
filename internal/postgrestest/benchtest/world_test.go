package benchtest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net/url"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/internal/slownet"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// benchWorld is a database of many rows, with a pool for each way to read them.
type benchWorld struct {
	databaseURL string
	far         func(string) string // moves a URL to the far side of the network
	ctx         context.Context
	admin       *bun.DB
	db          *postgres.DB
	unscoped    *bun.DB    // of a role to which no policy applies
	plain       *bun.DB    // of a role to which an unsigned policy applies, on a copy of the table
	unsigned    *bun.DB    // of the same role, by unsignedConnector
	rows        []benchRow // a sample
}

type benchRow struct {
	TenantID tenancy.ID
	ID       uuid.UUID
}

// newBenchWorld makes tenants with rowsEach rows each. The network takes delay in each direction; 0
// means no network.
func newBenchWorld(b *testing.B, tenants, rowsEach int, delay time.Duration) *benchWorld {
	b.Helper()
	databaseURL := fixture.MigratedURL(b, true)
	w := &benchWorld{ctx: b.Context(), far: distance(b, databaseURL, delay),
		databaseURL: databaseURL}
	w.admin = benchPool(b, benchConnector(databaseURL, pgdriver.WithReadTimeout(5*time.Minute)))
	o := fixture.Options(databaseURL, true)
	o.AppURL, o.SystemURL = w.far(fixture.AppURL(b, databaseURL)),
		w.far(fixture.SystemURL(b, databaseURL))
	w.db = fixture.Open(b, o)    // which refuses a database that has
	w.fill(b, tenants, rowsEach) // a role to which no policy applies
	w.unscoped = benchPool(b, benchConnector(w.as(b, "bench_unscoped")))
	return w
}

// as returns the URL with which one of the benchmarks' roles logs in.
func (w *benchWorld) as(b *testing.B, role string) string {
	b.Helper()
	return w.far(fixture.WithUser(b, w.databaseURL, url.UserPassword(role, "bench")))
}

// distance returns a function that moves URLs to the far side of a network.
func distance(b *testing.B, databaseURL string, delay time.Duration) func(string) string {
	b.Helper()
	if delay == 0 {
		return func(near string) string { return near }
	}
	server, err := url.Parse(databaseURL)
	require.NoError(b, err)
	addr := slownet.Start(b, server.Host, delay)
	return func(near string) string {
		u, err := url.Parse(near)
		require.NoError(b, err)
		u.Host = addr
		return u.String()
	}
}

// fill makes the rows and the benchmarks' roles. Foreign keys aren't checked, to save time.
func (w *benchWorld) fill(b *testing.B, tenants, rowsEach int) {
	b.Helper()
	w.exec(b, fmt.Sprintf(`
		SET LOCAL session_replication_role = replica;
		INSERT INTO bailiwick.tenants (id, slug, name)
			SELECT gen_random_uuid(), 'bench-' || n, 'Bench' FROM generate_series(1, %d) n;
		INSERT INTO widgets (tenant_id, name, description) SELECT t.id, 'widget-' || n, 'one of many'
			FROM bailiwick.tenants t, generate_series(1, %d) n WHERE t.slug LIKE 'bench-%%' ORDER BY t.id, n;
		DO $$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'bench_unscoped') THEN
				CREATE ROLE bench_unscoped LOGIN BYPASSRLS PASSWORD 'bench';
				CREATE ROLE bench_policed LOGIN PASSWORD 'bench';
			END IF; END $$;
		GRANT SELECT ON widgets TO bench_unscoped`, tenants, rowsEach))
	w.exec(b, "VACUUM ANALYZE widgets")
	err := w.admin.NewRaw("SELECT tenant_id, id FROM widgets ORDER BY random() LIMIT 10000").
		Scan(b.Context(), &w.rows)
	require.NoError(b, err)
}

// copyUnsigned copies the rows to a table whose policy trusts the setting, and opens the pools that
// read it.
func (w *benchWorld) copyUnsigned(b *testing.B) {
	b.Helper()
	w.exec(b, `
		CREATE SCHEMA unsigned;
		CREATE TABLE unsigned.widgets (LIKE widgets INCLUDING ALL);
		INSERT INTO unsigned.widgets SELECT * FROM widgets;
		ALTER TABLE unsigned.widgets ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
		CREATE POLICY tenant ON unsigned.widgets
			USING (tenant_id = nullif(current_setting('bailiwick.tenant', true), '')::uuid);
		GRANT USAGE ON SCHEMA unsigned TO bench_policed;
		GRANT SELECT ON unsigned.widgets TO bench_policed`)
	w.exec(b, "VACUUM ANALYZE unsigned.widgets")
	onCopy := pgdriver.WithConnParams(map[string]any{"search_path": "unsigned"})
	connector := benchConnector(w.as(b, "bench_policed"), onCopy)
	w.plain, w.unsigned = benchPool(b, connector), benchPool(b, unsignedConnector{connector})
}

func (w *benchWorld) exec(b *testing.B, statements string) {
	b.Helper()
	_, err := w.admin.ExecContext(b.Context(), statements)
	require.NoError(b, err)
}

func benchConnector(databaseURL string, more ...pgdriver.Option) *pgdriver.Connector {
	return pgdriver.NewConnector(
		append(more, pgdriver.WithDSN(databaseURL), pgdriver.WithBufferSize(64<<10))...)
}

func benchPool(b *testing.B, connector driver.Connector) *bun.DB {
	b.Helper()
	pool := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	pool.SetMaxIdleConns(25)
	b.Cleanup(func() { require.NoError(b, pool.Close()) })
	return pool
}

// unsignedConnector sends the tenant with each query as the library's connector does, but without a
// signature. It doesn't scope writes.
type unsignedConnector struct{ *pgdriver.Connector }

func (c unsignedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	opened, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return unsignedConn{opened.(*pgdriver.Conn)}, nil
}

type unsignedConn struct{ *pgdriver.Conn }

func (c unsignedConn) QueryContext(
	ctx context.Context, query string, args []driver.NamedValue,
) (driver.Rows, error) {
	tenant, err := tenancy.FromContext(ctx)
	if err != nil {
		return nil, err
	}
	return c.Conn.QueryContext(ctx, "SET LOCAL bailiwick.tenant='"+tenant.String()+"';"+query, args)
}
