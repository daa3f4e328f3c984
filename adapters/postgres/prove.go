package postgres

import (
	"database/sql"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/onewall"
)

// The proof of isolation lives in a package of its own, and looks into a DB
// from there.
func init() {
	onewall.Look = func(opened any) (onewall.Inside, error) {
		db, ok := opened.(*DB)
		if !ok || db == nil {
			return onewall.Inside{}, fmt.Errorf("postgres: %T is no open database", opened)
		}
		return db.inside()
	}
}

func (db *DB) inside() (onewall.Inside, error) {
	owner, err := NewConnector(db.pool.Settings.URL, db.pool.Settings.StatementTimeout)
	if err != nil {
		return onewall.Inside{}, err
	}
	inside := onewall.Inside{
		MultiTenant: db.pool.Settings.MultiTenant, Owner: NewBunDB(sql.OpenDB(owner), SystemConns),
		Owned: owned(db.config.Declared.all),
	}
	for _, t := range db.config.tables {
		inside.Models = append(inside.Models, t.Model)
	}
	return inside, nil
}
