package examine

import (
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
)

// settingChecks look at the settings with which the sessions of the pools begin:
//
//   - a default for a setting bailiwick.*, such as the tenant.
//   - settings that make string constants unsafe, or turn off triggers or row security.
//   - settings that let others read the signed tenants of statements, in views and logs.
//
// Some of the fixes need a superuser.
var settingChecks = []check{
	// It finds ALTER ROLE and ALTER DATABASE, also for all roles or all databases. The fix is safe
	// for the pools' own roles.
	{"setting_default_tenant", doctor.SeverityError,
		"a statement without a tenant gets this one, instead of an error and no rows", `
		SELECT CASE WHEN s.setrole = 0 THEN 'database ' || quote_ident(current_database()) ELSE p.name END,
		       CASE WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ALTER ROLE ALL'
		            WHEN s.setrole = 0 THEN format('ALTER DATABASE %I', current_database())
		            WHEN s.setdatabase = 0 THEN 'ALTER ROLE ' || p.name
		            ELSE format('ALTER ROLE %s IN DATABASE %I', p.name, current_database()) END
		         || ' RESET ' || split_part(c, '=', 1),
		       s.setrole <> 0, false
		  FROM pg_db_role_setting s LEFT JOIN pools p ON p.oid = s.setrole, unnest(s.setconfig) c
		 WHERE (p.oid IS NOT NULL OR s.setrole = 0 AND EXISTS (SELECT FROM pools))
		   AND (s.setdatabase = 0
		     OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
		   AND c LIKE 'bailiwick.%'`},
	// The sessions of this library begin with on, whatever the database's default is. A role's own
	// setting is meant for it, and other programs may log in as the role.
	{"setting_standard_conforming_strings", doctor.SeverityError,
		"a backslash in a value ends its string constant, and the rest of the value runs as SQL",
		setting("standard_conforming_strings", "?1, ?2", notOn+" AND e.by_role", "on")},
	{"setting_session_replication_role", doctor.SeverityError,
		"foreign keys aren't checked, and the triggers that count versions don't run",
		setting("session_replication_role", "?1, ?2", "<> 'origin'", "origin")},
	// With row_security off the server refuses a query to which a policy would apply, instead of
	// filtering it.
	{"setting_row_security", doctor.SeverityWarning,
		"every statement on a tenant's table is an error",
		setting("row_security", "?1, ?2", notOn, "on")},
	{"setting_track_activities", doctor.SeverityWarning,
		"pg_stat_activity shows the signed tenant of each statement, which injected SQL can read" +
			" and use while it is valid",
		setting("track_activities", "?1", isOn, "off")},
	{"setting_track_utility", doctor.SeverityWarning,
		"pg_stat_statements stores the signed tenant of each statement, and one entry for each",
		setting("pg_stat_statements.track_utility", "?1", isOn, "off")},
	logsToken("log_min_error_statement", "!~* '^(log|fatal|panic)$'", "panic", "that fails"),
	logsToken("log_statement", "~* '^(mod|all)$'", "ddl", "(of those that change rows, with mod)"),
	logsToken("log_min_duration_statement", "!~ '^-1'", "-1", "that takes long"),
	logsToken("log_min_duration_sample", "!~ '^-1'", "-1", "that takes long, of a sample"),
	logsToken("log_transaction_sample_rate", "!~ '^0([.]0*|)$'", "0", "of a sample"),
	logsToken("auto_explain.log_min_duration", "!~ '^-1'", "-1", "that takes long"),
	logsToken("pgaudit.log", "~* '(^|[, ])(all|misc|misc_set|read|write|function)($|[, ])'",
		"''ddl, role''", "of these classes"),
	logsToken("debug_print_parse", isOn, "off", "as a tree"),
	logsToken("debug_print_rewritten", isOn, "off", "as a tree"),
	// The library sends no parameters today, but the default is 0, and a value above it only
	// helps a reader of the log.
	{"setting_log_parameter_max_length_on_error", doctor.SeverityWarning,
		"the log would have the values of a failed statement's parameters",
		setting("log_parameter_max_length_on_error", "?1, ?2", "!~ '^0'", "0")},
}

// logsToken finds a setting with which PostgreSQL writes the messages of statements into its
// log. A message begins with the signed tenant, which is valid for minutes: a reader of the
// log can use it in this time. Most of these settings are a superuser's.
func logsToken(name, bad, good, which string) check {
	return check{"setting_" + strings.ReplaceAll(name, ".", "_"), doctor.SeverityWarning,
		"the server's log gets the signed tenant of each statement " + which + ", usable while" +
			" it is valid; the fix needs a superuser, or a role with GRANT SET ON PARAMETER " +
			name, setting(name, "?1, ?2", bad, good)}
}

// The catalog has the setting of a role or a database as it was written.
const (
	isOn  = "~* '^(on|t|tr|tru|true|y|ye|yes|1)$'"
	notOn = "!~* '^(on|t|tr|tru|true|y|ye|yes|1)$'"
)

// setting finds the roles whose sessions begin with a value that meets the condition bad. The
// value is that of ALTER ROLE and ALTER DATABASE, the most specific first, or else the server's;
// values that the present session was given are ignored.
func setting(name, roles, bad, good string) string {
	return `SELECT e.role, format('ALTER ROLE %s IN DATABASE %I SET ` + name + ` = ` + good +
		`', e.role, current_database()), true, false FROM (
		SELECT p.name AS role, EXISTS (SELECT FROM pg_db_role_setting s, unnest(s.setconfig) c
		    WHERE s.setrole = p.oid AND c LIKE '` + name + `=%') AS by_role, coalesce(
		    (SELECT substr(c, length('` + name + `') + 2) FROM pg_db_role_setting s, unnest(s.setconfig) c
		      WHERE c LIKE '` + name + `=%' AND s.setrole IN (0, p.oid)
		        AND (s.setdatabase = 0
		          OR s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database()))
		      ORDER BY s.setrole <> 0 AND s.setdatabase <> 0 DESC, s.setrole <> 0 DESC, s.setdatabase <> 0 DESC
		      LIMIT 1),
		    (SELECT CASE WHEN g.source IN ('database', 'user', 'database user', 'client', 'session')
		              THEN g.boot_val ELSE g.setting END
		       FROM pg_settings g WHERE g.name = '` + name + `')) AS value
		  FROM pools p WHERE p.rolname IN (` + roles + `)) e WHERE e.value ` + bad
}
