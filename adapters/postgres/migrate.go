package postgres

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
	"github.com/uptrace/bun/migrate"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// migrationLock is the advisory lock that migrations of one database queue at:
// "bailiwck" in ASCII.
const migrationLock = 0x6261696c6977636b

// minimumVersion is PostgreSQL 13, in the form of server_version_num.
const minimumVersion = 130000

// migrateAll brings the schema up in one transaction: the library's migrations,
// the host's, the walls around each owned table, and with MultiTenant the
// roles. Killed at any moment, nothing of it has happened.
func migrateAll(ctx context.Context, o Options, d *declarations) error {
	inner, err := connector(o.URL, bulkTimeout)
	if err != nil {
		return err
	}
	once := &onceConnector{inner: inner}
	sqldb := sql.OpenDB(once)
	sqldb.SetMaxOpenConns(1)
	db := bun.NewDB(sqldb, pgdialect.New())
	if err := inTransaction(ctx, db, func() error { return migrateIn(ctx, db, o, d) }); err != nil {
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
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") // closing the connection does it as well
		return err
	}
	_, err := db.ExecContext(ctx, "COMMIT")
	return err
}

func migrateIn(ctx context.Context, db *bun.DB, o Options, d *declarations) error {
	if _, err := db.NewRaw("SELECT pg_advisory_xact_lock(?)", int64(migrationLock)).Exec(ctx); err != nil {
		return err
	}
	if err := checkVersion(ctx, db); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE SCHEMA IF NOT EXISTS bailiwick"); err != nil {
		return err
	}
	library := migrate.NewMigrations()
	if err := library.Discover(migrationFiles); err != nil {
		return err
	}
	if err := runMigrations(ctx, db, o, library, "bailiwick.migrations"); err != nil {
		return err
	}
	if o.Migrations != nil {
		if err := runMigrations(ctx, db, o, o.Migrations, "bailiwick.host_migrations"); err != nil {
			return err
		}
	}
	if err := raiseWalls(ctx, db, d); err != nil {
		return err
	}
	if !o.MultiTenant {
		return nil
	}
	if err := makeRoles(ctx, db, o); err != nil {
		return err
	}
	if err := own(ctx, db, d); err != nil {
		return err
	}
	return grant(ctx, db, d)
}

func checkVersion(ctx context.Context, db *bun.DB) error {
	var version int
	if err := db.NewRaw("SELECT current_setting('server_version_num')::int").Scan(ctx, &version); err != nil {
		return err
	}
	if version < minimumVersion {
		return fmt.Errorf("PostgreSQL %d is too old: 13 or newer is needed", version/10000)
	}
	return nil
}

func runMigrations(ctx context.Context, db *bun.DB, o Options, migrations *migrate.Migrations, table string) error {
	migrator := migrate.NewMigrator(db, migrations, migrate.WithTableName(table), migrate.WithLocksTableName(table+"_lock"),
		migrate.WithMarkAppliedOnSuccess(true))
	if err := migrator.Init(ctx); err != nil {
		return err
	}
	group, err := migrator.Migrate(ctx)
	if err != nil {
		return err
	}
	for _, m := range group.Migrations {
		o.Logger.InfoContext(ctx, "migrated", "table", table, "migration", m.Name)
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
