package pgbouncertest

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgbouncer"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	stormClients = 50
	stormTenants = 20
	stormRows    = 5 // of each tenant

	killEvery    = 250 * time.Millisecond
	inspectEvery = 5 * time.Millisecond
	refusedPause = 50 * time.Millisecond
)

// stormStatements is how many statements the storm runs. CI runs ten times as many as the default:
//
//	go test -v -run NoRowCrossesAndNothing ./internal/postgrestest/pgbouncertest -storm 200000
var stormStatements = flag.Int("storm", 20_000,
	"how many `statements` the storm through PgBouncer runs")

func TestNoRowCrossesAndNothingStaysBehindInASharedSession(t *testing.T) {
	t.Parallel()
	newStorm(t, fixture.Options(fixture.MigratedURL(t, true), true)).run(t, *stormStatements)
}

// storm is many clients of many tenants that share two server connections, while statements are
// cancelled and server connections are killed at random.
type storm struct {
	db      *postgres.DB
	pooled  *sql.DB // the application's role through the pooler, unscoped
	admin   *sql.DB
	tenants []tenancy.ID
	fresh   session

	succeeded, cancelled, severed, killed, inspected atomic.Int64

	mu     sync.Mutex
	faults map[string]int
}

func newStorm(t *testing.T, o postgres.Options) *storm {
	t.Helper()
	p := fixture.StartPooler(t)
	o.MaxConns = stormClients
	o.SkipMigrations = true // a migration would change the role's settings while it has sessions
	s := &storm{
		db:     fixture.Open(t, p.Through(t, o)),
		pooled: fixture.Superuser(t, p.URL(fixture.AppURL(t, o.URL))),
		admin:  fixture.Superuser(t, o.URL),
		fresh:  freshSession(t, o.URL), faults: map[string]int{},
	}
	for i := range stormTenants {
		tenant := tenancy.NewID()
		s.tenants = append(s.tenants, tenant)
		fixture.Exec(t, s.admin, fmt.Sprintf(`
			INSERT INTO bailiwick.tenants (id, slug, name) VALUES ('%[1]s', 'storm-%[2]d', 'Storm');
			INSERT INTO widgets (tenant_id, name, description)
			SELECT '%[1]s', 'w' || n, '%[1]s' FROM generate_series(1, %[3]d) n`,
			tenant, i, stormRows))
	}
	return s
}

// run runs so many statements in total. It requires that none of them read or wrote a row of
// another tenant, and that no session kept any state.
func (s *storm) run(t *testing.T, statements int) {
	t.Helper()
	begin := time.Now()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var clients, others sync.WaitGroup
	others.Go(func() { s.every(ctx, killEvery, s.kill) })
	others.Go(func() { s.every(ctx, inspectEvery, s.inspect) })
	for client := range stormClients {
		random := rand.New(rand.NewPCG(uint64(client), uint64(statements)))
		clients.Go(func() {
			for range statements / stormClients {
				s.step(ctx, random)
			}
		})
	}
	clients.Wait()
	stop()
	others.Wait()
	t.Logf("%d statements in %.1f s: %d succeeded, %d cancelled, %d severed by %d kills; %d"+
		" inspections",
		statements, time.Since(begin).Seconds(), s.succeeded.Load(), s.cancelled.Load(),
		s.severed.Load(), s.killed.Load(), s.inspected.Load())

	require.Empty(t, s.faults)
	require.Greater(t, s.succeeded.Load(), int64(statements)*9/10,
		"too few statements succeeded to prove anything")
	for what, count := range map[string]*atomic.Int64{"cancelled": &s.cancelled,
		"severed": &s.severed, "killed": &s.killed, "inspected": &s.inspected} {
		require.NotZero(t, count.Load(), what)
	}
	held, err := holdSessions(t.Context(), s.pooled, pgbouncer.ServerConns)
	for isSevered(err) { // by the last kill
		held, err = holdSessions(t.Context(), s.pooled, pgbouncer.ServerConns)
	}
	require.NoError(t, err)
	require.NotEqual(t, held[0].pid, held[1].pid)
	for _, found := range held {
		require.Empty(t, found.differences(s.fresh))
	}
	var crossed, sessions int
	require.NoError(t, s.admin.QueryRowContext(t.Context(), `SELECT
		(SELECT count(*) FROM widgets WHERE description <> tenant_id::text AND description <> '')
			+ (SELECT count(*) FROM makers WHERE description <> tenant_id::text),
		(SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND usename = 'bailiwick_app')`).
		Scan(&crossed, &sessions))
	require.Zero(t, crossed, "rows that another tenant wrote")
	require.LessOrEqual(t, sessions, pgbouncer.ServerConns,
		"every client connected through the pooler")
}

