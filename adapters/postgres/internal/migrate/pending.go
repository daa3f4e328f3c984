package migrate

import (
	"context"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
)

// Pending returns the migrations that Up would run. It changes nothing: neither table of applied
// migrations has to exist.
func Pending(ctx context.Context, c Config, e *adopt.Engine) (pending []string, err error) {
	library, err := discoverLibraryMigrations()
	if err != nil {
		return nil, err
	}
	state, err := e.State(ctx)
	if err != nil {
		return nil, err
	}
	applied, err := e.Applied(ctx, libraryMigrations)
	if err != nil {
		return nil, err
	}
	for _, m := range library.Sorted() {
		if !slices.Contains(applied, m.Name) {
			pending = append(pending, "bailiwick "+m.Name)
		}
	}
	if applied, err = e.Applied(ctx, hostMigrations); err != nil {
		return nil, err
	}
	for _, m := range c.hostMigrations().Sorted() {
		adopted := !InOneTransaction(state) && (c.Adopt.Baseline == "" || m.Name <= c.Adopt.Baseline)
		if !slices.Contains(applied, m.Name) && !adopted {
			pending = append(pending, m.Name)
		}
	}
	return pending, nil
}
