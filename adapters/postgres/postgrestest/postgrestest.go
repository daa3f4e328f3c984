// Package postgrestest gives each test of a host a throw-away PostgreSQL database:
//
//	func TestMain(m *testing.M) { postgrestest.Main(m) }
//
//	func TestNotes(t *testing.T) {
//		db, err := postgres.Open(t.Context(), postgres.Options{URL: postgrestest.Database(t)})
//		// …
//	}
//
// All tests of a package use one server, which starts with the first database and ends with the
// tests. It is the first of these that works; if none does, the test fails with an error that
// says what was tried and what to install. A test is never skipped because no server is there.
//
//	url    the server that BAILIWICK_TEST_URL names; if it is set, only this one
//	local  a private cluster of the PostgreSQL programs on this machine (in PATH,
//	       /usr/lib/postgresql, Homebrew's folders and the like), or of a download
//
// DATABASE_URL isn't read: it may name a database that people work with. The package starts no
// containers and needs no container engine.
package postgrestest

import (
	"context"
	"os"
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/internal/testdb"
)

// urlVariable is the environment variable that names a running server.
const urlVariable = "BAILIWICK_TEST_URL"

var suite = testdb.Suite{Name: "postgrestest", Start: start}

// Main runs a package's tests, stops the server that they used, and exits. Call it from TestMain.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is [Main] for a TestMain that does more before it exits. It returns the exit code: that of
// the tests, but at least 1 if the server failed to stop.
func Run(m *testing.M) int { return suite.Run(m) }

// Database makes an empty database for t and returns its URL, whose user is a superuser of a
// private cluster and otherwise that of BAILIWICK_TEST_URL. The database is dropped when t ends,
// even if it has open connections, and with it the roles that the library made for it. An error,
// such as that no PostgreSQL was found or that TestMain doesn't call [Main], ends t.
func Database(t testing.TB) string {
	t.Helper()
	return suite.Database(t)
}

func start(ctx context.Context) (*testdb.Server, error) {
	if os.Getenv(urlVariable) != "" {
		return testdb.FirstWorking(ctx, testdb.Running(urlVariable, os.Getenv))
	}
	return testdb.FirstWorking(ctx, testdb.Local(localpg.Options{URLVariable: urlVariable}))
}
