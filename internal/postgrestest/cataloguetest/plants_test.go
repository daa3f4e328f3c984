package cataloguetest

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

// plant is one change of a healthy database by its administrator.
type plant struct {
	statement string // {database} is the database's name
	code      string // the expected finding's
	object    string // is contained in the expected finding's
	warning   bool   // the expected severity; false means an error
}

// plants are the doors and walls of each kind that Doctor must see.
var plants = []plant{
	// grants in the library's schemas
	{"GRANT INSERT ON bailiwick.signing_keys TO bailiwick_app", "library_grant",
		"bailiwick.signing_keys", false},
	{"GRANT SELECT ON bailiwick.sessions TO bailiwick_app", "library_table_open",
		"bailiwick.sessions", false},
	{"GRANT INSERT ON bailiwick.audit TO bailiwick_app", "library_grant", "bailiwick.audit", false},
	{"GRANT DELETE ON bailiwick.audit_heads TO bailiwick_system", "library_grant",
		"bailiwick.audit_heads", false},
	{"GRANT SELECT ON bailiwick.audit_rest TO bailiwick_app", "library_table_open",
		"bailiwick.audit_rest", false},
	{"GRANT INSERT (email) ON bailiwick.users TO PUBLIC", "library_grant", "bailiwick.users", false},
	{"GRANT SELECT ON bailiwick.tenants TO bailiwick_app WITH GRANT OPTION", "library_grant",
		"bailiwick.tenants", false},
	{"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bailiwick TO bailiwick_app", "library_grant",
		"bailiwick.find_key(bytea)", false},
	{"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bailiwick TO PUBLIC", "library_grant",
		"bailiwick.purge(text[],text[])", false},
	{"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA bailiwick_search TO bailiwick_app", "library_grant",
		"bailiwick_search.widget(uuid,text,jsonb,text,integer)", false},
	{"GRANT USAGE ON ALL SEQUENCES IN SCHEMA bailiwick TO bailiwick_app", "library_grant",
		"bailiwick.migrations_id_seq", false},
	{"GRANT USAGE ON SCHEMA bailiwick TO PUBLIC", "library_grant", "bailiwick", false},
	{"GRANT SELECT ON bailiwick.tenants TO pg_monitor", "library_grant", "bailiwick.tenants", true},
	{"REVOKE USAGE ON SCHEMA bailiwick_search FROM bailiwick_app", "library_grant_missing",
		"bailiwick_search", false},
	{"REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA bailiwick_search FROM bailiwick_app",
		"library_grant_missing", "bailiwick_search.widget(text,jsonb,text,integer)", false},
	{"REVOKE SELECT ON bailiwick.tenants FROM bailiwick_app", "library_grant_missing",
		"bailiwick.tenants", false},
	{"ALTER DEFAULT PRIVILEGES IN SCHEMA bailiwick GRANT EXECUTE ON FUNCTIONS TO bailiwick_app",
		"library_unknown", "bailiwick (default privileges FUNCTIONS)", false},

	// owners and definitions in the library's schemas
	{"ALTER FUNCTION bailiwick.current_tenant() OWNER TO CURRENT_USER", "library_owner",
		"bailiwick.current_tenant()", false},
	{"ALTER TABLE bailiwick.secrets OWNER TO pg_monitor", "library_owner", "bailiwick.secrets",
		false},
	{"ALTER SCHEMA bailiwick OWNER TO CURRENT_USER", "library_owner", "bailiwick", false},
	{"ALTER VIEW bailiwick.staged RESET (security_barrier)", "library_drift", "bailiwick.staged",
		false},
	{"ALTER FUNCTION bailiwick.touch() SECURITY DEFINER", "library_drift", "bailiwick.touch()",
		false},
	{"ALTER FUNCTION bailiwick.lock_quota() SECURITY INVOKER", "library_drift",
		"bailiwick.lock_quota()", false},
	{"ALTER FUNCTION bailiwick.find_key(bytea) SET search_path = public", "library_drift",
		"bailiwick.find_key(bytea)", false},
	{"ALTER FUNCTION bailiwick_search.widget(uuid, text, jsonb, text, integer) SECURITY DEFINER",
		"library_drift", "bailiwick_search.widget(uuid,text,jsonb,text,integer)", false},
	{"CREATE OR REPLACE FUNCTION bailiwick_search.widget(tenant uuid, needle text, wanted jsonb," +
		" after text, page integer) RETURNS uuid[] LANGUAGE sql STABLE AS 'SELECT array_agg(id)" +
		" FROM public.widgets'", "library_drift",
		"bailiwick_search.widget(uuid,text,jsonb,text,integer)", false},
	{"ALTER FUNCTION bailiwick.get_widget(uuid, text) SECURITY DEFINER", "library_drift",
		"bailiwick.get_widget(uuid,text)", false},
	{"CREATE FUNCTION bailiwick.log(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"library_unknown", "bailiwick.log(text)", false},
	{"CREATE FUNCTION bailiwick_search.all() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"library_unknown", `bailiwick_search."all"()`, false},
	{"CREATE VIEW bailiwick.keys AS SELECT * FROM bailiwick.api_keys", "library_unknown",
		"bailiwick.keys", false},
	{"CREATE TABLE bailiwick.copy AS SELECT * FROM bailiwick.users;" +
		" ALTER TABLE bailiwick.copy OWNER TO bailiwick_owner", "library_unknown",
		"bailiwick.copy", false},
	{"CREATE DOMAIN bailiwick.word AS text", "library_unknown", "bailiwick.word", false},
	{"ALTER TABLE bailiwick.members DROP CONSTRAINT members_role_check", "library_missing",
		"bailiwick.members (constraint members_role_check)", false},
	{"DROP INDEX bailiwick.members_user", "library_missing", "bailiwick.members (index", false},
	{"CREATE INDEX more ON bailiwick.members (role)", "library_unknown",
		"bailiwick.members (index more)", true},
	{"ALTER TABLE bailiwick.tenants DISABLE TRIGGER bailiwick_retired", "library_drift",
		"bailiwick.tenants (trigger bailiwick_retired)", false},
	{"ALTER TABLE bailiwick.audit DISABLE TRIGGER audit_target", "library_drift",
		"bailiwick.audit (trigger audit_target)", false},
	{"DO $$ BEGIN EXECUTE (SELECT format('ALTER TABLE %s DISABLE TRIGGER audit_target'," +
		" max(inhrelid)::regclass) FROM pg_inherits WHERE inhparent = 'bailiwick.audit'::regclass);" +
		" END $$", "library_drift", "bailiwick.audit_2", false},
	{"ALTER TABLE bailiwick.audit_heads ENABLE REPLICA TRIGGER bailiwick_tenant", "library_drift",
		"bailiwick.audit_heads (trigger bailiwick_tenant)", false},
	{"CREATE TRIGGER copy AFTER INSERT ON bailiwick.secrets FOR EACH ROW EXECUTE FUNCTION" +
		" bailiwick.touch()", "library_unknown", "bailiwick.secrets (trigger copy)", false},
	{"CREATE RULE keep AS ON DELETE TO bailiwick.sessions DO INSTEAD NOTHING", "library_unknown",
		"bailiwick.sessions (rule keep)", false},
	{"ALTER TABLE bailiwick.secrets REPLICA IDENTITY FULL", "library_drift", "bailiwick.secrets",
		false},
	{"ALTER TABLE bailiwick.members ALTER COLUMN role DROP NOT NULL", "library_drift",
		"bailiwick.members (column role)", false},
	{"ALTER TABLE bailiwick.api_keys ALTER COLUMN tenant_id DROP DEFAULT", "library_drift",
		"bailiwick.api_keys (column tenant_id)", false},
	{"ALTER TABLE bailiwick.users ADD COLUMN more text", "library_unknown",
		"bailiwick.users (column more)", false},
	{"DROP POLICY bailiwick_system ON bailiwick.members", "library_missing",
		"bailiwick.members (policy bailiwick_system)", false},

	// tables with a tenant's id
	{"CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (tenant_id uuid NOT NULL);" +
		" GRANT SELECT ON elsewhere.notes TO bailiwick_app", "policy_missing", "elsewhere.notes",
		false},
	{"CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (tenant_id uuid NOT NULL)",
		"policy_missing", "elsewhere.notes", true},
	{"CREATE TABLE notes (tenant_id text NOT NULL); GRANT SELECT ON notes TO bailiwick_app",
		"tenant_id_type", "public.notes", false},
	{`CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes ("tenantId" varchar(40) NOT NULL);` +
		" GRANT INSERT ON elsewhere.notes TO PUBLIC", "tenant_id_type", "elsewhere.notes", false},
	{"CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (customer uuid NOT NULL REFERENCES" +
		" bailiwick.tenants (id)); GRANT SELECT ON elsewhere.notes TO bailiwick_app",
		"tenant_id_type", "elsewhere.notes", false},
	{"CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (tenant_id uuid NOT NULL) PARTITION BY" +
		" LIST (tenant_id); CREATE TABLE elsewhere.part PARTITION OF elsewhere.notes DEFAULT;" +
		" GRANT SELECT ON elsewhere.part TO bailiwick_app", "policy_missing", "elsewhere.part",
		false},
	{"CREATE MATERIALIZED VIEW ids AS SELECT gen_random_uuid() AS tenant_id;" +
		" GRANT SELECT ON ids TO bailiwick_app", "tenant_rows_elsewhere", "public.ids", false},
	{"CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far;" +
		" CREATE FOREIGN TABLE notes (tenant_id uuid) SERVER away;" +
		" GRANT SELECT ON notes TO bailiwick_app", "tenant_rows_elsewhere", "public.notes", false},
	{"CREATE SCHEMA elsewhere; CREATE VIEW elsewhere.names AS SELECT name FROM widgets;" +
		" GRANT SELECT ON elsewhere.names TO bailiwick_app", "view_owner_rights",
		"elsewhere.names", false},

	// other doors of the database
	{"CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path =" +
		" pg_catalog, pg_temp AS 'SELECT count(*) FROM bailiwick.api_keys';" +
		" ALTER FUNCTION peek() OWNER TO bailiwick_owner", "definer_owner_library",
		"public.peek()", false},
	{"CREATE FUNCTION peek() RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path =" +
		" pg_catalog, pg_temp AS 'SELECT count(*) FROM public.widgets';" +
		" ALTER FUNCTION peek() OWNER TO bailiwick_search", "definer_owner_library",
		"public.peek()", false},
	{"CREATE SEQUENCE numbers; GRANT SELECT ON numbers TO bailiwick_app", "grant_sequence",
		"public.numbers", false},
	{"ALTER TABLE widgets ADD COLUMN number serial; GRANT UPDATE ON widgets_number_seq TO" +
		" bailiwick_app", "grant_sequence", "public.widgets_number_seq", false},
	{"CREATE PUBLICATION everything FOR ALL TABLES", "publication_all_tables", "everything", false},
	{"CREATE PUBLICATION part FOR TABLE bailiwick.secrets", "publication_library", "part", false},
	{"CREATE UNIQUE INDEX by_id ON widgets (tenant_id, id); ALTER TABLE widgets REPLICA IDENTITY" +
		" USING INDEX by_id; DROP INDEX by_id", "replica_identity_missing", "public.widgets",
		false},
	{"GRANT TEMPORARY ON DATABASE {database} TO bailiwick_app", "grant_temp", "{database}", false},
	{"ALTER DEFAULT PRIVILEGES GRANT SELECT ON SEQUENCES TO bailiwick_app", "default_privileges",
		"default privileges of", true},
	{"SELECT lo_create(4711); GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC", "large_objects",
		"large object 4711", false},
}

// healthy makes a migrated database without findings.
func healthy(t *testing.T) postgres.Options {
	t.Helper()
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	o.SkipMigrations = true
	mend(t, o, examine(t, o))
	return o
}

func examine(t *testing.T, o postgres.Options) []doctor.Finding {
	t.Helper()
	findings, err := postgres.Doctor(t.Context(), o)
	require.NoError(t, err)
	return findings
}

// mend runs the fix of each finding.
func mend(t *testing.T, o postgres.Options, findings []doctor.Finding) {
	t.Helper()
	for _, f := range findings {
		require.NotEmpty(t, f.Fix, "%+v", f)
		fixture.Exec(t, fixture.Superuser(t, o.URL), f.Fix)
	}
}

func TestDoctorSeesEveryDoorAndItsFixClosesIt(t *testing.T) {
	t.Parallel()
	for _, p := range plants {
		t.Run(p.statement, func(t *testing.T) {
			t.Parallel()
			o := healthy(t)
			parsed, err := url.Parse(o.URL)
			require.NoError(t, err)
			inDatabase := strings.NewReplacer("{database}", strings.TrimPrefix(parsed.Path, "/"))
			fixture.Exec(t, fixture.Superuser(t, o.URL), inDatabase.Replace(p.statement))

			findings := examine(t, o)
			at := slices.IndexFunc(findings, func(f doctor.Finding) bool {
				return f.Code == p.code && strings.Contains(f.Object, inDatabase.Replace(p.object))
			})
			require.GreaterOrEqual(t, at, 0, "%+v", findings)
			want := doctor.SeverityError
			if p.warning {
				want = doctor.SeverityWarning
			}
			require.Equal(t, want, findings[at].Severity)

			// a fix may uncover another finding, such as a policy that is missing
			for tries := 0; len(findings) > 0 && tries < 3; tries++ {
				mend(t, o, findings)
				findings = examine(t, o)
			}
			require.Empty(t, findings)
		})
	}
}