// every calls do again and again, with a pause after each call, until ctx ends.
func (s *storm) every(ctx context.Context, pause time.Duration, do func(context.Context)) {
	for ctx.Err() == nil {
		do(ctx)
		time.Sleep(pause)
	}
}

// kill ends one of the server connections that the clients share.
func (s *storm) kill(ctx context.Context) {
	result, err := s.admin.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE datname = current_database() AND usename = 'bailiwick_app' ORDER BY random() LIMIT 1`)
	if err != nil {
		return // the storm has ended
	}
	if n, err := result.RowsAffected(); err == nil {
		s.killed.Add(n)
	}
}

func (s *storm) inspect(ctx context.Context) {
	found, err := inspect(ctx, s.pooled)
	if err != nil {
		return // the session was killed, or the storm has ended
	}
	s.inspected.Add(1)
	for _, what := range found.differences(s.fresh) {
		s.fault("left in a session: " + what)
	}
}

func (s *storm) fault(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults[what]++
}

// step runs one statement for a random tenant. The context of one in 25 is cancelled before or
// during it.
func (s *storm) step(ctx context.Context, random *rand.Rand) {
	kind, tenant := pickStep(random), s.tenants[random.IntN(stormTenants)]
	ctx, cancel := context.WithCancel(tenancy.NewContext(ctx, tenant))
	defer cancel()
	switch {
	case kind.patience > 0:
		ctx, cancel = context.WithTimeout(ctx, time.Duration(random.Int64N(int64(kind.patience))))
		defer cancel()
	case random.IntN(50) == 0:
		cancel()
	case random.IntN(50) == 0:
		defer time.AfterFunc(time.Duration(random.IntN(4000))*time.Microsecond, cancel).Stop()
	}
	err := kind.run(ctx, s.db.Scoped(ctx), tenant, random)
	_, crossed := errors.AsType[foreignError](err)
	switch {
	case err == nil:
		s.succeeded.Add(1)
	case crossed:
		s.fault(err.Error())
	// The network's deadline is a little before the context's.
	case ctx.Err() != nil, kind.patience > 0:
		s.cancelled.Add(1)
	case isSevered(err):
		s.severed.Add(1)
		if errors.Is(err, syscall.ECONNREFUSED) { // the pooler crashed and is being restarted
			time.Sleep(refusedPause)
		}
	case !kind.mayFail:
		s.fault(kind.name + ": " + err.Error())
	}
}

// isSevered reports whether err means that the connection was killed.
func isSevered(err error) bool {
	if e, ok := errors.AsType[pgdriver.Error](err); ok {
		return e.Field('C') == "57P01" || strings.HasPrefix(e.Field('C'), "08")
	}
	if e, ok := errors.AsType[net.Error](err); ok {
		return !e.Timeout()
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, driver.ErrBadConn)
}

// The storm must detect a scope that outlives its statement. Here each client sets its tenant for
// the session, as other libraries do.
func TestStormDetectsASessionLevelScope(t *testing.T) {
	t.Parallel()
	s := newStorm(t, fixture.Options(fixture.MigratedURL(t, true), true))
	var crossed atomic.Int64
	var clients sync.WaitGroup
	for _, tenant := range s.tenants {
		ctx := tenancy.NewContext(t.Context(), tenant)
		var setting string
		require.NoError(t, s.db.Scoped(ctx).NewRaw("SELECT current_setting('bailiwick.tenant')").
			Scan(ctx, &setting))
		clients.Go(func() {
			for range 100 {
				_, err := s.pooled.ExecContext(ctx,
					"SELECT set_config('bailiwick.tenant', $1, false)", setting)
				if err != nil {
					continue
				}
				var foreign int
				err = s.pooled.QueryRowContext(ctx,
					"SELECT count(*) FROM widgets WHERE tenant_id <> $1", tenant.String()).
					Scan(&foreign)
				if err == nil && foreign > 0 {
					crossed.Add(1)
				}
			}
		})
	}
	clients.Wait()
	require.NotZero(t, crossed.Load())
	t.Logf("%d of %d reads gave another tenant's rows", crossed.Load(), 100*stormTenants)
	found, err := inspect(t.Context(), s.pooled)
	require.NoError(t, err)
	require.NotEmpty(t, found.differences(s.fresh))
}
