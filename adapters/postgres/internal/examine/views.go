package examine

import "github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"

// viewChecks look for views that read tables of tenants with other rights than their reader's:
//
//   - views without security_invoker, which read with their owner's rights. Before PostgreSQL 15
//     every view does, so only views that the application's role may use are reported.
//   - materialized views, which have no row security.
//
// The library's own views are not looked at: checkLibrary compares them with their definition.
var viewChecks = []check{
	// The fix is safe if only the owner and the pools have privileges on the view: other roles may
	// rely on the owner's rights.
	{"view_owner_rights", doctor.SeverityError,
		"a view without security_invoker reads with its owner's rights, and row security doesn't" +
			" apply to its reader", `
		WITH RECURSIVE ` + readers + `
		SELECT v.name, CASE WHEN v.new THEN format('ALTER VIEW %s SET (security_invoker = true)', v.name)
		         ELSE format('REVOKE ALL ON %s FROM PUBLIC, %s', v.name, (SELECT name FROM app)) END,
		       CASE WHEN v.new THEN v.alone ELSE NOT v.public END, NOT v.reached
		  FROM readers v WHERE v.relkind = 'v' AND (v.new OR v.reached)
		   AND NOT coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(v.reloptions) o
		                      WHERE o.option_name = 'security_invoker'), false)`},
	// The fix is safe unless PUBLIC has a privilege on the view.
	{"materialized_view", doctor.SeverityError,
		"a materialized view stores the rows of all tenants, and can't have row security", `
		WITH RECURSIVE ` + readers + `
		SELECT v.name, format('REVOKE ALL ON %s FROM PUBLIC, %s', v.name, (SELECT name FROM app)),
		       NOT v.public, false
		  FROM readers v WHERE v.relkind = 'm' AND v.reached`},
	{"tenant_rows_elsewhere", doctor.SeverityError,
		"a foreign table or a materialized view with a tenant's id can't have row security", `
		SELECT c.oid::regclass::text, format('REVOKE ALL ON %s FROM PUBLIC, %s', c.oid::regclass, app.name),
		       NOT EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0), false
		  FROM ids i JOIN pg_class c ON c.oid = i.oid AND c.relkind IN ('f', 'm'), app
		 WHERE has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE')
		    OR has_table_privilege(app.oid, c.oid, 'DELETE')`},
}

// readers are the views that read tables of tenants, themselves or through other views: whether the
// server knows security_invoker (new), the application's role may use the view (reached), PUBLIC
// has a privilege on it (public), and no role besides the owner and the pools has one (alone).
const readers = `seen (oid) AS (
	SELECT oid FROM tables
	UNION
	SELECT r.ev_class FROM seen s
	  JOIN pg_depend d
	    ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_rewrite'::regclass
	  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_type = '1' AND r.ev_class <> s.oid
), readers AS (
	SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.reloptions,
	       current_setting('server_version_num')::int >= 150000 AS new,
	       EXISTS (SELECT FROM app
	                WHERE has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE')
	                   OR has_table_privilege(app.oid, c.oid, 'DELETE')) AS reached,
	       EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0) AS public,
	       NOT EXISTS (SELECT FROM aclexplode(c.relacl) a
	                    WHERE a.grantee <> c.relowner AND a.grantee NOT IN (SELECT oid FROM pools)) AS alone
	  FROM seen s JOIN pg_class c ON c.oid = s.oid
	 WHERE c.relkind IN ('v', 'm') AND c.relnamespace <> coalesce(to_regnamespace('bailiwick')::oid, 0)
)`
