package migrate

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/adopt"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/rls"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

var errExpanded = tenancy.Errorf(tenancy.CodeInvalidState,
	"the database isn't contracted: its single-tenant keys are still there, and row security"+
		" isn't forced").Because(adoption.ErrNotContracted)

// InOneTransaction reports whether a database is migrated in one transaction.
func InOneTransaction(s adoption.State) bool {
	return s == adopt.Absent || s == adopt.TenantOwned || s == adopt.Contracted
}

// adoptionTimeout bounds how long the server may be silent: an index of a large
// table takes its time.
const adoptionTimeout = 24 * time.Hour

// WithEngine runs fn on a session of the owner's.
func WithEngine(
	ctx context.Context, c Config, m adoption.Options,
	fn func(context.Context, *adopt.Engine) error,
) error {
	spec, err := c.adoption()
	if err != nil {
		return err
	}
	inner, err := pool.NewConnector(c.URL, adoptionTimeout)
	if err != nil {
		return err
	}
	db := bun.NewDB(sql.OpenDB(inner), pgdialect.New())
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return pgerr.Translate(err)
	}
	defer conn.Close()
	return fn(ctx, adopt.New(conn, spec, adopt.Options{
		LockTimeout: m.LockTimeout, Patience: m.Patience, Rest: m.Rest, Watch: m.Watch,
		OnEvent: m.OnEvent, OwnApplication: pool.ApplicationName,
	}))
}

// LogEvents tells a log of each statement that is done, and of what must wait.
func LogEvents(ctx context.Context, log *slog.Logger) func(adoption.Event) error {
	return func(e adoption.Event) error {
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

// Up is [MigrateUp] of checked options.
func Up(ctx context.Context, c Config, m adoption.Options) error {
	if c.Adopt == nil {
		return migrateAll(ctx, c)
	}
	return WithEngine(ctx, c, m, func(ctx context.Context, e *adopt.Engine) error {
		if err := e.Lock(ctx); err != nil {
			return err
		}
		standing, err := e.State(ctx)
		if err != nil {
			return err
		}
		if InOneTransaction(standing) {
			return migrateAll(ctx, c)
		}
		// it is refused before anything is changed
		if _, err := e.Plan(ctx, cmp.Or(m.Phase, adoption.Expand)); err != nil {
			return err
		}
		if err := inMigration(ctx, c,
			func(db *bun.DB) error { return migrateLibrary(ctx, db, c) }); err != nil {
			return err
		}
		if err := e.Up(ctx, cmp.Or(m.Phase, adoption.Expand)); err != nil {
			return err
		}
		if standing, err = e.State(ctx); err != nil || !InOneTransaction(standing) {
			return err
		}
		return migrateAll(ctx, c)
	})
}

// migrateLibrary makes the library's own tables and functions, and notes the
// host's migrations that made what the adopted tables become.
func migrateLibrary(ctx context.Context, db *bun.DB, c Config) error {
	if err := prepareMigrations(ctx, db, c); err != nil {
		return err
	}
	if err := rls.CreateGetFunctions(ctx, db, c.Declared); err != nil {
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

// CheckContracted refuses tenancy upon a database whose old keys are there.
func CheckContracted(ctx context.Context, c Config) error {
	if c.Adopt == nil || !c.MultiTenant {
		return nil
	}
	return WithEngine(ctx, c, adoption.Options{},
		func(ctx context.Context, e *adopt.Engine) error {
			standing, err := e.State(ctx)
			if err == nil && !InOneTransaction(standing) {
				return errExpanded
			}
			return err
		})
}
