//go:build !unix

package localpg

import (
	"context"
	"errors"
)

// Server is a running PostgreSQL. There is none on this operating system.
type Server struct{}

// Start is an error on this operating system.
func Start(context.Context, Options) (*Server, error) {
	return nil, errors.New("a private PostgreSQL runs on Linux, macOS and the BSDs only: set" +
		" DATABASE_URL to a PostgreSQL that runs")
}

// URL is empty.
func (s *Server) URL() string { return "" }

// Programs is empty.
func (s *Server) Programs() string { return "" }

// Done is never closed.
func (s *Server) Done() <-chan struct{} { return nil }

// Stop does nothing.
func (s *Server) Stop() error { return nil }
