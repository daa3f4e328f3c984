package adopttest

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// schemas are names for the schema of the tables. The second one needs quotes everywhere.
var schemas = []string{"registry", `Old "Reg'istry" 50% $1 é.a`}

func quoted(schema string) string { return `"` + strings.ReplaceAll(schema, `"`, `""`) + `"` }

// singleTenantIn returns the URL of a database of the single-tenant version, whose tables are in
// this schema.
func singleTenantIn(t *testing.T, schema string) string {
	t.Helper()
	databaseURL := singleTenant(t)
	renamePublic(t, databaseURL, schema)
	return databaseURL
}

// renamePublic renames the schema public with what is in it, and creates an empty one.
func renamePublic(t *testing.T, databaseURL, schema string) {
	t.Helper()
	db := connect(t, databaseURL)
	_, err := db.ExecContext(t.Context(),
		"ALTER SCHEMA public RENAME TO "+quoted(schema)+"; CREATE SCHEMA public")
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

// commandSettings are the settings of commands on a database whose tables are in this schema.
func commandSettings(t *testing.T, databaseURL, schema string) map[string]string {
	return map[string]string{"DATABASE_URL": databaseURL, "DATA_DIR": t.TempDir(),
		"SECRETS_KEY": harness.SecretsKey, "DATABASE_SCHEMA": schema}
}

// tablesIn counts the tables of a schema.
func tablesIn(t *testing.T, databaseURL, schema string) (n int) {
	t.Helper()
	db := connect(t, databaseURL)
	defer db.Close()
	require.NoError(t, db.NewRaw("SELECT count(*) FROM pg_class WHERE relkind IN ('r', 'p') AND"+
		" relnamespace = to_regnamespace(?)", quoted(schema)).Scan(t.Context(), &n))
	return n
}

func TestTablesInAnotherSchemaAreAdoptedServedAndReverted(t *testing.T) {
	t.Parallel()
	for _, schema := range schemas {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			databaseURL := singleTenantIn(t, schema)
			before := dump(t, databaseURL)
			set := commandSettings(t, databaseURL, schema)
			run := func(args ...string) string {
				t.Helper()
				return harness.Run(t, set, args...).RequireStatus(t, cli.ExitDone).Out
			}
			plan := run("migrate", "plan", "--phase", "contract")
			require.Contains(t, plan, "ALTER TABLE "+quoted(schema)+`."agents" ADD COLUMN tenant_id`)
			require.NotContains(t, plan, "public")
			require.Equal(t, before, dump(t, databaseURL), "a plan changes nothing")

			var first map[string]string
			t.Run("serve expands", func(t *testing.T) {
				s := harness.Serve(t, map[string]string{"DATABASE_URL": databaseURL,
					"DATABASE_SCHEMA": schema})
				first = readResponses(t, harness.Caller{Server: s, Token: oldKey})
				require.Contains(t, first["/api/v1/agents/agent-2"], `"extends":"agent-1"`)
			})
			run("migrate", "up", "--phase", "contract", "--watch", "2s")
			set["MULTI_TENANT"] = "true"
			run("migrate", "up")
			require.Contains(t, run("migrate", "plan"), "Nothing to do")
			require.Contains(t, run("doctor"), "No findings")
			t.Run("serve with tenancy on", func(t *testing.T) {
				s := harness.Serve(t, map[string]string{"DATABASE_URL": databaseURL,
					"DATABASE_SCHEMA": schema, "MULTI_TENANT": "true"})
				countMoveOfKey(first)
				require.Equal(t, first, readResponses(t, harness.Caller{Server: s, Token: oldKey}))
				c := s.Platform()
				c.Tenant = "default"
				c.Put(t, "prompt", "prompt-1", map[string]any{"description": "another"})
				c.Get(t, "/api/v1/prompts?q=another").HasStatus(t, http.StatusOK)
			})
			require.Contains(t, run("doctor"), "No findings")
			require.Zero(t, tablesIn(t, databaseURL, "public"))
			require.Contains(t, run("migrate", "down"), "single-tenant")
			require.Equal(t, before, dump(t, databaseURL))
		})
	}
}

func TestEmptyDatabaseGetsItsSchema(t *testing.T) {
	t.Parallel()
	for _, schema := range schemas {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			databaseURL := pgtest.Database(t)
			set := commandSettings(t, databaseURL, schema)
			set["MULTI_TENANT"] = "true"
			harness.Run(t, set, "migrate", "plan").RequireStatus(t, cli.ExitDone)
			harness.Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitDone)
			require.NotZero(t, tablesIn(t, databaseURL, schema))
			require.Zero(t, tablesIn(t, databaseURL, "public"))
			require.Contains(t, harness.Run(t, set, "doctor").RequireStatus(t, cli.ExitDone).Out,
				"No findings")
			c := harness.Serve(t, map[string]string{"DATABASE_URL": databaseURL,
				"DATABASE_SCHEMA": schema, "MULTI_TENANT": "true"}).Platform()
			c.Tenant = "default"
			c.Put(t, "prompt", "greeting", map[string]any{"template": "hello"})
		})
	}
}

