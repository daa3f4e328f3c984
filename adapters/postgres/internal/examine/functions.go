package examine

import (
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
)

// functionChecks look at functions that run with their owner's rights and that
// the application's role may run. A body that is parsed when the function is
// made (BEGIN ATOMIC), and one in C, looks nothing up by a search path.
var functionChecks = []check{
	{"definer_search_path", doctor.SeverityError,
		"a SECURITY DEFINER function finds its tables and operators by its caller's search path," +
			" and so runs what the caller put there", `
		SELECT f.name, format('ALTER ROUTINE %s SET search_path = pg_catalog, %I, pg_temp', f.name, f.nspname), false, false
		  FROM (` + definers + `) f WHERE f.path IS NULL AND f.looks AND NOT f.qualified`},
	{"definer_temp_first", doctor.SeverityWarning,
		"a search path that doesn't name pg_temp last looks for tables among the caller's" +
			" temporary ones first", `
		SELECT f.name, format('ALTER ROUTINE %s SET search_path = %s, pg_temp', f.name, regexp_replace(f.path, '^pg_temp, |, pg_temp(,)', '\1')), false, false
		  FROM (` + definers + `) f JOIN app ON has_database_privilege(app.oid, current_database(), 'TEMP')
		 WHERE f.path !~ '(^|, )pg_temp$' AND f.looks`},
	{"definer_owner_bypasses", doctor.SeverityWarning,
		"a SECURITY DEFINER function whose owner row security doesn't hold reads the rows of all" +
			" tenants", `
		SELECT f.name, format('ALTER ROUTINE %s OWNER TO %I', f.name, ?3::text), false, false
		  FROM (` + definers + `) f JOIN pg_roles r ON r.oid = f.proowner WHERE f.looks AND (r.rolsuper OR r.rolbypassrls)`},
	{"function_leaves_state", doctor.SeverityWarning,
		"the function changes its session, and leaves the change to whoever uses the connection" +
			" next: set_config with true, or a lock with xact in its name, ends with the" +
			" transaction", `
		SELECT p.oid::regprocedure::text, format('REVOKE EXECUTE ON ROUTINE %s FROM PUBLIC, %s', p.oid::regprocedure, app.name), false, false
		  FROM ` + madeFunctions + ` p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, app
		 WHERE n.nspname NOT IN ('information_schema', 'bailiwick') AND l.lanname NOT IN ('c', 'internal') AND p.prosrc ~* '` + leavesState + `'
		   AND has_function_privilege(app.oid, p.oid, 'EXECUTE') AND has_schema_privilege(app.oid, n.oid, 'USAGE')`},
}

// madeFunctions are all but the server's own. OFFSET 0 keeps those out before
// their bodies and privileges are looked at: there are three thousand.
const madeFunctions = `(SELECT * FROM pg_proc WHERE pronamespace <> 'pg_catalog'::regnamespace OFFSET 0)`

// leavesState is a regular expression for what a body may do to its session. A
// SET stands at the beginning of a statement; within one it is UPDATE's. bun takes a
// question mark for a parameter, unless a backslash stands before it.
const leavesState = `set_config\s*\([^;]*,\s*false\s*\)|\mpg_(try_|)advisory_lock|\mlisten\s+\w|(^|;|\mbegin|\mthen|\melse|\mloop)\s*set\s+(\?!local\M|constraints\M|transaction\M)`

// definers are all but the library's own, which keep every name qualified. So do
// the entries to searches, which are known by their text.
const definers = `SELECT p.oid::regprocedure::text AS name, n.nspname, p.proowner,
	    l.lanname NOT IN ('c', 'internal') AND to_jsonb(p) ->> 'prosqlbody' IS NULL AS looks,
	    n.nspname = '` + itemsql.SearchRole + `' AND p.prosrc = replace(?6, '{name}', format('%s."%s"', n.nspname, replace(p.proname, '"', '""'))) AS qualified,
	    (SELECT substr(c, 13) FROM unnest(p.proconfig) c WHERE c LIKE 'search_path=%') AS path
	  FROM ` + madeFunctions + ` p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_language l ON l.oid = p.prolang, app
	 WHERE p.prosecdef AND n.nspname <> 'information_schema'
	   AND NOT (n.nspname = 'bailiwick' AND p.proname IN (SELECT unnest(ARRAY[?5]::text[])))
	   AND has_function_privilege(app.oid, p.oid, 'EXECUTE') AND has_schema_privilege(app.oid, n.oid, 'USAGE')`
