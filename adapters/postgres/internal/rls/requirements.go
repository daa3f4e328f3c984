package rls

import (
	"context"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// requirement is something that a migration needs and that the migrating user may lack the
// privilege to create.
type requirement struct {
	met         string // a query that returns whether it is there; empty: it isn't
	statement   string // creates it
	own         string // a query that returns whether the user may run statement; empty: no
	hasPassword bool   // statement has the verifier of a password
}

// Prepare creates what a migration needs from the cluster and the database: with tenancy on the
// roles, the user's memberships in them, and their privileges on the host's schemas; always the
// user's privilege to create the library's schemas. It returns the error for which the migration
// can't begin: the complete list of the statements that the database's administrator must run.
//
// What the user could create is committed nevertheless, so that the list has only the rest.
func Prepare(ctx context.Context, tx bun.IDB, s pool.Settings, d *declare.Set) (
	missing, err error,
) {
	u, err := readMigratingUser(ctx, tx)
	if err != nil {
		return nil, err
	}
	var required []requirement
	if s.MultiTenant {
		if required, err = roleRequirements(ctx, tx, s, u); err != nil {
			return nil, err
		}
	}
	required = append(required, u.createSchemas(s))
	required = append(required, u.tablesSchema(d)...)
	required = append(required, schemaRequirements(s, d, u)...)
	left, err := attemptAll(ctx, tx, required)
	if err != nil {
		return nil, err
	}
	if s.MultiTenant {
		foreign, err := foreignObjects(ctx, tx, s.Roles, d)
		if err != nil {
			return nil, err
		}
		left = append(left, foreign...)
	}
	return administratorError(left), nil
}

// attemptAll attempts all requirements, and returns those that are left for the administrator.
func attemptAll(
	ctx context.Context, tx bun.IDB, required []requirement,
) (left []requirement, err error) {
	for _, r := range required {
		refused, err := r.attempt(ctx, tx)
		if err != nil {
			return nil, err
		}
		if refused {
			left = append(left, r)
		}
	}
	return left, nil
}

// attempt creates what is missing, as far as the user may do that. It reports whether the
// administrator must do it.
func (r requirement) attempt(ctx context.Context, tx bun.IDB) (refused bool, err error) {
	met, err := r.holds(ctx, tx, r.met)
	if met || err != nil {
		return false, err
	}
	failed, err := inSavepoint(ctx, tx, r.statement)
	if err != nil {
		return false, err
	}
	if failed == nil && r.met == "" {
		return false, nil
	}
	// a GRANT without the grant option succeeds with a warning, and changes nothing
	if met, err = r.holds(ctx, tx, r.met); met || err != nil {
		return false, err
	}
	// the statement may have failed because the role in it is missing
	own, err := r.holds(ctx, tx, r.own)
	return !own, err
}

func (r requirement) holds(ctx context.Context, tx bun.IDB, query string) (yes bool, err error) {
	if query == "" {
		return false, nil
	}
	err = tx.QueryRowContext(ctx, "SELECT coalesce(("+query+"), false)").Scan(&yes)
	return yes, err
}

// administratorError returns the error with the statements for the database's administrator; nil
// if there are none. psql runs its text from the second line on as it is.
func administratorError(left []requirement) error {
	if len(left) == 0 {
		return nil
	}
	text := "the database's administrator must run these statements in this database:"
	hasPassword := false
	for _, r := range left {
		text += "\n" + r.statement + ";"
		hasPassword = hasPassword || r.hasPassword
	}
	if hasPassword {
		text += "\n-- A verifier SCRAM-SHA-256… belongs to the password of the role's URL, which" +
			" is derived from the migrating user's password unless it is set."
	}
	return tenancy.Errorf(tenancy.CodeInvalidState, "%s\n-- Then start again.", text)
}

// migratingUser is the user of the migration's session.
type migratingUser struct {
	Name, Database     string
	Version            int // of the server, as server_version_num
	Superuser, Inherit bool
}

func readMigratingUser(ctx context.Context, tx bun.IDB) (u migratingUser, err error) {
	err = tx.NewRaw(`SELECT rolname AS name, current_database() AS database,
		current_setting('server_version_num')::int AS version, rolsuper AS superuser,
		rolinherit AS inherit FROM pg_roles WHERE rolname = current_user`).Scan(ctx, &u)
	return u, err
}

const version16 = 160000

// membership is what the user needs to make a role the owner of objects and to change them
// afterwards: the role's privileges, and SET ROLE to it. Since PostgreSQL 16 the creator of a role
// is a member with neither; before, a member had both unless it was created with NOINHERIT.
func (u migratingUser) membership(role string) requirement {
	name, user := sqltext.Literal(role), sqltext.Quote(u.Name)
	r := requirement{
		met: "SELECT pg_has_role(oid, 'USAGE') AND pg_has_role(oid, 'MEMBER')" +
			" FROM pg_roles WHERE rolname = " + name,
		statement: "GRANT " + sqltext.Quote(role) + " TO " + user,
	}
	switch {
	case u.Version >= version16:
		r.met = strings.ReplaceAll(r.met, "'MEMBER'", "'SET'")
		r.statement += " WITH INHERIT TRUE, SET TRUE"
	case !u.Inherit:
		r.statement += "; ALTER ROLE " + user + " INHERIT"
	}
	return r
}

// createSchemas is the user's privilege to create the library's schemas, or to give them to their
// owner.
func (u migratingUser) createSchemas(s pool.Settings) requirement {
	met := "SELECT has_database_privilege(current_database(), 'CREATE')" +
		" OR to_regnamespace('bailiwick') IS NOT NULL"
	if s.MultiTenant {
		met = "SELECT has_database_privilege(current_database(), 'CREATE') OR 2 = (SELECT count(*)" +
			" FROM pg_namespace WHERE (nspname, pg_get_userbyid(nspowner)) IN (('bailiwick', " +
			sqltext.Literal(s.Roles.Owner) + "), ('bailiwick_search', " +
			sqltext.Literal(s.Roles.Search) + ")))"
	}
	return requirement{met: met,
		statement: "GRANT CREATE ON DATABASE " + sqltext.Quote(u.Database) + " TO " +
			sqltext.Quote(u.Name)}
}

// tablesSchema is the schema of the declared tables whose name has none. A host whose migrations
// create other schemas has no such table.
func (u migratingUser) tablesSchema(d *declare.Set) []requirement {
	if !slices.Contains(sharedSchemas(d), d.Schema) && !slices.ContainsFunc(d.Tables,
		func(t *declare.Table) bool { return t.Schema == d.Schema }) {
		return nil
	}
	g := schemaGrant{schema: d.Schema}
	return []requirement{{
		met: "SELECT NOT (" + g.missing() + ")",
		statement: "CREATE SCHEMA " + sqltext.Quote(d.Schema) + " AUTHORIZATION " +
			sqltext.Quote(u.Name),
		own: "SELECT has_database_privilege(current_database(), 'CREATE')",
	}}
}
