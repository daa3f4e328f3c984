package postgres

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrate"
)

// MigrateUp brings the schema up and leaves: a fresh database wholly, in one
// transaction; a single-tenant one, with Options.Adopt, in steps that let others
// read and write, up to the phase that is asked for. It may be killed at any
// moment and begun again.
//
// The contraction is [tenancy.CodeInvalidState] as long as statements without a
// tenant arrive; the error says who sends them.
func MigrateUp(ctx context.Context, o Options, m adoption.Options) error {
	c, err := o.check()
	if err != nil {
		return err
	}
	return migrate.Up(ctx, c.Config, m)
}

// MigrateDown takes the adoption back: with Phase Contract to where the old
// version works again, with Expand to the schema that was there before, whereby
// all that the library keeps is removed. It is [tenancy.CodeInvalidState] when
// another tenant than default has rows.
func MigrateDown(ctx context.Context, o Options, m adoption.Options) error {
	return adopting(ctx, o, m, func(ctx context.Context, e *adopt.Engine) error {
		return e.Down(ctx, cmp.Or(m.Phase, adoption.Expand))
	})
}

// adopting is withEngine for options as they were given.
func adopting(
	ctx context.Context, o Options, m adoption.Options,
	fn func(context.Context, *adopt.Engine) error,
) error {
	c, err := o.check()
	if err != nil {
		return err
	}
	if c.Adopt == nil {
		return errors.New("postgres: Options.Adopt is nil: it says what a single-tenant database" +
			" has")
	}
	return migrate.WithEngine(ctx, c.Config, m, fn)
}

// PlanUp answers what [MigrateUp] would run, in order. Of a fresh database, or
// one whose adoption is complete, that is nothing: what is left there is one
// transaction that waits for nobody.
func PlanUp(
	ctx context.Context, o Options, m adoption.Options,
) (plan []adoption.PlannedStatement, err error) {
	err = adopting(ctx, o, m, func(ctx context.Context, e *adopt.Engine) error {
		standing, err := e.State(ctx)
		if err != nil || migrate.InOneTransaction(standing) {
			return err
		}
		plan, err = e.Plan(ctx, cmp.Or(m.Phase, adoption.Expand))
		return err
	})
	return plan, err
}

// PlanDown answers what [MigrateDown] would run, in order.
func PlanDown(
	ctx context.Context, o Options, m adoption.Options,
) (plan []adoption.PlannedStatement, err error) {
	err = adopting(ctx, o, m, func(ctx context.Context, e *adopt.Engine) error {
		plan, err = e.PlanDown(ctx, cmp.Or(m.Phase, adoption.Expand))
		return err
	})
	return plan, err
}

// Status reads how far a database is on its way from one tenant to many, and who
// still writes without a tenant.
func Status(ctx context.Context, o Options) (status adoption.Status, err error) {
	err = adopting(ctx, o, adoption.Options{}, func(ctx context.Context, e *adopt.Engine) error {
		if status.State, err = e.State(ctx); err != nil {
			return err
		}
		status.UntenantedSessions, err = e.UntenantedSessions(ctx, time.Now().Add(-24*time.Hour))
		return err
	})
	return status, err
}
