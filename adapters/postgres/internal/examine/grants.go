package examine

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
)

// grantChecks look for privileges of the application's role, its own or PUBLIC's, that row security
// doesn't restrict or that let injected SQL leave objects for other tenants:
//
//   - TRUNCATE, REFERENCES and TRIGGER on tables of tenants.
//   - reading and changing library tables without row security, and reading the hashes of API keys.
//   - tables that all tenants share, because they have no tenant_id.
//   - CREATE in a schema or the database, and TEMPORARY.
//   - default privileges, which open the next table before it has row security.
//
// A fix that revokes a privilege from PUBLIC isn't safe: other roles may need the privilege.
var grantChecks = []check{
	{"grant_truncate", doctor.SeverityError,
		"TRUNCATE removes every tenant's rows, because policies don't apply to it",
		tableGrant("TRUNCATE", "has_table_privilege")},
	{"grant_references", doctor.SeverityError,
		"a foreign key reveals whether another tenant's row exists, because policies don't apply" +
			" to its check",
		tableGrant("REFERENCES", "has_any_column_privilege")},
	{"grant_trigger", doctor.SeverityError,
		"a trigger runs with the rights of every role that writes, also of roles that read more" +
			" tenants' rows",
		tableGrant("TRIGGER", "has_table_privilege")},
	// Library tables with policies are checked by checkPolicies.
	{"library_table_open", doctor.SeverityError,
		"this table of the library has no row security, because the application's role must not" +
			" read or change it", `
		SELECT t.name, format('REVOKE SELECT, UPDATE, DELETE ON %s FROM PUBLIC, %s', t.name, app.name),
		       NOT (has_any_column_privilege('public', t.oid, 'SELECT, UPDATE')
		         OR has_table_privilege('public', t.oid, 'DELETE')), false
		  FROM tables t JOIN pg_class c ON c.oid = t.oid, app
		 WHERE t.library AND NOT c.relrowsecurity AND t.owner <> app.oid
		   AND t.name NOT IN (` + catalog.LibraryPolicyTables() + `)
		   AND (has_any_column_privilege(app.oid, t.oid, 'SELECT, UPDATE')
		     OR has_table_privilege(app.oid, t.oid, 'DELETE'))`},
	// A privilege on the table includes the column hash. The fix revokes it and grants all other
	// columns.
	{"key_hashes_open", doctor.SeverityWarning,
		"only the function bailiwick.find_key needs to read the hashes of API keys", `
		SELECT t.name,
		       format('REVOKE SELECT ON %1$s FROM PUBLIC, %2$s; GRANT SELECT (%3$s) ON %1$s TO %2$s', t.name, app.name,
		         (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
		           WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attname <> 'hash')), true, false
		  FROM tables t, app WHERE t.library AND t.name = 'bailiwick.api_keys' AND t.owner <> app.oid
		   AND EXISTS (SELECT FROM pg_attribute a
		                WHERE a.attrelid = t.oid AND a.attname = 'hash' AND NOT a.attisdropped
		                  AND has_column_privilege(app.oid, t.oid, a.attnum, 'SELECT'))`},
	// Only tables in the schemas of declared tables count, without those of extensions. A host may
	// want such a table, so this is a warning without a safe fix.
	{"shared_table", doctor.SeverityWarning,
		"every tenant reads or writes the same rows of this table, because it has neither" +
			" tenant_id nor row security: if that is meant, and none writes it, declare it in" +
			" Options.Shared", `
		SELECT c.oid::regclass::text, format('REVOKE ALL ON %s FROM PUBLIC, %s', c.oid::regclass, app.name),
		       false, false
		  FROM pg_class c, app
		 WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't' AND NOT c.relrowsecurity
		   AND c.relnamespace IN (SELECT oid FROM schemas)
		   AND c.oid NOT IN (SELECT oid FROM tables) AND c.relowner <> app.oid
		   AND NOT EXISTS (SELECT FROM shared s WHERE s.oid = c.oid)
		   AND NOT EXISTS (SELECT FROM pg_depend d
		                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
		   AND (has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE')
		     OR has_table_privilege(app.oid, c.oid, 'DELETE'))`},
	// Before PostgreSQL 15 PUBLIC may create objects in the schema public.
	{"grant_create_in_schema", doctor.SeverityError,
		"injected SQL can create functions and operators in this schema, which other tenants'" +
			" statements then run", `
		SELECT quote_ident(n.nspname), format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC, %s', n.nspname, app.name),
		       NOT has_schema_privilege('public', n.oid, 'CREATE'), false
		  FROM pg_namespace n, app
		 WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
		   AND n.nspowner <> app.oid AND has_schema_privilege(app.oid, n.oid, 'CREATE')`},
	{"grant_create_in_database", doctor.SeverityError,
		"injected SQL can create a schema with functions in this database, which other tenants'" +
			" statements then run", `
		SELECT quote_ident(d.datname), format('REVOKE CREATE ON DATABASE %I FROM PUBLIC, %s', d.datname, app.name),
		       NOT has_database_privilege('public', d.oid, 'CREATE'), false
		  FROM pg_database d, app
		 WHERE d.datname = current_database() AND d.datdba <> app.oid
		   AND has_database_privilege(app.oid, d.oid, 'CREATE')`},
	// The connector drops a session's temporary tables before another tenant uses the
	// connection. Without this privilege there are none.
	{"grant_temp", doctor.SeverityError,
		"a temporary table hides the real table of the same name from the next user of the" +
			" connection", `
		SELECT quote_ident(d.datname), format('REVOKE TEMPORARY ON DATABASE %I FROM PUBLIC, %s', d.datname, app.name),
		       NOT has_database_privilege('public', d.oid, 'TEMP')
		         OR NOT EXISTS (SELECT FROM pg_roles r
		              WHERE r.rolcanlogin AND NOT r.rolsuper AND r.oid <> d.datdba AND r.rolname NOT IN (?1, ?2)),
		       false
		  FROM pg_database d, app
		 WHERE d.datname = current_database() AND d.datdba <> app.oid
		   AND has_database_privilege(app.oid, d.oid, 'TEMP')`},
	// Only USAGE is needed, for the default of a column.
	{"grant_sequence", doctor.SeverityError,
		"the sequence shows how many rows other tenants add, and a change of it stops them", `
		SELECT c.oid::regclass::text,
		       format('REVOKE SELECT, UPDATE ON SEQUENCE %s FROM PUBLIC, %s', c.oid::regclass, app.name),
		       NOT EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0), false
		  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, app
		 WHERE c.relkind = 'S' AND c.relpersistence <> 't' AND c.relowner <> app.oid
		   AND n.nspname <> 'bailiwick' AND has_sequence_privilege(app.oid, c.oid, 'SELECT, UPDATE')`},
	{"large_objects", doctor.SeverityError,
		"row security doesn't apply to large objects, so every tenant reads or writes the same one", `
		SELECT 'large object ' || l.oid, format('REVOKE ALL ON LARGE OBJECT %s FROM PUBLIC, %s', l.oid, app.name),
		       NOT EXISTS (SELECT FROM aclexplode(l.lomacl) a WHERE a.grantee = 0), false
		  FROM pg_largeobject_metadata l, app
		 WHERE EXISTS (SELECT FROM aclexplode(l.lomacl) a WHERE a.grantee IN (0, app.oid))`},
	// The fix is safe unless PUBLIC is the grantee. It doesn't change existing tables.
	{"default_privileges", doctor.SeverityWarning,
		"the application's role may use the next table before the table has row security", `
		SELECT format('default privileges of %I', pg_get_userbyid(d.defaclrole))
		         || CASE WHEN n.oid IS NULL THEN '' ELSE format(' in %I', n.nspname) END,
		       format('ALTER DEFAULT PRIVILEGES FOR ROLE %I', pg_get_userbyid(d.defaclrole))
		         || CASE WHEN n.oid IS NULL THEN '' ELSE format(' IN SCHEMA %I', n.nspname) END
		         || ' REVOKE ALL ON ' || CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' ELSE 'SEQUENCES' END
		         || ' FROM ' || CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE app.name END,
		       a.grantee <> 0, false
		  FROM pg_default_acl d LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, app,
		       LATERAL (SELECT DISTINCT x.grantee FROM aclexplode(d.defaclacl) x WHERE x.grantee IN (0, app.oid)) a
		 WHERE d.defaclobjtype IN ('r', 'S') AND d.defaclrole <> app.oid`},
}

// tableGrant finds tables on which the application's role has a privilege that policies don't
// restrict. test is the server's function that tests the privilege.
func tableGrant(privilege, test string) string {
	return `SELECT t.name, format('REVOKE ` + privilege + ` ON %s FROM PUBLIC, %s', t.name, app.name),
		       NOT ` + test + `('public', t.oid, '` + privilege + `'), false
		  FROM tables t, app WHERE t.owner <> app.oid AND ` + test + `(app.oid, t.oid, '` + privilege + `')`
}
