package rls

import (
	"context"
	"strconv"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// roleSetting is a setting with which the sessions of a role begin. Unless it is for every
// database of the server, it is for this one.
type roleSetting struct {
	role, name, value string
	everywhere        bool
}

// roleSettings returns the settings of the pools' roles: a timeout for each statement of the
// application's, and no text of its statements in pg_stat_activity, where injected SQL could
// read the tenant's signature.
//
// The server's log would have it too: PostgreSQL writes the whole message of a failed
// statement there, which begins with the signature. The error itself is logged in any case.
func roleSettings(s pool.Settings) []roleSetting {
	const setting, none = "log_min_error_statement", "panic"
	return []roleSetting{
		{role: s.Roles.App, name: "statement_timeout",
			value: strconv.FormatInt(s.StatementTimeout.Milliseconds(), 10) + "ms"},
		{role: s.Roles.App, name: "track_activities", value: "off"},
		{role: s.Roles.App, name: setting, value: none, everywhere: true},
		{role: s.Roles.System, name: setting, value: none, everywhere: true},
	}
}

// ApplyRoleSettings sets the settings of the pools' roles, as far as the migrating user may do
// that (some need a superuser). A timeout that is missing is sent with each statement, and the
// doctor reports the other settings.
func ApplyRoleSettings(ctx context.Context, tx bun.IDB, s pool.Settings) error {
	var database string
	if err := tx.NewRaw("SELECT current_database()").Scan(ctx, &database); err != nil {
		return err
	}
	for _, setting := range roleSettings(s) {
		if err := setting.apply(ctx, tx, database); err != nil {
			return err
		}
	}
	return nil
}

func (r roleSetting) apply(ctx context.Context, tx bun.IDB, database string) error {
	var isSet bool
	err := tx.NewRaw(`SELECT EXISTS (SELECT FROM pg_db_role_setting s
		JOIN pg_roles r ON r.oid = s.setrole
		LEFT JOIN pg_database d ON d.oid = s.setdatabase
		WHERE r.rolname = ? AND ? = ANY (s.setconfig)
		  AND CASE WHEN ? THEN s.setdatabase = 0 ELSE d.datname = ? END)`,
		r.role, r.name+"="+r.value, r.everywhere, database).Scan(ctx, &isSet)
	if err != nil || isSet {
		return err
	}
	where := " IN DATABASE " + sqltext.Quote(database)
	if r.everywhere {
		where = ""
	}
	_, err = inSavepoint(ctx, tx, "ALTER ROLE "+sqltext.Quote(r.role)+where+
		" SET "+r.name+" = "+sqltext.Literal(r.value))
	return err
}
