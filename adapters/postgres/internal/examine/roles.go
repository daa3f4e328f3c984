package examine

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// roleChecks look at the roles of the two pools:
//
//   - roles that don't exist.
//   - attributes such as SUPERUSER and BYPASSRLS that get past policies.
//   - memberships in other roles, and members.
//   - objects that the roles own, and tables whose owner bypasses row security.
//
// The fix of a superuser isn't safe: the role may be the only superuser.
var roleChecks = []check{
	{"role_missing", doctor.SeverityError,
		"a pool's role doesn't exist: migrate, or let the database's administrator create it with" +
			" a password", `
		SELECT quote_ident(n),
		       format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', n),
		       false, false
		  FROM unnest(ARRAY[?1, ?2]::text[]) n WHERE n <> '' AND n NOT IN (SELECT rolname FROM pg_roles)`},
	{"role_superuser", doctor.SeverityError,
		"row security doesn't apply to a superuser, so a pool that logs in as one reads every" +
			" tenant's rows", `
		SELECT name, format('ALTER ROLE %s NOSUPERUSER', name), false, false FROM pools WHERE rolsuper`},
	{"role_bypassrls", doctor.SeverityError, "a role with BYPASSRLS reads every tenant's rows", `
		SELECT name, format('ALTER ROLE %s NOBYPASSRLS', name), true, false FROM pools WHERE rolbypassrls`},
	{"role_createrole", doctor.SeverityError,
		"a role with CREATEROLE can make itself a member of other roles, before PostgreSQL 16 of" +
			" any that isn't a superuser", `
		SELECT name, format('ALTER ROLE %s NOCREATEROLE', name), true, false FROM pools WHERE rolcreaterole`},
	{"role_replication", doctor.SeverityError,
		"a role with REPLICATION can copy all data of the server, past every policy", `
		SELECT name, format('ALTER ROLE %s NOREPLICATION', name), true, false FROM pools WHERE rolreplication`},
	// A warning, because another database has none of the tenants' rows.
	{"role_createdb", doctor.SeverityWarning,
		"a pool's role doesn't need to create databases, and owns each that it creates", `
		SELECT name, format('ALTER ROLE %s NOCREATEDB', name), true, false FROM pools WHERE rolcreatedb`},
	// Memberships count even without INHERIT: SET ROLE needs no inheritance.
	{"role_member", doctor.SeverityError,
		"a pool's role has the rights of every role that it is a member of, and injected SQL can" +
			" SET ROLE to it", `
		SELECT p.name, format('REVOKE %I FROM %s', g.rolname, p.name), true, false
		  FROM pools p JOIN pg_auth_members m ON m.member = p.oid JOIN pg_roles g ON g.oid = m.roleid`},
	// The user who migrates (?4) and the pools' roles may be members. A member with the admin
	// option isn't reported: PostgreSQL 16 gives that to the creator of a role.
	{"role_has_members", doctor.SeverityWarning,
		"a member of a pool's role can act as that role", `
		SELECT p.name, format('REVOKE %s FROM %I', p.name, g.rolname), false, false
		  FROM pools p JOIN pg_auth_members m ON m.roleid = p.oid JOIN pg_roles g ON g.oid = m.member
		 WHERE NOT m.admin_option AND NOT g.rolsuper AND g.rolname <> ?4 AND g.rolname NOT IN (?1, ?2)`},
	// It finds objects of this database and the database itself, but no temporary ones. The fix
	// gives them to the library's owner role.
	{"role_owns", doctor.SeverityError,
		"a pool's role owns this object, and an owner can change it, grant rights on it and turn" +
			" its row security off", `
		SELECT o.identity, format('ALTER %s %s OWNER TO %I', upper(o.type), o.identity, ?3::text)
		         || CASE WHEN t.declared AND p.rolname = ?1
		              THEN format('; GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s', t.name, p.name) ELSE '' END,
		       o.type IN ('table', 'sequence', 'schema'), false
		  FROM pools p
		  JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = p.oid AND d.deptype = 'o'
		   AND (d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		     OR d.classid = 'pg_database'::regclass
		        AND d.objid = (SELECT oid FROM pg_database WHERE datname = current_database()))
		  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) o
		  LEFT JOIN tables t ON d.classid = 'pg_class'::regclass AND t.oid = d.objid
		 WHERE coalesce(o.schema, '') !~ '^pg_(toast_)*temp'`},
	// These roles only own things. A login could be guessed, and each attribute gets past policies.
	{"library_role_attributes", doctor.SeverityError,
		"the role owns the library's objects, so it must not be able to log in or have an" +
			" attribute that gets past row security", `
		SELECT quote_ident(rolname),
		       format('ALTER ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', rolname),
		       NOT rolsuper, false
		  FROM pg_roles
		 WHERE rolname IN (?3, ?8) AND EXISTS (SELECT FROM pools)
		   AND (rolcanlogin OR rolsuper OR rolbypassrls OR rolcreatedb OR rolcreaterole OR rolreplication)`},
	{"library_role_member", doctor.SeverityError,
		"the functions of this role have the rights of every role that it is a member of", `
		SELECT quote_ident(r.rolname), format('REVOKE %I FROM %I', g.rolname, r.rolname), true, false
		  FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid JOIN pg_roles g ON g.oid = m.roleid
		 WHERE r.rolname IN (?3, ?8) AND EXISTS (SELECT FROM pools)`},
	{"library_role_has_members", doctor.SeverityWarning,
		"a member of this role can change the library's objects and turn row security off", `
		SELECT quote_ident(r.rolname), format('REVOKE %I FROM %I', r.rolname, g.rolname), false, false
		  FROM pg_roles r JOIN pg_auth_members m ON m.roleid = r.oid JOIN pg_roles g ON g.oid = m.member
		 WHERE r.rolname IN (?3, ?8) AND EXISTS (SELECT FROM pools)
		   AND NOT m.admin_option AND NOT g.rolsuper AND g.rolname NOT IN (?1, ?2, ?4)`},
	// A role that has rights in other databases only isn't reported. One without any rights needs
	// only one more grant: a warning.
	{"other_bypassrls", doctor.SeverityError,
		"this role can log in, or its members can, and it reads every tenant's rows, because" +
			" policies don't apply to it", `
		SELECT quote_ident(r.rolname), format('ALTER ROLE %I NOBYPASSRLS', r.rolname), false, NOT u.uses
		  FROM pg_roles r, LATERAL (SELECT EXISTS (SELECT FROM tables t
		         WHERE has_any_column_privilege(r.oid, t.oid, 'SELECT, INSERT, UPDATE')
		            OR has_table_privilege(r.oid, t.oid, 'DELETE')) AS uses) u
		 WHERE r.rolbypassrls AND NOT r.rolsuper AND r.rolname NOT IN (?1, ?2, ?3, ?4, ?8)
		   AND EXISTS (SELECT FROM pools)
		   AND (r.rolcanlogin OR EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid))
		   AND has_database_privilege(r.oid, current_database(), 'CONNECT')
		   AND (u.uses OR NOT EXISTS (SELECT FROM pg_shdepend d
		         WHERE d.refclassid = 'pg_authid'::regclass AND d.refobjid = r.oid))`},
	{"owner_strong", doctor.SeverityWarning,
		"whatever runs with the owner's rights, such as a view, bypasses row security if the" +
			" owner does", `
		SELECT t.name,
		       CASE WHEN r.rolname = ?3 THEN format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', r.rolname)
		         ELSE format('ALTER TABLE %s OWNER TO %I', t.name, ?3::text) END, t.declared, false
		  FROM tables t JOIN pg_roles r ON r.oid = t.owner, app
		 WHERE t.known AND (r.rolsuper OR r.rolbypassrls)`},
}

