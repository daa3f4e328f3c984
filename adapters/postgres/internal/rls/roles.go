package rls

import (
	"context"
	"net/url"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// withoutPrivileges denies a role every attribute that would exempt it from row security or let
// it create roles and databases.
const withoutPrivileges = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"

// roleRequirements are the roles, the passwords of those that log in, and the memberships of the
// migrating user.
func roleRequirements(
	ctx context.Context, tx bun.IDB, s pool.Settings, u migratingUser,
) ([]requirement, error) {
	var required []requirement
	for _, role := range []string{s.Roles.Owner, s.Roles.Search} {
		required = append(required, requirement{
			met:       "SELECT " + roleOID(role) + " IS NOT NULL",
			statement: "CREATE ROLE " + sqltext.Quote(role) + " NOLOGIN " + withoutPrivileges,
		})
	}
	for _, login := range []struct{ role, url string }{
		{s.Roles.App, s.AppURL}, {s.Roles.System, s.SystemURL},
	} {
		r, err := loginRequirement(ctx, tx, login.role, login.url)
		if err != nil {
			return nil, err
		}
		required = append(required, r...)
	}
	if u.Superuser { // needs no membership
		return required, nil
	}
	for _, role := range []string{s.Roles.Owner, s.Roles.Search} {
		required = append(required, u.membership(role))
	}
	return required, nil
}

// loginRequirement is a role that can log in with its URL. The password of an existing role is set
// only when the role can't log in, and never when objects of another database depend on the role:
// the instances of that database would be locked out. A role that is named after this database is
// its role, even if a copy of the database hasn't got its own roles yet.
func loginRequirement(
	ctx context.Context, tx bun.IDB, role, roleURL string,
) ([]requirement, error) {
	definition, err := loginDefinition(role, roleURL)
	if err != nil {
		return nil, err
	}
	var found []struct{ CanLogin, Shared bool }
	err = tx.NewRaw(`SELECT rolcanlogin AS can_login, EXISTS (SELECT FROM pg_shdepend d
		  WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid
		    AND d.dbid NOT IN (0, own.oid)) AND NOT starts_with(rolname, ?1 || own.oid || '_') AS shared
		FROM pg_roles r, pg_database own
		WHERE r.rolname = ?0 AND own.datname = current_database()`, role, pool.DefaultPrefix).
		Scan(ctx, &found)
	switch {
	case err != nil:
		return nil, err
	case len(found) == 0:
		return []requirement{{
			met:       "SELECT " + roleOID(role) + " IS NOT NULL",
			statement: "CREATE ROLE " + definition, hasPassword: true,
		}}, nil
	case canLogIn(ctx, roleURL, found[0].CanLogin):
		return nil, nil
	case found[0].Shared:
		return nil, tenancy.Errorf(tenancy.CodeInvalidState,
			"the role %s can't log in with this password, and another database of the cluster uses"+
				" the role: give each database its own roles", role)
	}
	return []requirement{{statement: "ALTER ROLE " + definition, hasPassword: true}}, nil
}

// loginDefinition returns a role's name and options. If the role's URL has no password, the role
// gets none, and it can log in only where the server asks for none.
func loginDefinition(role, roleURL string) (string, error) {
	definition := sqltext.Quote(role) + " LOGIN " + withoutPrivileges
	parsed, err := url.Parse(roleURL)
	if err != nil {
		return "", pool.ErrInvalidURL
	}
	password, _ := parsed.User.Password()
	if password == "" {
		return definition, nil
	}
	verifier, err := scramVerifier(password)
	return definition + " PASSWORD " + sqltext.Literal(verifier), err
}

// canLogIn reports whether a role can log in with its URL. It is true when no change of the role
// could help: the server can't be reached, or pg_hba.conf refuses a role that may log in.
func canLogIn(ctx context.Context, roleURL string, mayLogIn bool) bool {
	c, err := pool.NewConnector(roleURL, pool.DefaultTimeout)
	if err != nil {
		return false
	}
	conn, err := c.Connect(ctx)
	switch pgerr.State(err) {
	case pgerr.StateInvalidPassword:
		return false
	case pgerr.StateInvalidAuthorization:
		return mayLogIn
	}
	return err != nil || conn.Close() == nil
}
