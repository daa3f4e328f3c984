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

// Migrate migrates the schema without opening a [DB]. It is [MigrateUp] with the default
// options.
func Migrate(ctx context.Context, o Options) error {
	return MigrateUp(ctx, o, adoption.Options{})
}

// MigrateUp migrates the schema without opening a [DB]. A fresh database is migrated
// completely, in one transaction. A single-tenant database (with [Options].Adopt) is
// migrated up to the phase m.Phase, in steps during which others can read and write.
// So is an audit log with entries, before the transaction of the migrations.
// MigrateUp may be killed at any moment and run again.
//
// The phase Contract is refused with [tenancy.CodeInvalidState] while statements without a
// tenant arrive; the error names the sessions that send them.
func MigrateUp(ctx context.Context, o Options, m adoption.Options) error {
	c, err := o.checkWaiting(ctx)
	if err != nil {
		return err
	}
	return migrate.Up(ctx, c.Config, m)
}

// MigrateDown reverts an adoption. With the phase Contract the old version of the host
// works again afterwards. With Expand the database has its single-tenant schema again, and
// everything that the library stored is removed. Stop all servers of the new version before.
//
// Both phases first write the secrets to which items refer from the vault back into their rows,
// in clear, as the old version has them; their versions count that. So [Options].SecretsKey must
// be the key that encrypted them. MigrateDown may be killed at any moment and run again; a start
// in between moves the secrets into the vault again. A secret to which no item refers stays in
// the vault until Expand drops it.
//
// MigrateDown is refused with [tenancy.CodeInvalidState], before it changes anything, when a
// tenant other than default has rows, when the key is missing or another one, and when an item
// refers to a secret that the vault doesn't have or can't decrypt. The error names these items:
// a put of each with the value, or without the secret, is the way out.
func MigrateDown(ctx context.Context, o Options, m adoption.Options) error {
	return withAdoption(ctx, o, m, func(ctx context.Context, c config, e *adopt.Engine) error {
		return e.Down(ctx, cmp.Or(m.Phase, adoption.Expand),
			func(ctx context.Context) error { return returnSecrets(ctx, c, e, m) })
	})
}

// withAdoption checks the options and runs fn with an engine for Options.Adopt.
func withAdoption(
	ctx context.Context, o Options, m adoption.Options,
	fn func(context.Context, config, *adopt.Engine) error,
) error {
	c, err := o.check(ctx)
	if err != nil {
		return err
	}
	if c.Adopt == nil {
		return errors.New("postgres: Options.Adopt is nil: set it to the description of the" +
			" single-tenant database")
	}
	return migrate.WithEngine(ctx, c.Config, m, func(ctx context.Context, e *adopt.Engine) error {
		return fn(ctx, c, e)
	})
}

// PlanUp returns the statements that [MigrateUp] would run, in order. The plan is empty for
// a fresh database and for one whose adoption is complete: MigrateUp runs only migrations
// there (see [PendingMigrations]).
func PlanUp(
	ctx context.Context, o Options, m adoption.Options,
) (plan []adoption.PlannedStatement, err error) {
	err = withAdoption(ctx, o, m, func(ctx context.Context, _ config, e *adopt.Engine) error {
		state, err := e.State(ctx)
		if err != nil || migrate.InOneTransaction(state) {
			return err
		}
		plan, err = e.Plan(ctx, cmp.Or(m.Phase, adoption.Expand))
		return err
	})
	return plan, err
}

// PendingMigrations returns the names of the migrations that [MigrateUp] would run: the library's,
// and then the host's without those that an adoption records as applied.
func PendingMigrations(ctx context.Context, o Options) (pending []string, err error) {
	err = withAdoption(ctx, o, adoption.Options{},
		func(ctx context.Context, c config, e *adopt.Engine) error {
			pending, err = migrate.Pending(ctx, c.Config, e)
			return err
		})
	return pending, err
}

// FindUnfitRows returns the rows of a single-tenant database that the rules of the new version
// refuse, with the SQL that finds and mends them. [MigrateUp] keeps them as they are. There are
// none to find in a fresh database, nor in one whose adoption is complete. It changes nothing,
// and reads each table once.
func FindUnfitRows(ctx context.Context, o Options) (found []adoption.UnfitRows, err error) {
	err = withAdoption(ctx, o, adoption.Options{},
		func(ctx context.Context, c config, e *adopt.Engine) error {
			found, err = migrate.FindUnfitRows(ctx, c.Config, e)
			return err
		})
	return found, err
}

// PlanDown returns the statements that [MigrateDown] would run, in order. A comment takes the place
// of those that write secrets back into a table's rows.
func PlanDown(
	ctx context.Context, o Options, m adoption.Options,
) (plan []adoption.PlannedStatement, err error) {
	err = withAdoption(ctx, o, m, func(ctx context.Context, c config, e *adopt.Engine) error {
		if plan, err = planSecrets(ctx, c, e); err != nil {
			return err
		}
		steps, err := e.PlanDown(ctx, cmp.Or(m.Phase, adoption.Expand))
		plan = append(plan, steps...)
		return err
	})
	return plan, err
}

// Status reads how far the adoption of a database is, and which sessions wrote without a
// tenant within the last 24 hours.
func Status(ctx context.Context, o Options) (status adoption.Status, err error) {
	const window = 24 * time.Hour
	err = withAdoption(ctx, o, adoption.Options{},
		func(ctx context.Context, _ config, e *adopt.Engine) error {
			if status.State, err = e.State(ctx); err != nil {
				return err
			}
			status.UntenantedSessions, err = e.UntenantedSessions(ctx, time.Now().Add(-window))
			return err
		})
	return status, err
}
