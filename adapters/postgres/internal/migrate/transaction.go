package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
)

// inMigration runs fn in a transaction of the migrating user, on one connection.
func inMigration(ctx context.Context, c Config, fn func(*bun.DB) error) error {
	return onConnection(ctx, c, pool.BulkTimeout, func(db *bun.DB) error {
		return inTransaction(ctx, db, func() error { return fn(db) })
	})
}

// onConnection runs fn with one connection of the migrating user, which waits for the server as
// long as timeout.
func onConnection(
	ctx context.Context, c Config, timeout time.Duration, fn func(*bun.DB) error,
) error {
	inner, err := c.NewOwnerConnector(timeout)
	if err != nil {
		return err
	}
	once := &onceConnector{inner: inner}
	sqldb := sql.OpenDB(once)
	sqldb.SetMaxOpenConns(1)
	db := bun.NewDB(sqldb, pgdialect.New())
	if err := fn(db); err != nil {
		return errors.Join(fmt.Errorf("postgres: migrating: %w", err), db.Close())
	}
	return db.Close()
}

// inTransaction runs fn between BEGIN and COMMIT, because bun/migrate can't run several
// migrations in one transaction. db has only one connection.
func inTransaction(ctx context.Context, db *bun.DB, fn func() error) error {
	pins, err := pinsOf(ctx, db)
	if err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "BEGIN;"+pins); err != nil {
		return err
	}
	if err := fn(); err != nil {
		// an error doesn't matter: closing the connection rolls back too
		_, _ = db.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return err
	}
	_, err = db.ExecContext(ctx, "COMMIT")
	return err
}

// pinsOf returns the statements that pin the settings of db's only connection.
func pinsOf(ctx context.Context, db *bun.DB) (string, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	return session.PinsOf(conn)
}

// onceConnector connects only once. If the connection is lost, database/sql would otherwise
// open another one, and the following statements would run outside the transaction.
type onceConnector struct {
	inner driver.Connector
	used  atomic.Bool
}

func (c *onceConnector) Connect(ctx context.Context) (driver.Conn, error) {
	if c.used.Load() {
		return nil, errors.New("the connection was lost during the migration: start it again")
	}
	conn, err := c.inner.Connect(ctx)
	if err == nil {
		c.used.Store(true)
	}
	return conn, err
}

func (c *onceConnector) Driver() driver.Driver { return c.inner.Driver() }
