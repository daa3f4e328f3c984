package migrate

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrations"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/rls"
)

// migrationLock is the key of the advisory lock that lets only one migration of a database
// run at a time. It is "bailiwck" in ASCII.
const migrationLock = 0x6261696c6977636b

// The versions of PostgreSQL between which a database is served, both included. Tests run
// with 15 and 17.
const (
	oldestVersion = 13
	newestVersion = 18
)

// Config is the configuration of a migration.
type Config struct {
	pool.Settings
	Declared *declare.Set
	Host     *migrate.Migrations // the host's migrations; nil: none
	Adopt    *adoption.Database  // nil: a single-tenant database is refused

	adopting bool // the database is protected for the first time
}

// migrateAll migrates the schema in one transaction: the library's migrations, the host's,
// the row security of each owned table and, with MultiTenant, the roles. If it is killed, only
// fillTargets may have changed something.
func migrateAll(ctx context.Context, c Config, m adoption.Options) error {
	if err := prepareServer(ctx, c); err != nil {
		return err
	}
	if err := fillTargets(ctx, c, m); err != nil {
		return err
	}
	return inMigration(ctx, c, func(db *bun.DB) error { return migrateIn(ctx, db, c) })
}

// prepareServer creates the roles and privileges that a migration needs, in a transaction before
// the migration's: the application logs in with a role that another session must see. Where the
// migrating user may not do that, nothing else is changed, and the error has the statements for
// the database's administrator.
func prepareServer(ctx context.Context, c Config) error {
	var missing error
	err := inMigration(ctx, c, func(db *bun.DB) (err error) {
		quiet := slog.New(slog.DiscardHandler) // the migration warns
		if err := lockMigrations(ctx, db, quiet); err != nil {
			return err
		}
		if err := c.checkPlace(ctx, db); err != nil {
			return err
		}
		missing, err = rls.Prepare(ctx, db, c.Settings, c.Declared)
		return err
	})
	if err != nil {
		return err
	}
	return missing
}

// lockMigrations locks out other migrations, and checks the server's version.
func lockMigrations(ctx context.Context, db *bun.DB, log *slog.Logger) error {
	if _, err := db.NewRaw("SELECT pg_advisory_xact_lock(?)", int64(migrationLock)).
		Exec(ctx); err != nil {
		return err
	}
	return checkVersion(ctx, db, log)
}

// runLibraryMigrations migrates the library's schema.
func runLibraryMigrations(ctx context.Context, db *bun.DB, c Config) error {
	// CREATE SCHEMA IF NOT EXISTS needs the privilege also if the schema exists
	if _, err := db.ExecContext(ctx, "DO $$ BEGIN IF to_regnamespace('bailiwick') IS NULL THEN"+
		" CREATE SCHEMA bailiwick; END IF; END $$"); err != nil {
		return err
	}
	library, err := discoverLibraryMigrations()
	if err != nil {
		return err
	}
	if err := runMigrations(ctx, db, c.Logger, library, libraryMigrations); err != nil {
		return err
	}
	return pool.EnsureSigningKey(ctx, db)
}

// migrateIn is migrateAll within its transaction.
func migrateIn(ctx context.Context, db *bun.DB, c Config) error {
	if err := lockMigrations(ctx, db, c.Logger); err != nil {
		return err
	}
	off, err := readSwitchedOff(ctx, db, c)
	if err != nil {
		return err
	}
	if err := runLibraryMigrations(ctx, db, c); err != nil {
		return err
	}
	if err := runMigrations(ctx, db, c.Logger, c.hostMigrations(), hostMigrations); err != nil {
		return err
	}
	kinds, err := catalog.ReadKindTables(ctx, db, c.Declared)
	if err != nil {
		return err
	}
	if err := kinds.Check(ctx, db, false); err != nil {
		return err
	}
	if err := rls.ProtectTables(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	if err := rls.CheckShared(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	if err := rls.CreateGetFunctions(ctx, db, c.Declared); err != nil {
		return err
	}
	if c.MultiTenant {
		if err := grantRoles(ctx, db, c); err != nil {
			return err
		}
	}
	return recordRestored(ctx, db, c, off)
}

// grantRoles gives the roles what they own and the privileges that they need.
func grantRoles(ctx context.Context, db *bun.DB, c Config) error {
	if err := rls.ApplyRoleSettings(ctx, db, c.Settings); err != nil {
		return err
	}
	former, err := rls.FormerRoles(ctx, db, c.Roles)
	if err != nil {
		return err
	}
	if err := rls.TransferOwnership(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	if err := rls.Grant(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	if err := rls.CreateSearch(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	return rls.RevokeFormer(ctx, db, former)
}

// The tables that record the applied migrations.
const (
	libraryMigrations = "bailiwick.migrations"
	hostMigrations    = "bailiwick.host_migrations"
)

func discoverLibraryMigrations() (*migrate.Migrations, error) {
	m := migrate.NewMigrations()
	return m, m.Discover(migrations.Files)
}

// hostMigrations returns the host's migrations; none if Host is nil.
func (c Config) hostMigrations() *migrate.Migrations {
	if c.Host == nil {
		return migrate.NewMigrations()
	}
	return c.Host
}

// checkVersion refuses a server that is too old, and warns of one that is newer than this
// library.
func checkVersion(ctx context.Context, db *bun.DB, log *slog.Logger) error {
	var number int
	if err := db.NewRaw("SELECT current_setting('server_version_num')::int").
		Scan(ctx, &number); err != nil {
		return err
	}
	version := number / 10000
	switch {
	case version < oldestVersion:
		return fmt.Errorf("PostgreSQL %d is too old: %d or newer is needed", version, oldestVersion)
	case version > newestVersion:
		log.WarnContext(ctx, "this version of PostgreSQL is newer than this program, which was"+
			" never tried with it", "version", version, "newest_known", newestVersion)
	}
	return nil
}

// runMigrations runs the migrations that the table of applied migrations lacks, and logs each.
// A migration is recorded only after its success.
func runMigrations(
	ctx context.Context, db *bun.DB, log *slog.Logger, migrations *migrate.Migrations, table string,
) error {
	migrator := migrate.NewMigrator(db, migrations, migrate.WithTableName(table),
		migrate.WithLocksTableName(table+"_lock"),
		migrate.WithMarkAppliedOnSuccess(true))
	if err := migrator.Init(ctx); err != nil {
		return err
	}
	if len(migrations.Sorted()) == 0 {
		return nil // bun/migrate returns an error for an empty list
	}
	group, err := migrator.Migrate(ctx)
	if err != nil {
		return err
	}
	for _, m := range group.Migrations {
		log.InfoContext(ctx, "migrated", "table", table, "migration", m.Name)
	}
	return nil
}
