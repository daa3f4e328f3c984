package pgtest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
)

// server is a PostgreSQL that serves the tests.
type server struct {
	url  string // the superuser's
	how  string
	stop func(context.Context) error
}

// step is one way to a server.
type step struct {
	name  string
	start func(context.Context) (*server, error)
}

// start goes through the chain that the environment asks for.
func start(ctx context.Context, getenv func(string) string) (*server, error) {
	url := getenv("DATABASE_URL")
	all := []step{
		{"url", func(ctx context.Context) (*server, error) { return given(ctx, url) }},
		{"container", func(ctx context.Context) (*server, error) {
			return container(ctx, image(getenv))
		}},
		{"local", local},
	}
	only := getenv("PGTEST_ONLY")
	if only == "" && url != "" {
		only = "url"
	}
	steps, err := pick(all, only)
	if err != nil {
		return nil, err
	}
	return first(ctx, steps)
}

func pick(all []step, only string) ([]step, error) {
	if only == "" {
		return all, nil
	}
	for _, s := range all {
		if s.name == only {
			return []step{s}, nil
		}
	}
	return nil, fmt.Errorf("PGTEST_ONLY is %q: it is url, container or local", only)
}

// first is the server of the first step that works; what kept the others from
// it stands in how, or in the error.
func first(ctx context.Context, steps []step) (*server, error) {
	var reasons []string
	for _, step := range steps {
		s, err := step.start(ctx)
		if err == nil {
			s.how = strings.Join(append([]string{step.name + ": " + s.how}, reasons...), "; not ")
			return s, nil
		}
		reasons = append(reasons, fmt.Sprintf("%s: %v", step.name, err))
	}
	return nil, fmt.Errorf("no PostgreSQL for the tests; tried\n%s", strings.Join(reasons, "\n"))
}

func given(ctx context.Context, url string) (*server, error) {
	if url == "" {
		return nil, errors.New("DATABASE_URL is not set: set it to a PostgreSQL whose user may" +
			" create databases and roles")
	}
	if err := reach(ctx, url); err != nil {
		return nil, fmt.Errorf("DATABASE_URL: %w", err)
	}
	return &server{url: url, how: "DATABASE_URL", stop: func(context.Context) error { return nil }},
		nil
}

func local(ctx context.Context) (*server, error) {
	s, err := localpg.Start(ctx, localpg.Options{})
	if err != nil {
		return nil, err
	}
	return &server{
		url:  s.URL(),
		how:  "a private cluster of " + s.Programs(),
		stop: func(context.Context) error { return s.Stop() },
	}, nil
}
