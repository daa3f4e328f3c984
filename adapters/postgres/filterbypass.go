package postgres

import (
	"database/sql"
	"database/sql/driver"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
)

// The package isolationtest needs facts about a DB that aren't exported to hosts. This package
// passes them through an internal package, as a function.
func init() {
	filterbypass.Inspect = func(opened any) (filterbypass.Internals, error) {
		db, ok := opened.(*DB)
		if !ok || db == nil {
			return filterbypass.Internals{}, fmt.Errorf("postgres: %T is not an open *postgres.DB", opened)
		}
		return db.inside()
	}
}

const ownerConns = 8

// ownerPool returns a pool of connections of the migrating user.
func ownerPool(c driver.Connector) *bun.DB {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(ownerConns)
	db.SetMaxIdleConns(ownerConns)
	return bun.NewDB(db, pgdialect.New())
}

// inside returns what the proof of isolation needs. The caller closes the pool Owner.
func (db *DB) inside() (filterbypass.Internals, error) {
	s := db.pool.Settings
	owner, err := s.NewTablesConnector(s.URL, s.StatementTimeout)
	if err != nil {
		return filterbypass.Internals{}, err
	}
	declared := db.config.Declared
	owned := declare.OwnedTables(declared.Tables)
	inside := filterbypass.Internals{
		MultiTenant: s.MultiTenant,
		Owner:       ownerPool(owner),
		Owned:       owned, Columns: declared.TenantColumns(owned),
		Models: db.config.models(),
	}
	for _, t := range declared.Tables { // in the order of the models
		inside.ModelColumn = append(inside.ModelColumn, t.TenantColumn)
	}
	return inside, nil
}
