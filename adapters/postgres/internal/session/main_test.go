package session_test

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

// server is the tests' own PostgreSQL: some of them turn its TLS on.
var server struct {
	once    sync.Once
	running *localpg.Server
	url     string
	err     error
}

// urlVariable tells a fuzz target's workers of the server that the process which
// starts them has started.
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

// serverURL is where the superuser finds the server.
func serverURL(t testing.TB) string {
	t.Helper()
	server.once.Do(startServer)
	require.NoError(t, server.err)
	return server.url
}

// pool is a database/sql pool of scoped connections, and what they send is
// scoped to.
func pool(t testing.TB, c session.Config, options ...pgdriver.Option) *sql.DB {
	t.Helper()
	if c.Timeout == 0 {
		c.Timeout = timeout
	}
	c.Scope = tenancy.FromContext
	c.Sign = func(tenant tenancy.ID) (string, error) { return "signed " + tenant.String(), nil }
	inner := pgdriver.NewConnector(append([]pgdriver.Option{pgdriver.WithDSN(serverURL(t))},
		options...)...)
	db := sql.OpenDB(session.NewConnector(inner, c))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

const timeout = 20 * time.Second

// superuser is an unscoped pool.
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

func ask(t testing.TB, ctx context.Context, db querier, query string) (answer string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(ctx, query).Scan(&answer), query)
	return answer
}

// running is how many statements that have mark in them the server is at.
func running(t testing.TB, admin *sql.DB, mark string) (n int) {
	t.Helper()
	err := admin.QueryRowContext(context.WithoutCancel(t.Context()),
		"SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"+
			" AND query LIKE '%' || $1 || '%' AND pid <> pg_backend_pid()", mark).Scan(&n)
	require.NoError(t, err)
	return n
}

// eventually waits for what the server does by itself.
func eventually(t testing.TB, condition func() bool, why string) {
	t.Helper()
	require.Eventually(t, condition, time.Minute, 5*time.Millisecond, why)
}
