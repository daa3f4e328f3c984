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

var errNotContracted = tenancy.Errorf(tenancy.CodeInvalidState,
	"the database isn't contracted: it still has its single-tenant keys, and row security isn't"+
		" forced; run the migration's phase contract").Because(adoption.ErrNotContracted)

// InOneTransaction reports whether a database in this state is migrated in one transaction,
// without the steps of an adoption.
func InOneTransaction(s adoption.State) bool {
	return s == adoption.Absent || s == adoption.TenantOwned || s == adoption.Contracted
}

// adoptionTimeout limits how long the connection waits for the server. It is long because
// creating the index of a large table takes long.
const adoptionTimeout = 24 * time.Hour

// WithEngine runs fn with an adoption engine, on a session of the migrating user.
func WithEngine(
	ctx context.Context, c Config, m adoption.Options,
	fn func(context.Context, *adopt.Engine) error,
) error {
	spec, err := c.adoptSpec()
	if err != nil {
		return err
	}
	inner, err := c.NewOwnerConnector(adoptionTimeout)
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
	if err := c.checkPlace(ctx, conn); err != nil {
		return pgerr.Translate(err)
	}
	return fn(ctx, adopt.New(conn, spec, m, pool.ApplicationName))
}

// LogEvents returns an event handler that logs each statement that has ended and each that
// didn't get a lock in time.
func LogEvents(ctx context.Context, log *slog.Logger) func(adoption.Event) error {
	return func(e adoption.Event) error {
		switch e.Kind {
		case adoption.Ended:
			log.InfoContext(ctx, "migrated", "phase", e.Phase, "step", e.Step)
		case adoption.Waited:
			log.InfoContext(ctx, "a lock wasn't available in time; retrying",
				"phase", e.Phase, "step", e.Step)
		}
		return nil
	}
}

// Up migrates a database, with the phases of an adoption where c.Adopt is set. It does what
// postgres.MigrateUp documents.
func Up(ctx context.Context, c Config, m adoption.Options) error {
	if c.Adopt == nil {
		return migrateAll(ctx, c, m)
	}
	phase := cmp.Or(m.Phase, adoption.Expand)
	if err := prepareUnreadable(ctx, c); err != nil {
		return err
	}
	return WithEngine(ctx, c, m, func(ctx context.Context, e *adopt.Engine) error {
		if err := e.Lock(ctx); err != nil {
			return err
		}
		state, err := e.State(ctx)
		if err != nil {
			return err
		}
		if InOneTransaction(state) {
			return migrateAll(ctx, c, m)
		}
		// planning refuses an unsuitable database before anything is changed
		if _, err := e.Plan(ctx, phase); err != nil {
			return err
		}
		withoutRoles := c // they are created when the adoption is complete
		withoutRoles.MultiTenant = false
		if err := prepareServer(ctx, withoutRoles); err != nil {
			return err
		}
		if err := fillTargets(ctx, c, m); err != nil {
			return err
		}
		if err := inMigration(ctx, c,
			func(db *bun.DB) error { return migrateLibrary(ctx, db, c) }); err != nil {
			return err
		}
		if err := e.Up(ctx, phase); err != nil {
			return err
		}
		if state, err = e.State(ctx); err != nil || !InOneTransaction(state) {
			return err
		}
		c.adopting = true
		return migrateAll(ctx, c, m)
	})
}

// prepareUnreadable returns the statements for the database's administrator if the migrating user may
// not even read how far the adoption is: another user has restored the database.
func prepareUnreadable(ctx context.Context, c Config) error {
	var readable bool
	err := inMigration(ctx, c, func(db *bun.DB) error {
		return db.NewRaw("SELECT coalesce(has_schema_privilege("+
			"to_regnamespace('bailiwick')::oid, 'USAGE'), true)").Scan(ctx, &readable)
	})
	if err != nil || readable {
		return err
	}
	return prepareServer(ctx, c)
}

// migrateLibrary creates the library's tables and functions. It also records as applied the
// host's migrations whose result the adopted tables already have.
func migrateLibrary(ctx context.Context, db *bun.DB, c Config) error {
	if err := lockMigrations(ctx, db, c.Logger); err != nil {
		return err
	}
	if err := runLibraryMigrations(ctx, db, c); err != nil {
		return err
	}
	if err := rls.CreateGetFunctions(ctx, db, c.Declared); err != nil {
		return err
	}
	return recordBaseline(ctx, db, c)
}

// recordBaseline records the host's migrations up to Adopt.Baseline as applied.
func recordBaseline(ctx context.Context, db *bun.DB, c Config) error {
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
	isApplied := map[string]bool{}
	for _, m := range applied {
		isApplied[m.Name] = true
	}
	for _, m := range migrations.Sorted() {
		if isApplied[m.Name] || c.Adopt.Baseline != "" && m.Name > c.Adopt.Baseline {
			continue
		}
		m.GroupID = 1
		if err := migrator.MarkApplied(ctx, &m); err != nil {
			return fmt.Errorf("%s: %w", m.Name, err)
		}
	}
	return nil
}

// CheckContracted refuses a database with MultiTenant that was adopted but isn't contracted.
// Its error wraps [adoption.ErrNotContracted].
func CheckContracted(ctx context.Context, c Config) error {
	if c.Adopt == nil || !c.MultiTenant {
		return nil
	}
	return WithEngine(ctx, c, adoption.Options{},
		func(ctx context.Context, e *adopt.Engine) error {
			state, err := e.State(ctx)
			if err == nil && !InOneTransaction(state) {
				return errNotContracted
			}
			return err
		})
}
