package pgtest

import (
	"context"

	"github.com/bailiwick-go/bailiwick/internal/testdb"
)

// Step is a step of a chain: it returns a server with the source Source, or fails with Err.
type Step struct {
	Name   string
	Source string
	Err    error
}

// Chain returns the source of the server of the first step that works.
func Chain(ctx context.Context, only string, steps ...Step) (string, error) {
	var all []testdb.Step
	for _, s := range steps {
		all = append(all, testdb.Step{Name: s.Name,
			Start: func(context.Context) (*testdb.Server, error) {
				if s.Err != nil {
					return nil, s.Err
				}
				return &testdb.Server{Source: s.Source}, nil
			}})
	}
	all, err := selectSteps(all, only)
	if err != nil {
		return "", err
	}
	served, err := testdb.FirstWorking(ctx, all...)
	if err != nil {
		return "", err
	}
	return served.Source, nil
}

// Start tries the real steps. Call it only where they fail: it doesn't stop the server.
func Start(ctx context.Context, getenv func(string) string) error {
	_, err := start(ctx, getenv)
	return err
}

var (
	EngineAnswers = engineAnswers
	Image         = image
)
