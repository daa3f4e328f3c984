package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
	"github.com/uptrace/bun/migrate"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/migrations"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/rls"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// migrationLock is the advisory lock that migrations of one database queue at:
// "bailiwck" in ASCII.
const migrationLock = 0x6261696c6977636b

// minimumVersion is PostgreSQL 13, in the form of server_version_num.
const minimumVersion = 130000

// Config is what a migration works with.
type Config struct {
	pool.Settings
	Declared *declare.Set
	Host     *migrate.Migrations // nil: none
	Adopt    *adoption.Database  // nil: a database without tenants is refused
}

// migrateAll brings the schema up in one transaction: the library's migrations,
// the host's, the walls around each owned table, and with MultiTenant the
// roles. Killed at any moment, nothing of it has happened.
func migrateAll(ctx context.Context, c Config) error {
	return inMigration(ctx, c, func(db *bun.DB) error { return migrateIn(ctx, db, c) })
}

// inMigration runs fn in a transaction of the owner's, upon one connection.
func inMigration(ctx context.Context, c Config, fn func(*bun.DB) error) error {
	inner, err := pool.NewConnector(c.URL, pool.BulkTimeout)
	if err != nil {
		return err
	}
	once := &onceConnector{inner: inner}
	sqldb := sql.OpenDB(once)
	sqldb.SetMaxOpenConns(1)
	db := bun.NewDB(sqldb, pgdialect.New())
	if err := inTransaction(ctx, db, func() error { return fn(db) }); err != nil {
		return errors.Join(fmt.Errorf("postgres: migrating: %w", err), db.Close())
	}
	return db.Close()
}

// inTransaction brackets what bun/migrate does, which knows no transaction
// around several migrations. The pool has one connection for its whole life.
func inTransaction(ctx context.Context, db *bun.DB, fn func() error) error {
	if _, err := db.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := fn(); err != nil {
		// closing the connection does it as well
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	_, err := db.ExecContext(ctx, "COMMIT")
	return err
}

// prepareMigrations brings the library's own schema up.
func prepareMigrations(ctx context.Context, db *bun.DB, c Config) error {
	if _, err := db.NewRaw("SELECT pg_advisory_xact_lock(?)", int64(migrationLock)).
		Exec(ctx); err != nil {
		return err
	}
	if err := checkVersion(ctx, db); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS bailiwick"); err != nil {
		return err
	}
	library, err := ownMigrations()
	if err != nil {
		return err
	}
	if err := runMigrations(ctx, db, c.Logger, library, libraryMigrations); err != nil {
		return err
	}
	return pool.EnsureSigningKey(ctx, db)
}

func migrateIn(ctx context.Context, db *bun.DB, c Config) error {
	if err := prepareMigrations(ctx, db, c); err != nil {
		return err
	}
	if err := runMigrations(ctx, db, c.Logger, c.hostMigrations(), hostMigrations); err != nil {
		return err
	}
	if err := rls.ProtectTables(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	if err := rls.CreateGetFunctions(ctx, db, c.Declared); err != nil {
		return err
	}
	if !c.MultiTenant {
		return nil
	}
	if err := rls.CreateRoles(ctx, db, c.Settings); err != nil {
		return err
	}
	if err := rls.ApplyRoleSettings(ctx, db, c.Settings); err != nil {
		return err
	}
	if err := rls.TransferOwnership(ctx, db, c.Declared); err != nil {
		return err
	}
	if err := rls.Grant(ctx, db, c.Settings, c.Declared); err != nil {
		return err
	}
	return rls.CreateSearch(ctx, db, c.Settings, c.Declared)
}

// Where the two lists of applied migrations stand.
const (
	libraryMigrations = "bailiwick.migrations"
	hostMigrations    = "bailiwick.host_migrations"
)

func ownMigrations() (*migrate.Migrations, error) {
	m := migrate.NewMigrations()
	return m, m.Discover(migrations.Files)
}

func (c Config) hostMigrations() *migrate.Migrations {
	if c.Host == nil {
		return migrate.NewMigrations()
	}
	return c.Host
}

// CheckCurrent refuses a schema that lacks a migration.
func CheckCurrent(ctx context.Context, p *pool.Pool, c Config) error {
	ctx = pool.CrossTenant(ctx, "check the schema")
	library, err := ownMigrations()
	if err != nil {
		return err
	}
	for table, wanted := range map[string]*migrate.Migrations{libraryMigrations: library,
		hostMigrations: c.hostMigrations()} {
		var applied []string
		err := p.System.NewRaw("SELECT name FROM "+table).Scan(ctx, &applied)
		if state := pgerr.State(err); state == pgerr.StateUndefinedTable || state == pgerr.StateInvalidSchema ||
			state == pgerr.StateInsufficientPrivilege {
			return errNotCurrent
		}
		if err != nil {
			return pgerr.Translate(err)
		}
		for _, m := range wanted.Sorted() {
			if !slices.Contains(applied, m.Name) {
				return errNotCurrent
			}
		}
	}
	return checkFunctions(ctx, p, c.Declared)
}

// checkFunctions refuses a schema that lacks a function which is made for a kind.
func checkFunctions(ctx context.Context, p *pool.Pool, d *declare.Set) error {
	var wanted []string
	for _, t := range d.KindTables {
		wanted = append(wanted, itemsql.GetFunctionSignature(t))
		if itemsql.Searchable(t) && p.Settings.MultiTenant {
			entry, within := itemsql.SearchSignatures(t)
			wanted = append(wanted, entry, within)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	var missing int
	err := p.System.NewRaw(
		"SELECT count(*) FROM unnest(ARRAY[?]::text[]) f WHERE to_regprocedure(f) IS NULL",
		bun.List(wanted)).Scan(ctx, &missing)
	if err != nil {
		return pgerr.Translate(err)
	}
	if missing > 0 {
		return errNotCurrent
	}
	return nil
}

var errNotCurrent = tenancy.Errorf(tenancy.CodeUnavailable,
	"the schema isn't current: migrate first")

func checkVersion(ctx context.Context, db *bun.DB) error {
	var version int
	if err := db.NewRaw("SELECT current_setting('server_version_num')::int").
		Scan(ctx, &version); err != nil {
		return err
	}
	if version < minimumVersion {
		return fmt.Errorf("PostgreSQL %d is too old: 13 or newer is needed", version/10000)
	}
	return nil
}

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
		return nil // which bun/migrate takes for a mistake
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

// onceConnector connects once. Were the connection lost, database/sql would
// open another, and what follows would run outside the transaction.
type onceConnector struct {
	inner *pgdriver.Connector
	used  atomic.Bool
}

func (c *onceConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.used.Load() {
		return nil, errors.New("the connection was lost within the migration; nothing has changed")
	}
	opened, err := c.inner.Connect(ctx)
	if err == nil {
		c.used.Store(true)
	}
	return opened, err
}

func (c *onceConnector) Driver() driver.Driver { return c.inner.Driver() }
