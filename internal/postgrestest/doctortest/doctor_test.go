package doctortest

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

// defect is one change that breaks a healthy database.
type defect struct {
	name      string
	statement string // run by a superuser; {database} is the database's name
	code      string // the expected finding's
	object    string // is contained in the expected finding's
	warning   bool   // the expected severity; false means an error
}

func (d defect) severity() doctor.Severity {
	if d.warning {
		return doctor.SeverityWarning
	}
	return doctor.SeverityError
}

// withPolicy returns SQL that runs a statement whose %1$s and %2$s are the expressions of a correct
// policy (USING and WITH CHECK), as the server prints them.
func withPolicy(statement string) string {
	return `DO $do$ BEGIN EXECUTE (SELECT format($$` + statement +
		`$$, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
		FROM pg_policy WHERE polrelid = 'makers'::regclass AND polname = 'bailiwick_tenant'); END $do$;`
}

// protect returns SQL that gives a table the library's policy and forces row-level security.
func protect(table string) string {
	return withPolicy("CREATE POLICY bailiwick_tenant ON "+table+
		" USING (%1$s) WITH CHECK (%2$s)") +
		"ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"
}

// notes makes a table that the host doesn't declare, with row-level security.
var notes = "CREATE TABLE notes (tenant_id uuid DEFAULT bailiwick.current_tenant() REFERENCES" +
	" bailiwick.tenants (id), text text);" + protect("notes") +
	"ALTER TABLE notes OWNER TO bailiwick_owner; GRANT SELECT, INSERT ON notes TO bailiwick_app;"

// byOwner makes the following statements run as the owner role, to whose functions and views
// row-level security applies.
const byOwner = "GRANT CREATE ON SCHEMA public TO bailiwick_owner; SET ROLE bailiwick_owner; "

func allDefects() []defect {
	return slices.Concat(brokenRowSecurity, brokenPolicies, brokenLibrary, brokenKeys, brokenGrants,
		brokenViews, brokenFunctions, brokenSettings)
}

var brokenRowSecurity = []defect{
	{"no policy", "DROP POLICY bailiwick_tenant ON widgets", "policy_missing", "public.widgets",
		false},
	{"row security off", "ALTER TABLE makers DISABLE ROW LEVEL SECURITY", "row_security_off",
		"public.makers", false},
	{"not forced", "ALTER TABLE widget_parts NO FORCE ROW LEVEL SECURITY",
		"row_security_not_forced", "public.widget_parts", false},
	{"neither policy nor row security",
		"DROP POLICY bailiwick_tenant ON widgets; ALTER TABLE widgets DISABLE ROW" +
			" LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY", "policy_missing", "public.widgets",
		false},
	{"no default for tenant_id", "ALTER TABLE widgets ALTER COLUMN tenant_id DROP DEFAULT",
		"default_missing", "public.widgets", true},
	{"no trigger that counts versions", "DROP TRIGGER bailiwick_touch ON widgets",
		"default_missing", "public.widgets", false},
	{"a disabled trigger", "ALTER TABLE widgets DISABLE TRIGGER bailiwick_touch",
		"default_missing", "public.widgets", false},
	{"a nullable tenant_id", notes, "tenant_nullable", "public.notes", false},
	{"a row without a tenant", notes + "INSERT INTO notes VALUES (NULL, 'lost')",
		"rows_without_tenant", "public.notes", false},
	{"a row of an unknown tenant",
		notes + "ALTER TABLE notes DROP CONSTRAINT notes_tenant_id_fkey; INSERT INTO notes" +
			" VALUES (gen_random_uuid(), 'lost')", "rows_without_tenant", "public.notes", false},
	{"an undeclared table", "CREATE TABLE memos (tenant_id uuid NOT NULL); GRANT SELECT ON memos" +
		" TO bailiwick_app", "policy_missing", "public.memos", false},
	{"an undeclared table out of reach", "CREATE TABLE memos (tenant_id uuid NOT NULL)",
		"policy_missing", "public.memos", true},
	{"a partition within reach",
		`CREATE TABLE events (tenant_id uuid NOT NULL, at date) PARTITION BY RANGE (at);` +
			protect("events") + `
		CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
		GRANT SELECT ON events_2026 TO bailiwick_app`,
		"policy_missing", "public.events_2026", false},
	{"a child of a declared table",
		"CREATE TABLE old_widgets () INHERITS (widgets); ALTER TABLE old_widgets OWNER TO" +
			" bailiwick_owner", "policy_missing", "public.old_widgets", true},
	{"an owner to whom no policy applies", "ALTER TABLE widgets OWNER TO CURRENT_USER",
		"owner_strong",
		"public.widgets", true},
	{"a table owned by the application", "ALTER TABLE settings OWNER TO bailiwick_app", "role_owns",
		"public.settings", false},
	{"a function owned by the application",
		"CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION mine()" +
			" OWNER TO bailiwick_app", "role_owns", "public.mine()", false},
}

