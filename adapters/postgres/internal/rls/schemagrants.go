package rls

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// schemaRequirements are the privileges in the schemas of the declared tables: the owner role's to
// own tables there, and the other roles' to use them. With tenancy off it is the user's privilege
// to create tables. A schema that doesn't exist yet requires nothing.
func schemaRequirements(s pool.Settings, d *declare.Set, u migratingUser) []requirement {
	tables := map[string][]string{}
	for _, t := range d.Tables {
		tables[t.Schema] = append(tables[t.Schema], sqltext.Literal(t.SQL))
	}
	var required []requirement
	for _, schema := range slices.Sorted(maps.Keys(tables)) {
		g := schemaGrant{schema: schema}
		if !s.MultiTenant {
			required = append(required, g.create(u.Name, "true", tables[schema]))
			continue
		}
		owned := "pg_get_userbyid(c.relowner) = " + sqltext.Literal(s.Roles.Owner)
		required = append(required, g.create(s.Roles.Owner, owned, tables[schema]),
			g.use(s.Roles.App, s.Roles.System, s.Roles.Search))
	}
	if s.MultiTenant {
		for _, schema := range sharedSchemas(d) {
			required = append(required, schemaGrant{schema}.use(s.Roles.App, s.Roles.System))
		}
		required = append(required, u.connect(s.Roles.App, s.Roles.System),
			u.noTemporary(s.Roles.App))
	}
	return required
}

// grantSchemas grants what the schemas that the host's migrations have just created require.
func grantSchemas(ctx context.Context, tx bun.IDB, s pool.Settings, d *declare.Set) error {
	u, err := readMigratingUser(ctx, tx)
	if err != nil {
		return err
	}
	left, err := attemptAll(ctx, tx, schemaRequirements(s, d, u))
	if err != nil {
		return err
	}
	return administratorError(left)
}

// schemaGrant writes the requirements of privileges in one schema.
type schemaGrant struct{ schema string }

// create requires that a role can create objects in the schema, unless all tables exist already and
// meet the condition, which names a table c.
func (g schemaGrant) create(role, condition string, tables []string) requirement {
	names := strings.Join(tables, ", ")
	return requirement{
		met: "SELECT " + g.missing() + " OR " + g.has(role, "CREATE") + " AND " +
			g.has(role, "USAGE") + " OR cardinality(ARRAY[" + names + "]) =" +
			" (SELECT count(*) FROM " + quotedTables + " WHERE c.name IN (" + names + ") AND " + condition + ")",
		statement: "GRANT USAGE, CREATE ON SCHEMA " + sqltext.Quote(g.schema) + " TO " +
			sqltext.Quote(role),
		own: "SELECT " + g.mayGrant("CREATE") + " AND " + g.mayGrant("USAGE"),
	}
}

// use requires that roles can name objects of the schema.
func (g schemaGrant) use(roles ...string) requirement {
	has := []string{}
	for _, role := range roles {
		has = append(has, g.has(role, "USAGE"))
	}
	return requirement{
		met: "SELECT " + g.missing() + " OR " + strings.Join(has, " AND "),
		statement: "GRANT USAGE ON SCHEMA " + sqltext.Quote(g.schema) + " TO " +
			quoteAll(roles),
		own: "SELECT " + g.mayGrant("USAGE"),
	}
}

func (g schemaGrant) oid() string {
	return "to_regnamespace(" + sqltext.Literal(sqltext.Quote(g.schema)) + ")::oid"
}

func (g schemaGrant) missing() string { return g.oid() + " IS NULL" }

// has is an expression that is NULL if the role doesn't exist.
func (g schemaGrant) has(role, privilege string) string {
	return "has_schema_privilege(" + roleOID(role) + ", " + g.oid() + ", '" + privilege + "')"
}

func (g schemaGrant) mayGrant(privilege string) string {
	return "has_schema_privilege(" + g.oid() + ", '" + privilege + " WITH GRANT OPTION')"
}

// connect requires that roles can connect to the database: its owner may have revoked that from
// PUBLIC.
func (u migratingUser) connect(roles ...string) requirement {
	has := []string{}
	for _, role := range roles {
		has = append(has,
			"has_database_privilege("+roleOID(role)+", current_database(), 'CONNECT')")
	}
	return requirement{
		met: "SELECT " + strings.Join(has, " AND "),
		statement: "GRANT CONNECT ON DATABASE " + sqltext.Quote(u.Database) + " TO " +
			quoteAll(roles),
		own: "SELECT has_database_privilege(current_database(), 'CONNECT WITH GRANT OPTION')" +
			" OR EXISTS (SELECT FROM pg_database WHERE datname = current_database()" +
			" AND (datacl IS NULL OR EXISTS (SELECT FROM aclexplode(datacl)" +
			" WHERE grantee = 0 AND privilege_type = 'CONNECT')))", // PUBLIC includes new roles
	}
}

// noTemporary requires that the application's role can't create temporary tables, which would hide
// the real ones from the next user of the connection. By default PUBLIC has that privilege, which
// includes every role: so the other roles of the database need a grant of it.
func (u migratingUser) noTemporary(app string) requirement {
	return requirement{
		met: "SELECT NOT has_database_privilege(" + roleOID(app) +
			", current_database(), 'TEMPORARY')",
		statement: "REVOKE TEMPORARY ON DATABASE " + sqltext.Quote(u.Database) +
			" FROM PUBLIC, " + sqltext.Quote(app),
		own: "SELECT pg_has_role(datdba, 'USAGE') FROM pg_database" +
			" WHERE datname = current_database()",
	}
}

// quotedTables are all tables, with their names as declare quotes them. to_regclass would fail for
// a user who may not use the table's schema.
const quotedTables = `(SELECT c.*, format('"%s"."%s"', replace(n.nspname, '"', '""'),
	replace(c.relname, '"', '""')) AS name
	FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace) c`

// roleOID is an expression for a role's oid. It is NULL if the role doesn't exist.
func roleOID(role string) string {
	return "(SELECT oid FROM pg_roles WHERE rolname = " + sqltext.Literal(role) + ")"
}

func quoteAll(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = sqltext.Quote(n)
	}
	return strings.Join(quoted, ", ")
}
