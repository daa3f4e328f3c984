package examine

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
)

// functionChecks look for functions that the application's role may execute and that read the
// wrong objects, read other tenants' rows, or change their session:
//
//   - SECURITY DEFINER functions without a safe search path. A body in C, and one that is parsed
//     when the function is created (BEGIN ATOMIC), looks up nothing by the search path.
//   - SECURITY DEFINER functions whose owner bypasses row security.
//   - functions that leave a setting, a lock or a LISTEN in their session.
var functionChecks = []check{
	// The fix sets a path, and can break a function that relies on the caller's: it isn't safe.
	{"definer_search_path", doctor.SeverityError,
		"a SECURITY DEFINER function without a search path finds tables and operators by its" +
			" caller's path, and so runs what the caller put there", `
		SELECT f.name, format('ALTER ROUTINE %s SET search_path = pg_catalog, %I, pg_temp', f.name, f.nspname),
		       false, false
		  FROM (` + definers + `) f WHERE f.path IS NULL AND f.uses_path AND NOT f.qualified`},
	// PostgreSQL searches pg_temp first unless the path names it. That matters only to roles that
	// may create temporary tables.
	{"definer_temp_first", doctor.SeverityWarning,
		"a search path that doesn't name pg_temp last finds the caller's temporary tables first", `
		SELECT f.name,
		       format('ALTER ROUTINE %s SET search_path = %s, pg_temp', f.name,
		         regexp_replace(f.path, '^pg_temp, |, pg_temp(,)', '\1')),
		       false, false
		  FROM (` + definers + `) f
		  JOIN app ON has_database_privilege(app.oid, current_database(), 'TEMP')
		 WHERE f.path !~ '(^|, )pg_temp$' AND f.uses_path`},
	{"definer_owner_bypasses", doctor.SeverityWarning,
		"a SECURITY DEFINER function whose owner bypasses row security reads the rows of all" +
			" tenants", `
		SELECT f.name, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s', f.name,
		         (SELECT name FROM app)), false, false
		  FROM (` + definers + `) f JOIN pg_roles r ON r.oid = f.proowner
		 WHERE f.uses_path AND (r.rolsuper OR r.rolbypassrls)`},
	// The library's own functions are compared with their definitions.
	{"definer_owner_library", doctor.SeverityError,
		"a SECURITY DEFINER function of one of the library's roles reads what the application's" +
			" role must not read, such as the signing keys or the rows of all tenants", `
		SELECT f.name, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s', f.name, (SELECT name FROM app)),
		       false, false
		  FROM (` + definers + `) f JOIN pg_roles r ON r.oid = f.proowner
		 WHERE r.rolname IN (?2, ?3, ?8) AND f.nspname NOT IN ('bailiwick', '` + itemsql.SearchSchema + `')`},
	{"function_leaves_state", doctor.SeverityWarning,
		"the function changes its session, and the next user of the connection gets the change:" +
			" use set_config with true or a lock with xact in its name, which end with the" +
			" transaction", `
		SELECT p.oid::regprocedure::text,
		       format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s', p.oid::regprocedure, app.name), false, false
		  FROM ` + createdFunctions + ` p
		  JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, app
		 WHERE n.nspname NOT IN ('information_schema', 'bailiwick') AND l.lanname NOT IN ('c', 'internal')
		   AND p.prosrc ~* '` + leavesState + `'
		   AND has_function_privilege(app.oid, p.oid, 'EXECUTE') AND has_schema_privilege(app.oid, n.oid, 'USAGE')`},
}

// createdFunctions are all functions but the server's own 3,000. OFFSET 0 makes the server exclude
// those before it reads bodies and privileges.
const createdFunctions = `(SELECT * FROM pg_proc WHERE pronamespace <> 'pg_catalog'::regnamespace OFFSET 0)`

// leavesState is a regular expression that matches bodies which change their session. It matches
// SET only at the start of a statement, because SET is also a part of UPDATE. bun takes a question
// mark for a parameter unless a backslash precedes it.
const leavesState = `set_config\s*\([^;]*,\s*false\s*\)` +
	`|\mpg_(try_|)advisory_lock|\mlisten\s+\w` +
	`|(^|;|\mbegin|\mthen|\melse|\mloop)\s*set\s+(\?!local\M|constraints\M|transaction\M)`

// definers are the SECURITY DEFINER functions that the application's role may execute. Excluded
// are the library's own, which qualify every name. "qualified" are the entry functions of searches,
// which do so too and are recognized by their text.
const definers = `SELECT p.oid::regprocedure::text AS name, n.nspname, p.proowner,
	    l.lanname NOT IN ('c', 'internal') AND to_jsonb(p) ->> 'prosqlbody' IS NULL AS uses_path,
	    n.nspname = '` + itemsql.SearchSchema + `' AND p.prosrc = replace(replace(?6, '{name}',
	      format('%s."%s"', n.nspname, replace(p.proname, '"', '""'))), '{type}', (SELECT r.typname FROM pg_type r
	        WHERE r.oid = p.prorettype AND r.typnamespace = 'pg_catalog'::regnamespace)) AS qualified,
	    (SELECT substr(c, 13) FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') AS path
	  FROM ` + createdFunctions + ` p
	  JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, app
	 WHERE p.prosecdef AND n.nspname <> 'information_schema'
	   AND NOT (n.nspname = 'bailiwick' AND p.proname IN (SELECT unnest(ARRAY[?5]::text[])))
	   AND has_function_privilege(app.oid, p.oid, 'EXECUTE') AND has_schema_privilege(app.oid, n.oid, 'USAGE')`
