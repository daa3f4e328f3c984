package examine

import "github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"

// viewChecks look at what reads owned tables in somebody else's name. The
// library's own views are compared with their definition instead.
var viewChecks = []check{
	// Before PostgreSQL 15 a view can't be told; one that the application's role
	// can't use does no harm.
	{"view_owner_rights", doctor.SeverityError,
		"a view without security_invoker reads with its owner's rights, whatever row security" +
			" says of its reader", `
		WITH RECURSIVE ` + readers + `
		SELECT v.name, CASE WHEN v.new THEN format('ALTER VIEW %s SET (security_invoker = true)', v.name)
		         ELSE format('REVOKE ALL ON %s FROM PUBLIC, %s', v.name, (SELECT name FROM app)) END,
		       CASE WHEN v.new THEN v.alone ELSE NOT v.public END, NOT v.reached
		  FROM readers v WHERE v.relkind = 'v' AND (v.new OR v.reached)
		   AND NOT coalesce((SELECT o.option_value::boolean FROM pg_options_to_table(v.reloptions) o WHERE o.option_name = 'security_invoker'), false)`},
	{"materialized_view", doctor.SeverityError,
		"a materialized view holds the rows of all tenants, and row security can't be put on it", `
		WITH RECURSIVE ` + readers + `
		SELECT v.name, format('REVOKE ALL ON %s FROM PUBLIC, %s', v.name, (SELECT name FROM app)), NOT v.public, false
		  FROM readers v WHERE v.relkind = 'm' AND v.reached`},
}

// readers are the views that read owned tables, themselves or through others:
// whether the application's role may use them, whether everybody may, and
// whether nobody else may.
const readers = `seen (oid) AS (
	SELECT oid FROM tables
	UNION
	SELECT r.ev_class FROM seen s
	  JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid AND d.classid = 'pg_rewrite'::regclass
	  JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_type = '1' AND r.ev_class <> s.oid
), readers AS (
	SELECT c.oid, c.oid::regclass::text AS name, c.relkind, c.reloptions, current_setting('server_version_num')::int >= 150000 AS new,
	       EXISTS (SELECT FROM app WHERE has_any_column_privilege(app.oid, c.oid, 'SELECT, INSERT, UPDATE') OR has_table_privilege(app.oid, c.oid, 'DELETE')) AS reached,
	       EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee = 0) AS public,
	       NOT EXISTS (SELECT FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner AND a.grantee NOT IN (SELECT oid FROM pools)) AS alone
	  FROM seen s JOIN pg_class c ON c.oid = s.oid
	 WHERE c.relkind IN ('v', 'm') AND c.relnamespace <> coalesce(to_regnamespace('bailiwick')::oid, 0)
)`
