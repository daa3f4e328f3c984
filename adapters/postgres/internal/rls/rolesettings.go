package rls

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// roleSettings returns the settings with which sessions of the application's role begin in this
// database: a timeout for each statement, and no text of statements in pg_stat_activity, where
// injected SQL could read the tenant's signature.
func roleSettings(s pool.Settings) map[string]string {
	return map[string]string{
		"statement_timeout": strconv.FormatInt(s.StatementTimeout.Milliseconds(), 10) + "ms",
		"track_activities":  "off",
	}
}

// ApplyRoleSettings sets the settings of the application's role, as far as the migrating user
// may do that. A setting that is missing is sent with each statement, and the doctor reports it.
func ApplyRoleSettings(ctx context.Context, tx bun.IDB, s pool.Settings) error {
	var database string
	if err := tx.NewRaw("SELECT current_database()").Scan(ctx, &database); err != nil {
		return err
	}
	for name, value := range roleSettings(s) {
		var isSet bool
		err := tx.NewRaw(`SELECT EXISTS (SELECT FROM pg_db_role_setting s
			JOIN pg_roles r ON r.oid = s.setrole
			JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
			WHERE r.rolname = ? AND ? = ANY (s.setconfig))`, s.Roles.App, name+"="+value).
			Scan(ctx, &isSet)
		if err != nil {
			return err
		}
		if isSet {
			continue
		}
		statement := "ALTER ROLE " + sqltext.Quote(s.Roles.App) + " IN DATABASE " +
			sqltext.Quote(database) + " SET " + name + " = " + sqltext.Literal(value)
		if _, err := inSavepoint(ctx, tx, statement); err != nil {
			return err
		}
	}
	return nil
}
