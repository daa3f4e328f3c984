package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Phase is a part of the adoption of a single-tenant database.
type Phase = adopt.Phase

// Expand leaves the old version of the host working, beside the new one with
// tenancy off. Contract takes away what only the old version needs, and FORCE
// comes: MultiTenant needs it.
const (
	Expand   = adopt.Expand
	Contract = adopt.Contract
)

// AdoptionState is how far a database is on its way from one tenant to many.
type AdoptionState = adopt.State

// Event is what [MigrationOptions].Tell hears.
type Event = adopt.Event

// PlannedStatement is a statement that a migration would run.
type PlannedStatement = adopt.PlannedStatement

// UntenantedSession is a session that still sends statements without a tenant.
type UntenantedSession = adopt.UntenantedSession

// MigrationOptions say how far [MigrateUp] and [MigrateDown] go and how careful
// they are. The zero value of each works.
type MigrationOptions struct {
	// Phase is the last one that is carried out, or taken back. Defaults to
	// Expand: up, that is the phase that harms nobody; down, all of it.
	Phase Phase

	// LockTimeout bounds how long one statement waits for a lock, and others
	// behind it. Defaults to 300 ms.
	LockTimeout time.Duration

	// Patience bounds how long a statement whose lock wasn't to be had is tried
	// again. Defaults to 10 minutes.
	Patience time.Duration

	// Rest is how long the backfill pauses behind each batch, in times of the
	// batch's own. Defaults to 1.
	Rest float64

	// Watch is how long the contraction looks for statements of the old version.
	// Defaults to 10 seconds; at least 2.
	Watch time.Duration

	// Tell hears of each statement when it begins and ends, and of each batch.
	// An error of its ends the migration.
	OnEvent func(Event) error
}

// ErrNotContracted is in the chain of the error of an [Open] with MultiTenant of
// a database that isn't contracted: [MigrateUp] with Phase Contract brings it
// there. The error itself is [tenancy.CodeInvalidState].
var ErrNotContracted = errors.New("not contracted")

var errExpanded = tenancy.Errorf(tenancy.CodeInvalidState,
	"the database isn't contracted: its single-tenant keys are still there, and row security"+
		" isn't forced").Because(ErrNotContracted)

// MigrateUp brings the schema up and leaves: a fresh database wholly, in one
// transaction; a single-tenant one, with Options.Adopt, in steps that let others
// read and write, up to the phase that is asked for. It may be killed at any
// moment and begun again.
//
// The contraction is [tenancy.CodeInvalidState] as long as statements without a
// tenant arrive; the error says who sends them.
func MigrateUp(ctx context.Context, o Options, m MigrationOptions) error {
	c, err := o.check()
	if err != nil {
		return err
	}
	return bringUp(ctx, c.MigrationConfig, m)
}

// MigrateDown takes the adoption back: with Phase Contract to where the old
// version works again, with Expand to the schema that was there before, whereby
// all that the library keeps is removed. It is [tenancy.CodeInvalidState] when
// another tenant than default has rows.
func MigrateDown(ctx context.Context, o Options, m MigrationOptions) error {
	return adopting(ctx, o, m, func(ctx context.Context, e *adopt.Engine) error {
		return e.Down(ctx, cmp.Or(m.Phase, Expand))
	})
}

// settled reports whether a database is migrated in one transaction.
func settled(s AdoptionState) bool {
	return s == adopt.Absent || s == adopt.TenantOwned || s == adopt.Contracted
}

// adoptionTimeout bounds how long the server may be silent: an index of a large
// table takes its time.
const adoptionTimeout = 24 * time.Hour

// adopting is withEngine for options as they were given.
func adopting(
	ctx context.Context, o Options, m MigrationOptions,
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
	return withEngine(ctx, c.MigrationConfig, m, fn)
}

// withEngine runs fn on a session of the owner's.
func withEngine(
	ctx context.Context, c MigrationConfig, m MigrationOptions,
	fn func(context.Context, *adopt.Engine) error,
) error {
	spec, err := c.adoption()
	if err != nil {
		return err
	}
	inner, err := NewConnector(c.URL, adoptionTimeout)
	if err != nil {
		return err
	}
	db := bun.NewDB(sql.OpenDB(inner), pgdialect.New())
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return translate(err)
	}
	defer conn.Close()
	return fn(ctx, adopt.New(conn, spec, adopt.Options{
		LockTimeout: m.LockTimeout, Patience: m.Patience, Rest: m.Rest, Watch: m.Watch,
		OnEvent: m.OnEvent, Ours: ApplicationName,
	}))
}

// logged tells a log of each statement that is done, and of what must wait.
func logged(ctx context.Context, log *slog.Logger) func(Event) error {
	return func(e Event) error {
		switch e.Kind {
		case adopt.Ended:
			log.InfoContext(ctx, "migrated", "phase", e.Phase, "step", e.Step)
		case adopt.Waited:
			log.InfoContext(ctx, "a lock wasn't to be had in time; it is tried again", "phase",
				e.Phase, "step", e.Step)
		}
		return nil
	}
}

// bringUp is [MigrateUp] of checked options.
func bringUp(ctx context.Context, c MigrationConfig, m MigrationOptions) error {
	if c.Adopt == nil {
		return migrateAll(ctx, c)
	}
	return withEngine(ctx, c, m, func(ctx context.Context, e *adopt.Engine) error {
		if err := e.Lock(ctx); err != nil {
			return err
		}
		standing, err := e.State(ctx)
		if err != nil {
			return err
		}
		if settled(standing) {
			return migrateAll(ctx, c)
		}
		// it is refused before anything is changed
		if _, err := e.Plan(ctx, cmp.Or(m.Phase, Expand)); err != nil {
			return err
		}
		if err := inMigration(ctx, c,
			func(db *bun.DB) error { return migrateLibrary(ctx, db, c) }); err != nil {
			return err
		}
		if err := e.Up(ctx, cmp.Or(m.Phase, Expand)); err != nil {
			return err
		}
		if standing, err = e.State(ctx); err != nil || !settled(standing) {
			return err
		}
		return migrateAll(ctx, c)
	})
}

// migrateLibrary makes the library's own tables and functions, and notes the
// host's migrations that made what the adopted tables become.
func migrateLibrary(ctx context.Context, db *bun.DB, c MigrationConfig) error {
	if err := prepareMigrations(ctx, db, c); err != nil {
		return err
	}
	if err := createGetFunctions(ctx, db, c.Declared); err != nil {
		return err
	}
	migrations := c.hostMigrations()
	migrator := migrate.NewMigrator(db, migrations, migrate.WithTableName(hostMigrations),
		migrate.WithLocksTableName(hostMigrations+"_lock"))
	if err := migrator.Init(ctx); err != nil {
		return err
	}
	applied, err := migrator.AppliedMigrations(ctx)
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, m := range applied {
		known[m.Name] = true
	}
	for _, m := range migrations.Sorted() {
		if known[m.Name] || c.Adopt.Baseline != "" && m.Name > c.Adopt.Baseline {
			continue
		}
		m.GroupID = 1
		if err := migrator.MarkApplied(ctx, &m); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}

// checkContracted refuses tenancy upon a database whose old keys are there.
func checkContracted(ctx context.Context, c MigrationConfig) error {
	if c.Adopt == nil || !c.MultiTenant {
		return nil
	}
	return withEngine(ctx, c, MigrationOptions{},
		func(ctx context.Context, e *adopt.Engine) error {
			standing, err := e.State(ctx)
			if err == nil && !settled(standing) {
				return errExpanded
			}
			return err
		})
}
