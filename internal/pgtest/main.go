package pgtest

import (
	"context"
	"os"
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/testdb"
)

var suite = testdb.Suite{Name: "pgtest", Start: func(ctx context.Context) (*testdb.Server, error) {
	return start(ctx, os.Getenv)
}}

// Main runs a package's tests, stops the server that they used, and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is [Main] for a TestMain that does more before it exits. It returns the exit code: that of
// the tests, but at least 1 if the server failed to stop.
func Run(m *testing.M) int { return suite.Run(m) }

// Source returns which step started the server, and why the steps before failed. It is empty before
// the first database is made. It is printed to standard error, too.
func Source() string { return suite.Source() }

// Database makes an empty database for t and returns its superuser's URL. It is dropped when t
// ends, even if it has open connections. Roles belong to the whole server, so tests share them.
func Database(t testing.TB) string {
	t.Helper()
	return suite.Database(t)
}

// Template makes a database for t, as [Database] does, as a copy of a template database, which
// fill prepares once per test process and key: see [testdb.Suite.Template].
func Template(t testing.TB, key string, fill func(url string) error) string {
	t.Helper()
	return suite.Template(t, key, fill)
}
