package examine

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// grantChecks look at what the application's role may do, by grants to itself
// or to everybody. What everybody has isn't taken away unasked: other roles may
// live by it.
var grantChecks = []check{
	{"grant_truncate", doctor.SeverityError,
		"TRUNCATE removes every tenant's rows: no policy is asked",
		tableGrant("TRUNCATE", "has_table_privilege")},
	{"grant_references", doctor.SeverityError,
		"a foreign key tells whether another tenant's row exists: its check is asked no policy",
		tableGrant("REFERENCES", "has_any_column_privilege")},
	{"grant_trigger", doctor.SeverityError,
		"a trigger runs with the rights of whoever writes, also of those who see more",
		tableGrant("TRIGGER", "has_table_privilege")},
	{"library_table_open", doctor.SeverityError,
		"this table of the library has no row security, since the application's role isn't to" +
			" read or change it", `
		SELECT t.name, format('REVOKE SELECT, UPDATE, DELETE ON %s FROM PUBLIC, %s', t.name, app.name),
		       NOT (has_any_column_privilege('public', t.oid, 'SELECT, UPDATE') OR has_table_privilege('public', t.oid, 'DELETE')), false
		  FROM tables t JOIN pg_class c ON c.oid = t.oid, app
		 WHERE t.library AND NOT c.relrowsecurity AND t.owner <> app.oid AND t.name NOT IN (` + catalog.LibraryPolicyTables() + `)
		   AND (has_any_column_privilege(app.oid, t.oid, 'SELECT, UPDATE') OR has_table_privilege(app.oid, t.oid, 'DELETE'))`},
	{"key_hashes_open", doctor.SeverityWarning,
		"the hashes of API keys are for bailiwick.find_key alone",
		`
		SELECT t.name, format('REVOKE SELECT ON %1$s FROM PUBLIC, %2$s; GRANT SELECT (%3$s) ON %1$s TO %2$s', t.name, app.name,
		         (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		           WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attname <> 'hash')), true, false
		  FROM tables t, app WHERE t.library AND t.name = 'bailiwick.api_keys' AND t.owner <> app.oid
		   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.oid AND a.attname = 'hash' AND NOT a.attisdropped
		                AND has_column_privilege(app.oid, t.oid, a.attnum, 'SELECT'))`},
	{"shared_table", doctor.SeverityWarning,
		"every tenant reads, or writes, the same rows here, for the table has neither tenant_id" +
			" nor row security", `
		SELECT c.oid::regclass::text, format('REVOKE ALL ON %s FROM PUBLIC, %s', c.oid::regclass, app.name), false, false
		  FROM pg_class c, app
		 WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND NOT c.relrowsecurity
		   AND c.relnamespace IN (SELECT oid FROM schemas) AND c.oid NOT IN (SELECT oid FROM tables) AND c.relowner <> app.oid
		   AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		   AND (has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(app.oid, c.oid, 'DELETE'))`},
	{"grant_create_in_schema", doctor.SeverityError,
		"injected SQL can leave a function or an operator here that other tenants' statements" +
			" then run", `
		SELECT quote_ident(n.nspname), format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %s', n.nspname, app.name),
		       NOT has_schema_privilege('public', n.oid, 'CREATE'), false
		  FROM pg_namespace n, app
		 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND n.nspowner <> app.oid AND has_schema_privilege(app.oid, n.oid, 'CREATE')`},
	{"grant_create_in_database", doctor.SeverityError,
		"injected SQL can leave a schema here, with functions that other tenants' statements then" +
			" run", `
		SELECT quote_ident(d.datname), format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, %s', d.datname, app.name),
		       NOT has_database_privilege('public', d.oid, 'CREATE'), false
		  FROM pg_database d, app
		 WHERE d.datname = current_database() AND d.datdba <> app.oid AND has_database_privilege(app.oid, d.oid, 'CREATE')`},
	// The connector takes a session's temporary tables away before another
	// tenant can meet them: this is the wall behind it.
	{"grant_temp", doctor.SeverityWarning,
		"a temporary table hides the real one of its name from whoever uses the connection next", `
		SELECT quote_ident(d.datname), format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, %s', d.datname, app.name),
		       NOT has_database_privilege('public', d.oid, 'TEMP')
		         OR NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid <> d.datdba AND r.rolname NOT IN (?1, ?2)), false
		  FROM pg_database d, app
		 WHERE d.datname = current_database() AND d.datdba <> app.oid AND has_database_privilege(app.oid, d.oid, 'TEMP')`},
	{"default_privileges", doctor.SeverityWarning,
		"the next table is open to the application's role before row security is raised around it",
		`
		SELECT format('default privileges of %I', pg_get_userbyid(d.defaclrole)) || CASE WHEN n.oid IS NULL THEN '' ELSE format(' in %I', n.nspname) END,
		       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_get_userbyid(d.defaclrole)) || CASE WHEN n.oid IS NULL THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END
		         || ' REVOKE ALL ON TABLES FROM ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE app.name END, a.grantee <> 0, false
		  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, app,
		       LATERAL (SELECT DISTINCT x.grantee FROM aclexplode(d.defaclacl) x WHERE x.grantee IN (0, app.oid)) a
		 WHERE d.defaclobjtype = 'r' AND d.defaclrole <> app.oid`},
}

// tableGrant asks where the application's role has a privilege on a table that
// no policy restrains.
func tableGrant(privilege, test string) string {
	return `SELECT t.name, format('REVOKE ` + privilege +
		` ON %s FROM PUBLIC, %s', t.name, app.name),
		       NOT ` + test + `('public', t.oid, '` + privilege + `'), false
		  FROM tables t, app WHERE t.owner <> app.oid AND ` + test + `(app.oid, t.oid, '` + privilege + `')`
}
