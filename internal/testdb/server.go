package testdb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// Server is the PostgreSQL that the tests use.
type Server struct {
	URL    string // the superuser's
	Source string // which step started it, and why the steps before failed
	Stop   func(context.Context) error
}

// Step is one way to get a server.
type Step struct {
	Name  string
	Start func(context.Context) (*Server, error)
}

// FirstWorking returns the server of the first step that works. Its source, or the error,
// contains why the steps before failed.
func FirstWorking(ctx context.Context, steps ...Step) (*Server, error) {
	var reasons []string
	for _, step := range steps {
		s, err := step.Start(ctx)
		if err == nil {
			s.Source = strings.Join(append([]string{step.Name + ": " + s.Source}, reasons...),
				"; not ")
			return s, nil
		}
		reasons = append(reasons, fmt.Sprintf("%s: %v", step.Name, err))
	}
	return nil, fmt.Errorf("no PostgreSQL for the tests; tried\n%s", strings.Join(reasons, "\n"))
}

// Running is the step "url": the server that the environment variable names.
func Running(variable string, getenv func(string) string) Step {
	return Step{"url", func(ctx context.Context) (*Server, error) {
		url := getenv(variable)
		if url == "" {
			return nil, errors.New(variable + " is not set: set it to a PostgreSQL whose user may" +
				" create databases and roles")
		}
		if err := WaitReachable(ctx, url); err != nil {
			return nil, fmt.Errorf("%s: %w", variable, err)
		}
		return &Server{URL: url, Source: variable,
			Stop: func(context.Context) error { return nil }}, nil
	}}
}

// Local is the step "local": a private cluster of the machine's PostgreSQL.
func Local(o localpg.Options) Step {
	return Step{"local", func(ctx context.Context) (*Server, error) {
		s, err := localpg.Start(ctx, o)
		if err != nil {
			return nil, err
		}
		return &Server{
			URL:    s.URL(),
			Source: "a private cluster of " + s.Programs(),
			Stop:   func(context.Context) error { return s.Stop() },
		}, nil
	}}
}