// checkLogins looks for pools that can't log in. For the others it stores in c the role that the
// server sees: a pooler may log in as another role than the URL says.
func checkLogins(ctx context.Context, s pool.Settings, c *catalog.Catalog) []doctor.Finding {
	if !s.MultiTenant {
		return nil
	}
	var findings []doctor.Finding
	for _, login := range []struct {
		url  string
		role *string
	}{{s.AppURL, &c.Roles.App}, {s.SystemURL, &c.Roles.System}} {
		user, err := sessionUser(ctx, login.url)
		if err != nil {
			findings = append(findings, loginFinding(*login.role, err))
			continue
		}
		*login.role = user
	}
	return findings
}

func loginFinding(role string, err error) doctor.Finding {
	reason := err.Error()
	if state := pgerr.State(err); state == pgerr.StateInvalidPassword || state == pgerr.StateInvalidAuthorization {
		reason = "the server refuses the login, or the URL has another password"
	}
	return doctor.Finding{
		Severity: doctor.SeverityError, Code: "role_login",
		Object: sqltext.QuoteIfNeeded(role),
		Why:    "a pool can't log in as this role: " + reason,
		Fix:    fmt.Sprintf("ALTER ROLE %s LOGIN PASSWORD '…'", sqltext.Quote(role)),
	}
}

// sessionUser logs in with a URL, and returns the role that the server sees.
func sessionUser(ctx context.Context, roleURL string) (user string, err error) {
	connector, err := pool.NewConnector(roleURL, pool.DefaultTimeout)
	if err != nil {
		return "", err
	}
	db := bun.NewDB(sql.OpenDB(connector), pgdialect.New())
	defer db.Close()
	err = db.NewRaw("SELECT session_user").Scan(ctx, &user)
	return user, err
}
