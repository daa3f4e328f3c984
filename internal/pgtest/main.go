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

// Main runs a package's tests, stops the server that they used, and exits.
func Main(m *testing.M) { os.Exit(Run(m)) }

// Run is [Main] for a TestMain that does more before it exits. It returns the exit code: that of
// the tests, but at least 1 if the server failed to stop.
func Run(m *testing.M) int {
	shared = &lazyServer{}
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "pgtest:", err)
		return max(code, 1)
	}
	return code
}

// Source returns which step started the server, and why the steps before failed. It is empty before
// the first database is made. It is printed to standard error, too.
func Source() string {
	if shared == nil || shared.server == nil {
		return ""
	}
	return shared.server.source
}

// shared is the server of the test process; nil before Run.
var shared *lazyServer

// lazyServer starts its server at the first call of get.
type lazyServer struct {
	once   sync.Once
	server *server
	admin  *admin
	err    error
}

// get returns the server's admin, or the error of its only start.
func (l *lazyServer) get() (*admin, error) {
	l.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if l.server, l.err = start(ctx, os.Getenv); l.err != nil {
			return
		}
		l.admin, l.err = newAdmin(ctx, l.server.url)
		fmt.Fprintln(os.Stderr, "pgtest:", l.server.source)
	})
	return l.admin, l.err
}

func (l *lazyServer) stop() error {
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

// sharedAdmin returns the shared server's admin; an error ends t.
func sharedAdmin(t testing.TB) *admin {
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
