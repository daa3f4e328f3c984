package pgtest

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/internal/localpg"
	"github.com/bailiwick-go/bailiwick/internal/testdb"
)

// start tries the steps that the environment allows.
func start(ctx context.Context, getenv func(string) string) (*testdb.Server, error) {
	all := []testdb.Step{
		testdb.Running("DATABASE_URL", getenv),
		{Name: "container", Start: func(ctx context.Context) (*testdb.Server, error) {
			return startContainer(ctx, image(getenv))
		}},
		testdb.Local(localpg.Options{}),
	}
	only := getenv("PGTEST_ONLY")
	if only == "" && getenv("DATABASE_URL") != "" {
		only = "url"
	}
	steps, err := selectSteps(all, only)
	if err != nil {
		return nil, err
	}
	return testdb.FirstWorking(ctx, steps...)
}

// selectSteps returns the step named only, or all steps if only is empty.
func selectSteps(all []testdb.Step, only string) ([]testdb.Step, error) {
	if only == "" {
		return all, nil
	}
	for _, s := range all {
		if s.Name == only {
			return []testdb.Step{s}, nil
		}
	}
	return nil, fmt.Errorf("PGTEST_ONLY is %q, but must be url, container or local", only)
}