// immutableTenant makes a function that wrongly promises to return the same tenant for ever.
const immutableTenant = "CREATE FUNCTION whose() RETURNS uuid LANGUAGE sql IMMUTABLE AS" +
	" 'SELECT bailiwick.current_tenant()'; "

var brokenPolicies = []defect{
	{"a policy that reads all", "ALTER POLICY bailiwick_tenant ON widgets USING (true)",
		"policy_drift", "public.widgets (policy bailiwick_tenant)", false},
	{"a policy that writes all", "ALTER POLICY bailiwick_tenant ON widgets WITH CHECK (true)",
		"policy_drift", "public.widgets (policy bailiwick_tenant)", false},
	{"a policy with an additional condition",
		withPolicy("ALTER POLICY bailiwick_tenant ON widgets USING (%1$s OR name = 'x')"),
		"policy_drift", "public.widgets (policy bailiwick_tenant)", false},
	{"a policy for one role", "ALTER POLICY bailiwick_tenant ON widgets TO bailiwick_app",
		"policy_drift", "public.widgets (policy bailiwick_tenant)", false},
	{"a policy for one command", "DROP POLICY bailiwick_tenant ON widgets;" +
		withPolicy("CREATE POLICY bailiwick_tenant ON widgets FOR SELECT USING (%1$s)"),
		"policy_drift", "public.widgets (policy bailiwick_tenant)", false},
	{"a policy that casts", "ALTER POLICY bailiwick_tenant ON widgets" +
		" USING (tenant_id::text = current_setting('bailiwick.tenant', true))",
		"policy_casts_column", "public.widgets (policy bailiwick_tenant)", false},
	{"a second policy that casts",
		"CREATE POLICY narrow ON widgets AS RESTRICTIVE USING (tenant_id::text <> '')",
		"policy_casts_column", "public.widgets (policy narrow)", true},
	{"a policy with an IMMUTABLE function",
		immutableTenant + "ALTER POLICY bailiwick_tenant ON widgets USING (tenant_id = whose())",
		"policy_immutable", "public.widgets (policy bailiwick_tenant)", false},
	{"a second policy with an IMMUTABLE function",
		immutableTenant +
			"CREATE POLICY narrow ON widgets AS RESTRICTIVE USING (tenant_id = whose())",
		"policy_immutable", "public.widgets (policy narrow)", false},
	{"a second policy for everybody", "CREATE POLICY everybody ON parts USING (true)",
		"policy_permissive", "public.parts (policy everybody)", false},
	{"a second policy for the application",
		"CREATE POLICY \"the app\" ON parts FOR SELECT TO bailiwick_app USING (true)",
		"policy_permissive", `public.parts (policy "the app")`, false},
}

