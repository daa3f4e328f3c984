package pgtest

import "context"

// Step is a step of a chain, for tests: it answers how, or an error.
type Step struct {
	Name string
	How  string
	Err  error
}

// Chain answers how the first of steps that works serves.
func Chain(ctx context.Context, only string, steps ...Step) (string, error) {
	var all []step
	for _, s := range steps {
		all = append(all, step{s.Name, func(context.Context) (*server, error) {
			if s.Err != nil {
				return nil, s.Err
			}
			return &server{how: s.How}, nil
		}})
	}
	all, err := pick(all, only)
	if err != nil {
		return "", err
	}
	served, err := first(ctx, all)
	if err != nil {
		return "", err
	}
	return served.how, nil
}

// Start goes through the real chain as getenv says; it must fail.
func Start(ctx context.Context, getenv func(string) string) error {
	_, err := start(ctx, getenv)
	return err
}

var (
	EngineAnswers = engineAnswers
	Image         = image
)
