package rls

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// roleSettings are what the application's role begins its sessions in this
// database with: a deadline for each statement, and nothing of a statement, and so
// of the tenant's signature, where injected SQL could read it.
func roleSettings(s pool.Settings) map[string]string {
	return map[string]string{
		"statement_timeout": strconv.FormatInt(s.StatementTimeout.Milliseconds(), 10) + "ms",
		"track_activities":  "off",
	}
}

// ApplyRoleSettings gives the application's role its settings, as far as the migrating
// user may: what is missing the connector sends with each statement, and the
// doctor reports.
func ApplyRoleSettings(ctx context.Context, tx bun.IDB, s pool.Settings) error {
	var database string
	if err := tx.NewRaw("SELECT current_database()").Scan(ctx, &database); err != nil {
		return err
	}
	for name, value := range roleSettings(s) {
		var set bool
		err := tx.NewRaw(`SELECT EXISTS (SELECT FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole
			JOIN pg_database d ON d.oid = s.setdatabase AND d.datname = current_database()
			WHERE r.rolname = ? AND ? = ANY (s.setconfig))`, s.AppRole, name+"="+value).Scan(ctx, &set)
		if err != nil {
			return err
		}
		if set {
			continue
		}
		statement := "ALTER ROLE " + sqltext.Quote(s.AppRole) + " IN DATABASE " +
			sqltext.Quote(database) +
			" SET " + name + " = " + sqltext.Literal(value)
		if _, err := inSavepoint(ctx, tx, statement); err != nil {
			return err
		}
	}
	return nil
}