var brokenLibrary = []defect{
	{"a key's policy", "ALTER POLICY bailiwick_tenant ON bailiwick.api_keys USING (true)",
		"policy_drift", "bailiwick.api_keys (policy bailiwick_tenant)", false},
	{"no policy on secrets", "DROP POLICY bailiwick_tenant ON bailiwick.secrets", "policy_missing",
		"bailiwick.secrets", false},
	{"no row security on tenants", "ALTER TABLE bailiwick.tenants DISABLE ROW LEVEL SECURITY",
		"row_security_off", "bailiwick.tenants", false},
	{"a policy that shows every tenant",
		"CREATE POLICY more ON bailiwick.tenants FOR SELECT TO bailiwick_app USING (true)",
		"policy_permissive", "bailiwick.tenants (policy more)", false},
	{"another current_tenant()",
		"CREATE OR REPLACE FUNCTION bailiwick.current_tenant() RETURNS uuid LANGUAGE sql STABLE" +
			" AS 'SELECT NULL::uuid'",
		"library_drift", "bailiwick.current_tenant()", false},
	{"an IMMUTABLE current_tenant()", "ALTER FUNCTION bailiwick.current_tenant() IMMUTABLE",
		"library_drift", "bailiwick.current_tenant()", false},
	{"a search path that was reset", "ALTER FUNCTION bailiwick.find_key(bytea) RESET search_path",
		"library_drift", "bailiwick.find_key(bytea)", false},
	{"a view without its condition",
		"CREATE OR REPLACE VIEW bailiwick.staged AS SELECT * FROM bailiwick.import_items",
		"library_drift", "bailiwick.staged", false},
	{"a grant on the staging table", "GRANT SELECT ON bailiwick.import_items TO bailiwick_app",
		"library_table_open", "bailiwick.import_items", false},
	{"a grant on the instance to everybody",
		"GRANT SELECT (platform_token) ON bailiwick.instance TO PUBLIC",
		"library_table_open", "bailiwick.instance", false},
	{"a revoked key that isn't notified", "DROP TRIGGER announce_delete ON bailiwick.api_keys",
		"announcement_missing", "bailiwick.api_keys", false},
	{"a suspended tenant that isn't notified",
		"ALTER TABLE bailiwick.tenants DISABLE TRIGGER announce_update", "announcement_missing",
		"bailiwick.tenants", false},
	{"a grant on the hashes", "GRANT SELECT ON bailiwick.api_keys TO bailiwick_app",
		"key_hashes_open",
		"bailiwick.api_keys", true},
}

var brokenKeys = []defect{
	{"a unique constraint", "ALTER TABLE widgets ADD CONSTRAINT one_name UNIQUE (name, size)",
		"unique_without_tenant", "public.widgets (one_name)", false},
	{"a deferred unique constraint",
		"ALTER TABLE widgets ADD CONSTRAINT one_name UNIQUE (name) INCLUDE (size) DEFERRABLE",
		"unique_without_tenant", "public.widgets (one_name)", false},
	{"a unique index", "CREATE UNIQUE INDEX one_name ON widgets (lower(name) DESC) WHERE active",
		"unique_without_tenant", "public.widgets (one_name)", false},
	{"a unique random id", "ALTER TABLE widgets ADD CONSTRAINT one_id UNIQUE (id)",
		"unique_without_tenant", "public.widgets (one_id)", true},
	{"a unique reference",
		"ALTER TABLE widgets ADD CONSTRAINT one_maker UNIQUE (maker_id)", "unique_without_tenant",
		"public.widgets (one_maker)", false},
	{"a unique constraint that doesn't begin with the tenant",
		"ALTER TABLE widgets ADD CONSTRAINT one_name UNIQUE (size, tenant_id, name)",
		"unique_not_leading", "public.widgets (one_name)", true},
	{"a unique index that doesn't begin with the tenant",
		"CREATE UNIQUE INDEX one_name ON widgets (size, tenant_id, lower(name))",
		"unique_not_leading", "public.widgets (one_name)", true},
	{"an exclusion constraint",
		"ALTER TABLE widgets ADD CONSTRAINT apart EXCLUDE" +
			" USING gist (int4range(size, size + 1) WITH &&)", "exclusion_without_tenant",
		"public.widgets (apart)", false},
	{"a foreign key", `ALTER TABLE makers ADD CONSTRAINT one_id UNIQUE (id);
		ALTER TABLE widgets ADD CONSTRAINT by_id
			FOREIGN KEY (maker_id) REFERENCES makers (id) ON DELETE CASCADE`,
		"foreign_key_without_tenant", "public.widgets (by_id)", false},
	{"a foreign key that sets NULL", `ALTER TABLE makers ADD CONSTRAINT one_id UNIQUE (id);
		ALTER TABLE widgets ADD CONSTRAINT by_id
			FOREIGN KEY (maker_id) REFERENCES makers (id) ON DELETE SET NULL NOT VALID`,
		"foreign_key_without_tenant", "public.widgets (by_id)", false},
	{"a unique key that a foreign key references",
		`ALTER TABLE makers ADD CONSTRAINT one_name UNIQUE (name);
		ALTER TABLE widgets ADD COLUMN maker text;
		ALTER TABLE widgets ADD CONSTRAINT by_name
			FOREIGN KEY (maker) REFERENCES makers (name) ON UPDATE CASCADE`,
		"unique_without_tenant", "public.makers (one_name)", false},
	{"a foreign key to a key without the tenant",
		`ALTER TABLE makers ADD COLUMN code text, ADD CONSTRAINT one_code UNIQUE (code);
		ALTER TABLE widgets ADD COLUMN maker text;
		ALTER TABLE widgets ADD CONSTRAINT by_code FOREIGN KEY (maker) REFERENCES makers (code)`,
		"foreign_key_without_tenant", "public.widgets (by_code)", false},
	{"a foreign key of a table without tenants",
		`ALTER TABLE makers ADD CONSTRAINT one_id UNIQUE (id);
		CREATE TABLE log (maker_id uuid CONSTRAINT by_id REFERENCES makers (id))`,
		"foreign_key_without_tenant", "public.log (by_id)", false},
}

