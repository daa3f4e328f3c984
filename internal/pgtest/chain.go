package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// server is the PostgreSQL that the tests use.
type server struct {
	url    string // the superuser's
	source string // which step started it, and why the steps before failed
	stop   func(context.Context) error
}

// step is one way to get a server.
type step struct {
	name  string
	start func(context.Context) (*server, error)
}

// start tries the steps that the environment allows.
func start(ctx context.Context, getenv func(string) string) (*server, error) {
	url := getenv("DATABASE_URL")
	all := []step{
		{"url", func(ctx context.Context) (*server, error) { return fromURL(ctx, url) }},
		{"container", func(ctx context.Context) (*server, error) {
			return startContainer(ctx, image(getenv))
		}},
		{"local", startLocal},
	}
	only := getenv("PGTEST_ONLY")
	if only == "" && url != "" {
		only = "url"
	}
	steps, err := selectSteps(all, only)
	if err != nil {
		return nil, err
	}
	return firstWorking(ctx, steps)
}

// selectSteps returns the step named only, or all steps if only is empty.
func selectSteps(all []step, only string) ([]step, error) {
	if only == "" {
		return all, nil
	}
	for _, s := range all {
		if s.name == only {
			return []step{s}, nil
		}
	}
	return nil, fmt.Errorf("PGTEST_ONLY is %q, but must be url, container or local", only)
}

// firstWorking returns the server of the first step that works. Its source, or the error, contains
// why the steps before failed.
func firstWorking(ctx context.Context, steps []step) (*server, error) {
	var reasons []string
	for _, step := range steps {
		s, err := step.start(ctx)
		if err == nil {
			s.source = strings.Join(append([]string{step.name + ": " + s.source}, reasons...),
				"; not ")
			return s, nil
		}
		reasons = append(reasons, fmt.Sprintf("%s: %v", step.name, err))
	}
	return nil, fmt.Errorf("no PostgreSQL for the tests; tried\n%s", strings.Join(reasons, "\n"))
}

func fromURL(ctx context.Context, url string) (*server, error) {
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set: set it to a PostgreSQL whose user may" +
			" create databases and roles")
	}
	if err := waitReachable(ctx, url); err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return &server{url: url, source: "DATABASE_URL",
			stop: func(context.Context) error { return nil }},
		nil
}

func startLocal(ctx context.Context) (*server, error) {
	s, err := localpg.Start(ctx, localpg.Options{})
	if err != nil {
		return nil, err
	}
	return &server{
		url:    s.URL(),
		source: "a private cluster of " + s.Programs(),
		stop:   func(context.Context) error { return s.Stop() },
	}, nil
}
