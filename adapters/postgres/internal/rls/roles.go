package rls

import (
	"context"
	"net/url"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// CreateRoles creates the roles that are missing. If the migrating user may not do that, the
// error contains the statements for the database's administrator. The password of an existing
// role is set only when the role can't log in: roles belong to the whole cluster, and instances
// of other databases may use them.
func CreateRoles(ctx context.Context, tx bun.IDB, s pool.Settings) error {
	var missing []string
	for _, role := range []string{s.Roles.Owner, s.Roles.Search} {
		exists, err := roleExists(ctx, tx, role)
		if err != nil {
			return err
		}
		if !exists {
			missing = append(missing, "CREATE ROLE "+sqltext.Quote(role)+" NOLOGIN "+withoutPrivileges)
		}
	}
	for role, roleURL := range map[string]string{
		s.Roles.App: s.AppURL, s.Roles.System: s.SystemURL,
	} {
		exists, err := roleExists(ctx, tx, role)
		if err != nil {
			return err
		}
		definition := sqltext.Quote(role) + " LOGIN " + withoutPrivileges + passwordClause(roleURL)
		switch {
		case !exists:
			missing = append(missing, "CREATE ROLE "+definition)
		case !canLogIn(ctx, roleURL):
			missing = append(missing, "ALTER ROLE "+definition)
		}
	}
	return runAsAdmin(ctx, tx, missing)
}

// withoutPrivileges denies a role every attribute that would exempt it from row security or let
// it create roles and databases.
const withoutPrivileges = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"

func roleExists(ctx context.Context, tx bun.IDB, role string) (exists bool, err error) {
	err = tx.NewRaw("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ?)", role).
		Scan(ctx, &exists)
	return exists, err
}

// passwordClause returns the clause that sets the password of a role's URL. If the URL has no
// password, the clause is empty, and the role can log in only where the server asks for none.
func passwordClause(roleURL string) string {
	parsed, err := url.Parse(roleURL)
	if err != nil {
		return ""
	}
	password, _ := parsed.User.Password()
	if password == "" {
		return ""
	}
	return " PASSWORD " + sqltext.Literal(password)
}

// canLogIn reports whether a role can log in with its URL. It is true when the server can't be
// reached, because that is no reason to change a password.
func canLogIn(ctx context.Context, roleURL string) bool {
	c, err := pool.NewConnector(roleURL, pool.DefaultTimeout)
	if err != nil {
		return false
	}
	conn, err := c.Connect(ctx)
	if err != nil {
		state := pgerr.State(err)
		return state != pgerr.StateInvalidPassword && state != pgerr.StateInvalidAuthorization
	}
	return conn.Close() == nil
}
