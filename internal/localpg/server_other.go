//go:build !unix

package localpg

import (
	"context"
	"fmt"
)

// Server is a running PostgreSQL. This operating system has none.
type Server struct{}

// Start returns an error on this operating system.
func Start(_ context.Context, o Options) (*Server, error) {
	return nil, fmt.Errorf("a private PostgreSQL runs only on Linux, macOS and the BSDs: set"+
		" %s to a running PostgreSQL", o.withDefaults().URLVariable)
}

// Running fails: see Start.
func Running(ctx context.Context, _ string) (string, error) {
	_, err := Start(ctx, Options{})
	return "", err
}

// URL is empty.
func (s *Server) URL() string { return "" }

// Programs is empty.
func (s *Server) Programs() string { return "" }

// Done is never closed.
func (s *Server) Done() <-chan struct{} { return nil }

// Stop does nothing.
func (s *Server) Stop() error { return nil }