var brokenGrants = []defect{
	{"TRUNCATE", "GRANT TRUNCATE ON widgets TO bailiwick_app", "grant_truncate", "public.widgets",
		false},
	{"TRUNCATE for all", "GRANT TRUNCATE ON widget_parts TO PUBLIC", "grant_truncate",
		"public.widget_parts", false},
	{"REFERENCES to a column", "GRANT REFERENCES (id) ON widgets TO bailiwick_app",
		"grant_references", "public.widgets", false},
	{"TRIGGER", "GRANT TRIGGER ON bailiwick.secrets TO bailiwick_app", "grant_trigger",
		"bailiwick.secrets", false},
	{"CREATE in a schema", "GRANT CREATE ON SCHEMA public TO bailiwick_app",
		"grant_create_in_schema", "public", false},
	{"CREATE in a schema for all",
		`CREATE SCHEMA "Play ground"; GRANT CREATE ON SCHEMA "Play ground" TO PUBLIC`,
		"grant_create_in_schema", `"Play ground"`, false},
	{"CREATE in the database", "GRANT CREATE ON DATABASE {database} TO bailiwick_app",
		"grant_create_in_database", "{database}", false},
	{"TEMP", "GRANT TEMPORARY ON DATABASE {database} TO PUBLIC", "grant_temp", "{database}", false},
	{"default privileges", "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO" +
		" bailiwick_app", "default_privileges", " in public", true},
	{"default privileges for all", "ALTER DEFAULT PRIVILEGES GRANT INSERT ON TABLES TO PUBLIC",
		"default_privileges", "default privileges of ", true},
	{"a table that all tenants share",
		"CREATE TABLE colours (name text); GRANT SELECT ON colours TO bailiwick_app",
		"shared_table", "public.colours", true},
}

var brokenViews = []defect{
	{"a view", "CREATE VIEW names AS SELECT name FROM widgets; GRANT SELECT ON names TO" +
		" bailiwick_app", "view_owner_rights", "public.names", false},
	{"a view of a view", "CREATE VIEW names WITH (security_invoker) AS SELECT name" +
		" FROM widgets; CREATE VIEW two AS SELECT name FROM names; GRANT SELECT ON two TO PUBLIC",
		"view_owner_rights", "public.two", false},
	{"a view out of reach", "CREATE VIEW names AS SELECT name FROM widgets", "view_owner_rights",
		"public.names", true},
	{"a view of tenants", "CREATE VIEW names AS SELECT name" +
		" FROM bailiwick.tenants; GRANT SELECT (name) ON names TO bailiwick_app",
		"view_owner_rights", "public.names", false},
	{"a materialized view", "CREATE MATERIALIZED VIEW names AS SELECT name" +
		" FROM widgets; GRANT SELECT ON names TO bailiwick_app", "materialized_view",
		"public.names", false},
	{"a materialized view of a view",
		"CREATE VIEW v WITH (security_invoker) AS SELECT name" +
			" FROM widgets; CREATE MATERIALIZED VIEW names AS SELECT name" +
			" FROM v; GRANT SELECT ON names TO bailiwick_app",
		"materialized_view", "public.names", false},
}

