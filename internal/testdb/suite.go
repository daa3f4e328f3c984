package testdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"
)

// Suite is the tests of one process, which use one server. It starts with the first database.
type Suite struct {
	Name  string // of the package that declares the suite, for what it prints
	Start func(context.Context) (*Server, error)

	shared *lazyServer // nil before Run
}

// Run runs a package's tests and stops the server that they used. It returns the exit code: that
// of the tests, but at least 1 if the server failed to stop.
func (s *Suite) Run(m *testing.M) int {
	s.shared = &lazyServer{}
	code := m.Run()
	if err := s.shared.stop(); err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", s.Name, err)
		return max(code, 1)
	}
	return code
}

// Source returns which step started the server, and why the steps before failed. It is empty
// before the first database is made. It is printed to standard error, too.
func (s *Suite) Source() string {
	if s.shared == nil || s.shared.server == nil {
		return ""
	}
	return s.shared.server.Source
}

// lazyServer starts its server at the first call of get.
type lazyServer struct {
	once   sync.Once
	server *Server
	admin  *admin
	err    error
}

// admin returns the server's admin; an error ends t.
func (s *Suite) admin(t testing.TB) *admin {
	t.Helper()
	if s.shared == nil {
		t.Fatalf("%[1]s: call %[1]s.Main from this package's TestMain", s.Name)
	}
	a, err := s.shared.get(s)
	if err != nil {
		t.Fatalf("%s: %v", s.Name, err)
	}
	return a
}

// get returns the server's admin, or the error of its only start.
func (l *lazyServer) get(s *Suite) (*admin, error) {
	l.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
		defer cancel()
		if l.server, l.err = s.Start(ctx); l.err != nil {
			return
		}
		l.admin, l.err = newAdmin(ctx, l.server.URL)
		fmt.Fprintf(os.Stderr, "%s: %s\n", s.Name, l.server.Source)
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
		err = errors.Join(err, l.server.Stop(ctx))
	}
	return err
}