// A contracted database has the catalog of a fresh installation in every schema.
func TestContractedSchemaEqualsFreshInstallation(t *testing.T) {
	t.Parallel()
	for _, schema := range schemas {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			o := adoptionOptions(t, singleTenantIn(t, schema), true)
			fresh := adoptionOptions(t, pgtest.Database(t), true)
			renamePublic(t, fresh.URL, schema)
			o.Schema, fresh.Schema = schema, schema
			require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Contract)))
			require.NoError(t, postgres.Migrate(t.Context(), fresh))
			only := "--schema=" + quoted(schema)
			excluded := []string{only}
			for _, table := range []string{"users", "api_keys", "audit_log*"} {
				excluded = append(excluded, "--exclude-table="+quoted(schema)+"."+table)
			}
			require.Equal(t, dump(t, fresh.URL, only), dump(t, o.URL, excluded...))
		})
	}
}

func TestTablesInAnotherSchemaThanTheSettingAreRefused(t *testing.T) {
	t.Parallel()
	for _, schema := range schemas {
		for _, setting := range []string{"", "another"} {
			t.Run(schema+" "+setting, func(t *testing.T) {
				t.Parallel()
				databaseURL := singleTenantIn(t, schema)
				before := dump(t, databaseURL)
				set := commandSettings(t, databaseURL, setting)
				set["ADDR"] = "127.0.0.1:0"
				for _, args := range [][]string{{"migrate", "plan"}, {"migrate", "up"}, {"serve"}} {
					out := harness.Run(t, set, args...).RequireStatus(t, cli.ExitRefused)
					require.Contains(t, out.Err, "set DATABASE_SCHEMA="+schema)
				}
				require.Equal(t, before, dump(t, databaseURL))
			})
		}
	}
}

func TestMigratedDatabaseRefusesAnotherSchema(t *testing.T) {
	t.Parallel()
	databaseURL := migratedDatabase(t)
	before := dump(t, databaseURL)
	set := commandSettings(t, databaseURL, "another")
	set["MULTI_TENANT"], set["ADDR"] = "true", "127.0.0.1:0"
	for _, migrate := range []string{"true", "false"} {
		set["AUTO_MIGRATE"] = migrate
		require.Contains(t, harness.Run(t, set, "serve").RequireStatus(t, cli.ExitRefused).Err,
			"set DATABASE_SCHEMA=public")
	}
	require.Equal(t, before, dump(t, databaseURL))
}

// requireFollowed requires that the tables in a schema, which the sessions of databaseURL find by
// their names, are adopted, served and reverted without the setting, and refused with another one.
func requireFollowed(t *testing.T, databaseURL, schema string) {
	t.Helper()
	before := dump(t, databaseURL)
	set := commandSettings(t, databaseURL, "public")
	require.Contains(t, harness.Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitRefused).Err,
		"DATABASE_SCHEMA")
	require.Equal(t, before, dump(t, databaseURL))

	set["DATABASE_SCHEMA"] = ""
	harness.Run(t, set, "migrate", "up", "--phase", "contract", "--watch", "2s").
		RequireStatus(t, cli.ExitDone)
	set["MULTI_TENANT"] = "true"
	harness.Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitDone)
	require.Contains(t, harness.Run(t, set, "doctor").RequireStatus(t, cli.ExitDone).Out,
		"No findings")
	t.Run("serve", func(t *testing.T) {
		s := harness.Serve(t, map[string]string{"DATABASE_URL": databaseURL, "MULTI_TENANT": "true"})
		first := readResponses(t, harness.Caller{Server: s, Token: oldKey})
		require.Contains(t, first["/api/v1/agents/agent-2"], `"extends":"agent-1"`)
	})
	plain, _, _ := strings.Cut(databaseURL, "?")
	require.Zero(t, tablesIn(t, plain+"?sslmode=disable", "public"))
	harness.Run(t, set, "migrate", "down").RequireStatus(t, cli.ExitDone)
	require.Equal(t, before, dump(t, databaseURL))
}

func TestSchemaOfAnURLsSearchPathIsFollowed(t *testing.T) {
	t.Parallel()
	for _, schema := range schemas {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			databaseURL := singleTenantIn(t, schema)
			path := strings.NewReplacer(`\`, `\\`, " ", `\ `).Replace(quoted(schema) + ", public")
			u, err := url.Parse(databaseURL)
			require.NoError(t, err)
			query := u.Query()
			query.Set("options", "-csearch_path="+path)
			u.RawQuery = strings.ReplaceAll(query.Encode(), "+", "%20")
			requireFollowed(t, u.String(), schema)
		})
	}
}

func TestSchemaOfADatabasesSearchPathIsFollowed(t *testing.T) {
	t.Parallel()
	databaseURL := singleTenantIn(t, "registry")
	db := connect(t, databaseURL)
	_, err := db.ExecContext(t.Context(), "DO $$ BEGIN EXECUTE format("+
		"'ALTER DATABASE %I SET search_path = empty, registry', current_database()); END $$;"+
		" CREATE SCHEMA empty")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	requireFollowed(t, databaseURL, "registry")
}