var brokenFunctions = []defect{
	{"a function with its caller's search path",
		byOwner + "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT" +
			" count(*) FROM public.widgets'",
		"definer_search_path", "public.peek()", false},
	{"a search function that was replaced",
		"CREATE OR REPLACE FUNCTION bailiwick_search.widget(needle text, wanted jsonb, after" +
			" text, page integer) RETURNS SETOF uuid" +
			" LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT id FROM public.widgets" +
			" WHERE tenant_id = bailiwick.current_tenant()'", "definer_search_path",
		"bailiwick_search.widget(text,jsonb,text,integer)", false},
	{"a procedure with its caller's search path",
		byOwner + "CREATE PROCEDURE poke(text, int) LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN" +
			" END'", "definer_search_path", "public.poke(text,integer)", false},
	{"a function that finds temporary tables first",
		byOwner + "CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER" +
			" SET search_path = pg_catalog, public AS 'SELECT count(*) FROM public.widgets';" +
			" RESET ROLE; GRANT TEMPORARY ON DATABASE {database} TO bailiwick_app",
		"definer_temp_first", "public.peek()", true},
	{"a function owned by a superuser",
		"CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER" +
			" SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM public.widgets'",
		"definer_owner_bypasses", "public.peek()", true},
	{"a function that sets a setting of the session",
		"CREATE FUNCTION louder() RETURNS text LANGUAGE sql AS $$ SELECT set_config('work_mem'," +
			" '8MB', false) $$", "function_leaves_state", "public.louder()", true},
	{"a function that takes a lock of the session",
		"CREATE FUNCTION hold() RETURNS void LANGUAGE sql AS $$ SELECT pg_advisory_lock(1) $$",
		"function_leaves_state", "public.hold()", true},
	{"a function whose first statement is SET",
		"CREATE FUNCTION louder() RETURNS void LANGUAGE plpgsql AS $$ BEGIN" +
			" SET work_mem = '8MB'; END $$", "function_leaves_state", "public.louder()", true},
}

var brokenSettings = []defect{
	{"a default tenant of the database",
		"ALTER DATABASE {database} SET bailiwick.tenant = '01900000-0000-7000-8000-000000000000'",
		"setting_default_tenant", "database {database}", false},
	{"a default tenant of the application",
		"ALTER ROLE bailiwick_app IN DATABASE {database}" +
			" SET bailiwick.tenant = '01900000-0000-7000-8000-000000000000'",
		"setting_default_tenant", "bailiwick_app", false},
	{"backslash escapes", "ALTER ROLE bailiwick_app IN DATABASE {database}" +
		" SET standard_conforming_strings = off", "setting_standard_conforming_strings",
		"bailiwick_app", false},
	{"disabled foreign keys", "ALTER ROLE bailiwick_app IN DATABASE {database}" +
		" SET session_replication_role = replica", "setting_session_replication_role",
		"bailiwick_app", false},
	{"errors instead of rows", "ALTER DATABASE {database} SET row_security = 'false'",
		"setting_row_security", "bailiwick_app", true},
	{"visible statements", "ALTER ROLE bailiwick_app IN DATABASE {database}" +
		" SET track_activities = on", "setting_track_activities", "bailiwick_app", true},
	{"recorded statements", "ALTER DATABASE {database} SET pg_stat_statements.track_utility = on",
		"setting_track_utility", "bailiwick_app", true},
	logged("log_min_error_statement", "error"), logged("log_min_error_statement", "warning"),
	logged("log_min_error_statement", "DEBUG5"),
	logged("log_statement", "all"), logged("log_statement", "mod"),
	logged("log_min_duration_statement", "0"), logged("log_min_duration_statement", "250ms"),
	logged("log_min_duration_sample", "100"), logged("log_transaction_sample_rate", "0.01"),
	logged("debug_print_parse", "on"), logged("debug_print_rewritten", "true"),
	logged("auto_explain.log_min_duration", "0"), logged("pgaudit.log", "ddl, write"),
	logged("log_parameter_max_length_on_error", "-1"),
	{"logged statements of the system role", "ALTER ROLE bailiwick_system IN DATABASE {database}" +
		" SET log_statement = 'all'", "setting_log_statement", "bailiwick_system", true},
	{"logged statements of every role", "ALTER DATABASE {database} SET log_statement = 'all'",
		"setting_log_statement", "bailiwick_app", true},
}

