package postgres

import (
	"database/sql"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/onewall"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
)

// The package isolationtest needs the inside of a DB, and can't import it: so this package
// sets the function that opens it.
func init() {
	onewall.Look = func(opened any) (onewall.Inside, error) {
		db, ok := opened.(*DB)
		if !ok || db == nil {
			return onewall.Inside{}, fmt.Errorf("postgres: %T is not an open *postgres.DB", opened)
		}
		return db.inside()
	}
}

func (db *DB) inside() (onewall.Inside, error) {
	owner, err := pool.NewConnector(db.pool.Settings.URL, db.pool.Settings.StatementTimeout)
	if err != nil {
		return onewall.Inside{}, err
	}
	inside := onewall.Inside{
		MultiTenant: db.pool.Settings.MultiTenant,
		Owner:       pool.NewDB(sql.OpenDB(owner), pool.SystemConns),
		Owned:       declare.OwnedTables(db.config.Declared.Tables),
		Models:      db.config.models(),
	}
	return inside, nil
}
