package postgres

import (
	"database/sql"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/filterbypass"
)

// The proof of isolation lives in a package of its own, and looks into a DB
// from there.
func init() {
	filterbypass.Look = func(opened any) (filterbypass.Inside, error) {
		db, ok := opened.(*DB)
		if !ok || db == nil {
			return filterbypass.Inside{}, fmt.Errorf("postgres: %T is no open database", opened)
		}
		return db.inside()
	}
}

func (db *DB) inside() (filterbypass.Inside, error) {
	owner, err := connector(db.options.URL, db.options.StatementTimeout)
	if err != nil {
		return filterbypass.Inside{}, err
	}
	inside := filterbypass.Inside{
		MultiTenant: db.options.MultiTenant, Owner: pool(sql.OpenDB(owner), systemConns),
		Owned: owned(db.declared.all),
	}
	for _, t := range db.options.Tables {
		inside.Models = append(inside.Models, t.Model)
	}
	return inside, nil
}