// logged is a setting with which the server logs signed tenants.
func logged(name, value string) defect {
	return defect{name + " " + value, "ALTER ROLE bailiwick_app IN DATABASE {database} SET " + name +
		" = '" + value + "'", "setting_" + strings.ReplaceAll(name, ".", "_"), "bailiwick_app", true}
}

// healthy makes a migrated database without findings.
func healthy(t *testing.T) postgres.Options {
	t.Helper()
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	o.SkipMigrations = true
	runFixes(t, o, examine(t, o)) // the server's settings, too
	return o
}

// examine returns the findings of Doctor.
func examine(t *testing.T, o postgres.Options) []doctor.Finding {
	t.Helper()
	findings, err := postgres.Doctor(t.Context(), o)
	require.NoError(t, err)
	for _, f := range findings {
		require.NotEmpty(t, f.Why, f.Code)
		require.NotEmpty(t, f.Object, f.Code)
		require.False(t, f.Safe && f.Fix == "", "%+v", f)
	}
	return findings
}

// runFixes runs the fix of each finding.
func runFixes(t *testing.T, o postgres.Options, findings []doctor.Finding) {
	t.Helper()
	for _, f := range findings {
		fixture.Exec(t, fixture.Superuser(t, o.URL), f.Fix)
	}
}

// in returns the defect for the database of o.
func (d defect) in(t *testing.T, o postgres.Options) defect {
	t.Helper()
	parsed, err := url.Parse(o.URL)
	require.NoError(t, err)
	name := strings.TrimPrefix(parsed.Path, "/")
	d.statement = strings.ReplaceAll(d.statement, "{database}", name)
	d.object = strings.ReplaceAll(d.object, "{database}", name)
	return d
}

// finding returns the finding of the defect, which must be among findings.
func (d defect) finding(t *testing.T, findings []doctor.Finding) doctor.Finding {
	t.Helper()
	at := slices.IndexFunc(findings, func(f doctor.Finding) bool {
		return f.Code == d.code &&
			strings.Contains(f.Object, d.object)
	})
	require.GreaterOrEqual(t, at, 0, "%s of %s isn't among %+v", d.code, d.object, findings)
	return findings[at]
}

// tryOpen returns the error of Open.
func tryOpen(t *testing.T, o postgres.Options) error {
	t.Helper()
	db, err := postgres.Open(t.Context(), o)
	if err != nil {
		return err
	}
	return db.Close()
}

func TestDoctorFindsNoErrorInANewDatabase(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []bool{true, false} {
		for _, f := range examine(t,
			fixture.Options(fixture.MigratedURL(t, multiTenant), multiTenant)) {
			require.Equal(t, doctor.SeverityWarning, f.Severity, "%+v", f)
			require.True(t, multiTenant, "with tenancy off nothing is found: %+v", f)
			require.Equal(t, "setting_track_activities", f.Code, "a setting of the server")
		}
	}
}

func TestDoctorFindsEachDefectAndItsFixRepairsIt(t *testing.T) {
	t.Parallel()
	for _, d := range allDefects() {
		t.Run(d.code+"/"+d.name, func(t *testing.T) {
			t.Parallel()
			o := healthy(t)
			d := d.in(t, o)
			fixture.Exec(t, fixture.Superuser(t, o.URL), d.statement)

			findings := examine(t, o)
			found := d.finding(t, findings)
			require.Equal(t, d.severity(), found.Severity)
			refused := tryOpen(t, o)
			if slices.ContainsFunc(findings, func(f doctor.Finding) bool {
				return f.Severity == doctor.SeverityError && f.Code != "rows_without_tenant"
			}) {
				require.Error(t, refused, "%+v", findings)
			} else {
				require.NoError(t, refused, "%+v", findings)
			}

			fixture.Exec(t, fixture.Superuser(t, o.URL), found.Fix)
			left := examine(t, o)
			require.NotContains(t, left, found)
			if len(left) > 0 { // other defects of the same statement
				runFixes(t, o, left)
				left = examine(t, o)
			}
			require.Empty(t, left)
		})
	}
}
