package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// Main runs a package's tests, ends the server that they used, and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is [Main] for a TestMain with more to do before it exits. It answers the
// exit code: that of the tests or, if the server did not end well, 1.
func Run(m *testing.M) int {
	shared = &lazy{}
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// How says which step of the chain serves, and why not those before it; empty
// until a test has asked for a database. It is printed to standard error, too.
func How() string {
	if shared == nil || shared.server == nil {
		return ""
	}
	return shared.server.how
}

// shared is the test process's server; nil until Run.
var shared *lazy

// lazy starts its server when it is first asked for.
type lazy struct {
	once   sync.Once
	server *server
	admin  *admin
	err    error
}

// get answers the server's administrator, or the one error that the start met.
func (l *lazy) get() (*admin, error) {
	l.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if l.server, l.err = start(ctx, os.Getenv); l.err != nil {
			return
		}
		l.admin, l.err = newAdmin(ctx, l.server.url)
		fmt.Fprintln(os.Stderr, "pgtest:", l.server.how)
	})
	return l.admin, l.err
}

func (l *lazy) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	var err error
	if l.admin != nil {
		err = l.admin.close(ctx)
	}
	if l.server != nil {
		err = errors.Join(err, l.server.stop(ctx))
	}
	return err
}

// administrator is the shared server's, for t.
func administrator(t testing.TB) *admin {
	t.Helper()
	if shared == nil {
		t.Fatal("pgtest: call pgtest.Main from this package's TestMain")
	}
	a, err := shared.get()
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	return a
}
