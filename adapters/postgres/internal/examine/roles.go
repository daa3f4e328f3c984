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

// roleChecks look at what the roles of the two pools are, belong to and own.
// That a role is a superuser isn't mended unasked: it may be the only one.
var roleChecks = []check{
	{"role_missing", doctor.SeverityError,
		"a pool's role doesn't exist: migrate, or let the database's administrator make it and" +
			" give it a password", `
		SELECT quote_ident(n), format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', n), false, false
		  FROM unnest(ARRAY[?1, ?2]::text[]) n WHERE n <> '' AND n NOT IN (SELECT rolname FROM pg_roles)`},
	{"role_superuser", doctor.SeverityError,
		"row security doesn't hold a superuser, so a pool that logs in as one sees every tenant", `
		SELECT name, format('ALTER ROLE %s NOSUPERUSER', name), false, false FROM pools WHERE rolsuper`},
	{"role_bypassrls", doctor.SeverityError, "a role with BYPASSRLS sees every tenant", `
		SELECT name, format('ALTER ROLE %s NOBYPASSRLS', name), true, false FROM pools WHERE rolbypassrls`},
	{"role_createrole", doctor.SeverityError,
		"a role with CREATEROLE can make itself a member of others, before PostgreSQL 16 of any" +
			" that is no superuser", `
		SELECT name, format('ALTER ROLE %s NOCREATEROLE', name), true, false FROM pools WHERE rolcreaterole`},
	{"role_replication", doctor.SeverityError,
		"a role with REPLICATION can copy the whole server's data, past any policy", `
		SELECT name, format('ALTER ROLE %s NOREPLICATION', name), true, false FROM pools WHERE rolreplication`},
	{"role_createdb", doctor.SeverityWarning,
		"a pool's role needs no database of its own, and owns each that it makes", `
		SELECT name, format('ALTER ROLE %s NOCREATEDB', name), true, false FROM pools WHERE rolcreatedb`},
	{"role_member", doctor.SeverityError,
		"a pool's role has the rights of every role that it is a member of, and injected SQL can" +
			" SET ROLE to it", `
		SELECT p.name, format('REVOKE %I FROM %s', g.rolname, p.name), true, false
		  FROM pools p JOIN pg_auth_members m ON m.member = p.oid JOIN pg_roles g ON g.oid = m.roleid`},
	{"role_has_members", doctor.SeverityWarning,
		"whoever is a member of a pool's role can act as it", `
		SELECT p.name, format('REVOKE %s FROM %I', p.name, g.rolname), false, false
		  FROM pools p JOIN pg_auth_members m ON m.roleid = p.oid JOIN pg_roles g ON g.oid = m.member
		 WHERE NOT m.admin_option AND NOT g.rolsuper AND g.rolname <> ?4 AND g.rolname NOT IN (?1, ?2)`},
	{"role_owns", doctor.SeverityError,
		"a pool's role owns it, and an owner can change it, grant it and take row security off it",
		`
		SELECT o.identity, format('ALTER %s %s OWNER TO %I', upper(o.type), o.identity, ?3::text) || CASE
		         WHEN t.declared AND p.rolname = ?1 THEN format('; GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %s', t.name, p.name) ELSE '' END,
		       o.type IN ('table', 'sequence', 'schema'), false
		  FROM pools p JOIN pg_shdepend d ON d.refclassid = 'pg_authid'::regclass AND d.refobjid = p.oid AND d.deptype = 'o'
		   AND (d.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
		     OR d.classid = 'pg_database'::regclass AND d.objid = (SELECT oid FROM pg_database WHERE datname = current_database()))
		  CROSS JOIN LATERAL pg_identify_object(d.classid, d.objid, d.objsubid) o
		  LEFT JOIN tables t ON d.classid = 'pg_class'::regclass AND t.oid = d.objid
		 WHERE coalesce(o.schema, '') !~ '^pg_(toast_)*temp'`},
	{"owner_strong", doctor.SeverityWarning,
		"what runs with the owner's rights, such as a view, passes by row security when its owner" +
			" does", `
		SELECT t.name, CASE WHEN r.rolname = ?3 THEN format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS', r.rolname)
		         ELSE format('ALTER TABLE %s OWNER TO %I', t.name, ?3::text) END, t.declared, false
		  FROM tables t JOIN pg_roles r ON r.oid = t.owner, app
		 WHERE t.known AND (r.rolsuper OR r.rolbypassrls)`},
}

// logIn logs in as each of the two roles, to see whom the server takes them
// for.
func logIn(ctx context.Context, s pool.Settings, c *catalog.Catalog) []doctor.Finding {
	if !s.MultiTenant {
		return nil
	}
	var findings []doctor.Finding
	for _, pool := range []struct {
		url  string
		role *string
	}{{s.AppURL, &c.AppRole}, {s.SystemURL, &c.SystemRole}} {
		who, err := sessionUser(ctx, pool.url)
		if err == nil {
			*pool.role = who
			continue
		}
		findings = append(findings, doctor.Finding{
			Severity: doctor.SeverityError, Code: "role_login",
			Object: sqltext.QuoteIfNeeded(*pool.role),
			Why:    "a pool can't log in as this role: " + loginFault(err),
			Fix:    fmt.Sprintf("ALTER ROLE %s LOGIN PASSWORD '…'", sqltext.Quote(*pool.role)),
		})
	}
	return findings
}

func loginFault(err error) string {
	if state := pgerr.State(err); state == pgerr.StateInvalidPassword || state == pgerr.StateInvalidAuthorization {
		return "the server refuses it, or its password isn't the one in the URL"
	}
	return err.Error()
}

func sessionUser(ctx context.Context, roleURL string) (who string, err error) {
	inner, err := pool.NewConnector(roleURL, pool.DefaultTimeout)
	if err != nil {
		return "", err
	}
	db := bun.NewDB(sql.OpenDB(inner), pgdialect.New())
	defer db.Close()
	err = db.NewRaw("SELECT session_user").Scan(ctx, &who)
	return who, err
}
