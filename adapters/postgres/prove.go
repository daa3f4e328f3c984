package postgres

import (
	"database/sql"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// The proof of isolation lives in a package of its own, and looks into a DB
// from there.
func init() {
	filterbypass.Inspect = func(opened any) (filterbypass.Internals, error) {
		db, ok := opened.(*DB)
		if !ok || db == nil {
			return filterbypass.Internals{}, fmt.Errorf("postgres: %T is no open database", opened)
		}
		return db.inside()
	}
}

func (db *DB) inside() (filterbypass.Internals, error) {
	owner, err := pool.NewConnector(db.pool.Settings.URL, db.pool.Settings.StatementTimeout)
	if err != nil {
		return filterbypass.Internals{}, err
	}
	inside := filterbypass.Internals{
		MultiTenant: db.pool.Settings.MultiTenant,
		Owner:       pool.NewDB(sql.OpenDB(owner), pool.SystemConns),
		Owned:       declare.Owned(db.config.Declared.All),
		Models:      db.config.models(),
	}
	return inside, nil
}
