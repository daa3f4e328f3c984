package sessiontest_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"
	"go.uber.org/goleak"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// server is a PostgreSQL for this package only: some tests turn its TLS on.
var server struct {
	once    sync.Once
	running *localpg.Server
	url     string
	err     error
}

// urlVariable passes the server's URL to a fuzz target's worker processes.
const urlVariable = "SESSION_TEST_SERVER"

func startServer() {
	if server.url = os.Getenv(urlVariable); server.url != "" {
		return
	}
	if server.running, server.err = localpg.Start(context.Background(),
		localpg.Options{}); server.err == nil {
		server.url = server.running.URL()
		server.err = os.Setenv(urlVariable, server.url)
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if server.running != nil {
		if err := server.running.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = max(code, 1)
		}
	}
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// serverURL returns the superuser's URL. It starts the server on the first call.
func serverURL(t testing.TB) string {
	t.Helper()
	server.once.Do(startServer)
	require.NoError(t, server.err)
	return server.url
}

// pool opens a database/sql pool of scoped connections.
func pool(t testing.TB, c session.Config, options ...pgdriver.Option) *sql.DB {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	c.Scope = tenancy.FromContext
	c.Sign = func(tenant tenancy.ID) (string, error) { return "signed " + tenant.String(), nil }
	inner := pgdriver.NewConnector(append([]pgdriver.Option{pgdriver.WithDSN(serverURL(t))},
		options...)...)
	db := sql.OpenDB(session.NewConnector(session.SingleOpener(inner), c))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

const timeout = 20 * time.Second

// superuser opens an unscoped pool of the superuser.
func superuser(t testing.TB) *sql.DB {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(serverURL(t))))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func inTenant(t testing.TB) context.Context {
	return tenancy.NewContext(t.Context(), tenancy.DefaultID)
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

func queryString(t testing.TB, ctx context.Context, db querier, query string) (answer string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(ctx, query).Scan(&answer), query)
	return answer
}

// running counts the server's active statements that contain mark.
func running(t testing.TB, admin *sql.DB, mark string) (n int) {
	t.Helper()
	err := admin.QueryRowContext(context.WithoutCancel(t.Context()),
		"SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"+
			" AND query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()", mark).Scan(&n)
	require.NoError(t, err)
	return n
}

// eventually waits for something that the server does asynchronously.
func eventually(t testing.TB, condition func() bool, why string) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, 5*time.Millisecond, why)
}
