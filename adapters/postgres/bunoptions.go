package postgres

import (
	"database/sql"
	"errors"
	"reflect"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"
)

// checkBunOptions refuses options that would send statements elsewhere.
func checkBunOptions(options []bun.DBOption) error {
	var none sql.DB
	probe := bun.NewDB(&none, pgdialect.New(), options...)
	if probe.DB != &none {
		return errors.New("postgres: Options.BunOptions replaces the connections, which the" +
			" library must scope")
	}
	if err := checkResolver(probe); err != nil {
		return errors.Join(errors.New("postgres: Options.BunOptions can't be used"), err)
	}
	return nil
}

// checkResolver refuses a bun.DB with a connection resolver.
func checkResolver(db *bun.DB) error {
	resolver := reflect.ValueOf(db).Elem().FieldByName("resolver")
	if !resolver.IsValid() {
		return errors.New("postgres: this version of bun isn't supported: bun.DB has no field" +
			" resolver")
	}
	if !resolver.IsNil() {
		return errors.New("postgres: the bun.DB has a connection resolver, whose connections aren't" +
			" scoped to a tenant: take WithConnResolver away")
	}
	return nil
}

// newHostDB returns a bun.DB for a host's code, on connections that are lent to it.
func (c config) newHostDB(lent *sql.DB) *bun.DB {
	db := bun.NewDB(lent, pgdialect.New(), c.bunOptions...)
	db.RegisterModel(c.models()...)
	for _, hook := range c.QueryHooks {
		db = db.WithQueryHook(hook)
	}
	return db
}

// Confine moves a bun.DB that the host has, and everything that was made of it, onto the
// library's connections. Its registered models, query hooks, named arguments and options stay,
// and so does its query builder: its statements have no tenant's condition. Row-level security
// confines each of them to the tenant of its context, and one without a tenant is refused, as
// with [DB.SQL]. With tenancy off nothing confines them. Transactions that have begun and the
// connections of before aren't changed; close the *sql.DB of before when nothing uses it. Call
// Confine before the bun.DB is used concurrently.
//
// A bun.DB is refused if it is one of another database than PostgreSQL, or if it has a
// connection resolver, such as one for read replicas, since the resolver's connections would
// bypass the tenant.
func (db *DB) Confine(existing *bun.DB) error {
	if existing == nil || existing.DB == nil {
		return errors.New("postgres: the bun.DB to confine is nil")
	}
	if name := existing.Dialect().Name(); name != dialect.PG {
		return errors.New("postgres: the bun.DB to confine has the dialect " + name.String() +
			": it must be one of PostgreSQL")
	}
	if err := checkResolver(existing); err != nil {
		return err
	}
	existing.DB = db.pool.Host
	return nil
}
