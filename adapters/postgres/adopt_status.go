package postgres

import (
	"cmp"
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
)

// PlanUp answers what [MigrateUp] would run, in order. Of a fresh database, or
// one whose adoption is complete, that is nothing: what is left there is one
// transaction that waits for nobody.
func PlanUp(
	ctx context.Context, o Options, m MigrationOptions,
) (plan []PlannedStatement, err error) {
	err = adopting(ctx, o, m, func(ctx context.Context, e *adopt.Engine) error {
		standing, err := e.State(ctx)
		if err != nil || settled(standing) {
			return err
		}
		plan, err = e.Plan(ctx, cmp.Or(m.Phase, Expand))
		return err
	})
	return plan, err
}

// PlanDown answers what [MigrateDown] would run, in order.
func PlanDown(
	ctx context.Context, o Options, m MigrationOptions,
) (plan []PlannedStatement, err error) {
	err = adopting(ctx, o, m, func(ctx context.Context, e *adopt.Engine) error {
		plan, err = e.PlanDown(ctx, cmp.Or(m.Phase, Expand))
		return err
	})
	return plan, err
}

// MigrationStatus is how far a database is.
type MigrationStatus struct {
	State AdoptionState `json:"standing"`
	// who wrote without a tenant within the last day
	UntenantedSessions []UntenantedSession `json:"strays"`
}

// Status reads how far a database is on its way from one tenant to many, and who
// still writes without a tenant.
func Status(ctx context.Context, o Options) (status MigrationStatus, err error) {
	err = adopting(ctx, o, MigrationOptions{}, func(ctx context.Context, e *adopt.Engine) error {
		if status.State, err = e.State(ctx); err != nil {
			return err
		}
		status.UntenantedSessions, err = e.UntenantedSessions(ctx, time.Now().Add(-24*time.Hour))
		return err
	})
	return status, err
}
