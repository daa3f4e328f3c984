package adopttest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

const oldKey = "old-key-of-root@example.com"

// comparedPaths are requests whose responses must not depend on the phase of the
// adoption, nor on whether tenancy is on.
var comparedPaths = []string{
	"/api/v1/agents", "/api/v1/agents?q=agent-1", "/api/v1/agents?label=team=t1&limit=5",
	"/api/v1/agents/agent-2", "/api/v1/agents/unknown",
	"/api/v1/prompts", "/api/v1/mcp-servers", "/api/v1/mcp-servers/io.example%2Fserver-3",
	"/api/v1/trust-rules", "/api/v1/triggers",
	"/api/v1/model-configs", "/api/v1/context-configs", "/api/v1/defaults/default",
	"/api/v1/discovery", "/api/v1/tenants/default/export",
}

// readResponses returns the status, ETag and body of each of comparedPaths.
func readResponses(t *testing.T, c harness.Caller) map[string]string {
	t.Helper()
	responses := map[string]string{}
	for _, path := range comparedPaths {
		a := c.Get(t, path)
		var body map[string]any
		if a.Status >= http.StatusBadRequest && json.Unmarshal(a.Body, &body) == nil {
			delete(body, "request_id")
			a.Body, _ = json.Marshal(body)
		}
		responses[path] = a.Header.Get("ETag") + " " + http.StatusText(a.Status) + " " +
			string(a.Body)
	}
	return responses
}

// countMoveOfKey counts a version of the item whose key was in clear: the first start with
// tenancy on moves the key into the vault. Nothing else of the item changes.
func countMoveOfKey(responses map[string]string) {
	version := regexp.MustCompile(`("name":"slow".*?"version":)2\b`)
	for _, path := range []string{"/api/v1/model-configs", "/api/v1/tenants/default/export"} {
		responses[path] = version.ReplaceAllString(responses[path], "${1}3")
	}
}

func TestResponsesAreUnchangedByAdoption(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	settings := func(multiTenant string) map[string]string {
		return map[string]string{"DATABASE_URL": url, "MULTI_TENANT": multiTenant}
	}
	var first map[string]string
	t.Run("serve with tenancy off expands the database and serves it", func(t *testing.T) {
		s := harness.Serve(t, settings(""))
		first = readResponses(t, harness.Caller{Server: s, Token: oldKey})
		require.Contains(t, first["/api/v1/agents/agent-2"], `"extends":"agent-1"`)
		require.Contains(t, first["/api/v1/agents/agent-2"], `"version":2`)
		require.Contains(t, first["/api/v1/defaults/default"], `"trust_effect":"allow"`)
		require.Contains(t, first["/api/v1/model-configs"], `"workspace":"research"`)
		require.NotContains(t, first["/api/v1/model-configs"], "sk-in-clear")
		require.NotContains(t, first["/api/v1/tenants/default/export"], "sk-in-clear")
	})
	t.Run("serve with tenancy on refuses a database that isn't contracted", func(t *testing.T) {
		set := settings("true")
		set["ADDR"], set["DATA_DIR"], set["SECRETS_KEY"] = "127.0.0.1:0", t.TempDir(),
			harness.SecretsKey
		require.Contains(t, harness.Run(t, set, "serve").RequireStatus(t, cli.ExitRefused).Err,
			"registry migrate up --phase contract")
		require.Contains(t, harness.Run(t, set, "migrate", "status").
			RequireStatus(t, cli.ExitRefused).Out,
			"registry migrate up --phase contract")
		set["MULTI_TENANT"] = ""
		require.Contains(t,
			harness.Run(t, set, "migrate", "status").RequireStatus(t, cli.ExitDone).Out, "expanded")
		require.Equal(t, "The schema is current.\n", harness.Run(t, set, "migrate", "up", "--phase",
			"contract", "--watch", "2s").RequireStatus(t, cli.ExitDone).Out)
	})
	for round, multiTenant := range []string{"", "true", "", "true"} {
		t.Run("contracted, MULTI_TENANT="+multiTenant, func(t *testing.T) {
			s := harness.Serve(t, settings(multiTenant))
			if round == 1 {
				countMoveOfKey(first)
			}
			require.Equal(t, first, readResponses(t, harness.Caller{Server: s, Token: oldKey}))
			c := s.Platform()
			c.Tenant = "default"
			require.Equal(t, first, readResponses(t, c))
			editor := harness.Caller{Server: s, Token: "old-key-of-ed@example.com"}
			editor.Put(t, "prompt", "prompt-1", map[string]any{"description": "prompt 1",
				"template": fmt.Sprintf("template 1, round %d", round)})
			editor.Get(t, "/api/v1/tenants/default/keys").
				IsProblem(t, http.StatusForbidden, "forbidden")
			harness.Caller{Server: s, Token: "revoked"}.Get(t, "/api/v1/agents").
				IsProblem(t, http.StatusUnauthorized, "unauthenticated")
			first = readResponses(t, c) // the prompt has changed
		})
	}
}

func TestAdoptionMigratesUsersKeysAuditLogAndDefaults(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	o := adoptionOptions(t, url, false)
	require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Expand)))
	db := connect(t, url)
	query := func(statement string) (result string) {
		require.NoError(t, db.NewRaw(statement).Scan(t.Context(), &result), statement)
		return result
	}
	members := `SELECT string_agg(u.email || ' ' || m.role || ' ' || coalesce(u.password_hash, '-'), ', '
		  ORDER BY u.email COLLATE "C")
		FROM bailiwick.members m JOIN bailiwick.users u ON u.id = m.user_id
		JOIN bailiwick.tenants t ON t.id = m.tenant_id AND t.slug = 'default'`
	keys := `SELECT string_agg(k.name || ' ' || k.role, ', ' ORDER BY k.name COLLATE "C")
		FROM bailiwick.api_keys k JOIN bailiwick.tenants t ON t.id = k.tenant_id AND t.slug = 'default'`
	require.Equal(t, "Ed@example.com editor -, ed@example.com editor $argon2id$ed,"+
		" root@example.com admin $argon2id$root", query(members))
	require.Equal(t, "key of Ed@example.com editor, key of ed@example.com editor, key of"+
		" root@example.com admin", query(keys))
	require.Equal(t, "50 default",
		query("SELECT count(*) || ' ' || min(t.slug) FROM audit_log a"+
			" JOIN bailiwick.tenants t ON t.id = a.tenant_id"))
	require.Equal(t, "1 default allow",
		query("SELECT count(*) || ' ' || min(t.slug) || ' ' || min(trust_effect)"+
			" FROM registry_defaults d JOIN bailiwick.tenants t ON t.id = d.tenant_id"))

	for _, change := range []string{ // the old version goes on writing
		"UPDATE users SET is_admin = true WHERE email = 'ed@example.com'",
		"DELETE FROM users WHERE email = 'Ed@example.com'",
		"INSERT INTO users (email, name) VALUES ('new@example.com', 'New')",
		"INSERT INTO api_keys (user_id, name, key_hash) SELECT id, 'new', sha256('new')" +
			" FROM users WHERE email = 'new@example.com'",
		"UPDATE api_keys SET revoked_at = now() WHERE name = 'key of root@example.com'",
		"UPDATE api_keys SET last_used_at = now()",
	} {
		_, err := db.ExecContext(t.Context(), change)
		require.NoError(t, err, change)
	}
	require.Equal(t, "ed@example.com admin $argon2id$ed, new@example.com editor -,"+
		" root@example.com admin $argon2id$root", query(members))
	require.Equal(t, "key of ed@example.com admin, new editor", query(keys))

	// revoked by the new version
	_, err := db.ExecContext(t.Context(), "DELETE FROM bailiwick.api_keys WHERE name = 'new'")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.NoError(t, postgres.MigrateUp(t.Context(), o, fastMigration(adoption.Contract)))
	db = connect(t, url)
	require.Equal(t, "key of ed@example.com admin", query(keys), "a revoked key stays revoked")
}

func TestMigratePlanPrintsSQLWithLocksAndRows(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	set := map[string]string{"DATABASE_URL": url, "DATA_DIR": t.TempDir(),
		"SECRETS_KEY": harness.SecretsKey}
	before := dump(t, url)
	out := harness.Run(t, set, "migrate", "plan", "--phase", "contract").
		RequireStatus(t, cli.ExitDone).Out
	for _, line := range []string{
		"-- lock: ACCESS EXCLUSIVE on \"public\".\"agents\", catalog only\nALTER TABLE" +
			" \"public\".\"agents\" ADD COLUMN tenant_id uuid DEFAULT" +
			" '01900000-0000-7000-8000-000000000000'::uuid;",
		`CREATE UNIQUE INDEX CONCURRENTLY "agents_tenant_id_name_key" ON "public"."agents"` +
			` USING btree (tenant_id, name);`,
		`ADD CONSTRAINT "agents_tenant_id_parent_id_fkey" FOREIGN KEY (tenant_id, "parent_id")` +
			` REFERENCES "public"."agents" (tenant_id, "id") ON DELETE RESTRICT NOT VALID;`,
		`ALTER TABLE "public"."agents" FORCE ROW LEVEL SECURITY`,
	} {
		require.Contains(t, out, line)
	}
	require.Equal(t, before, dump(t, url), "a plan changes nothing")

	var plan []adoption.PlannedStatement
	out = harness.Run(t, set, "migrate", "plan", "--json").RequireStatus(t, cli.ExitDone).Out
	require.NoError(t, json.Unmarshal([]byte(out), &plan))
	require.NotEmpty(t, plan)
	for _, p := range plan {
		require.Equal(t, adoption.Expand, p.Phase)
		require.NotEmpty(t, p.Lock, p.SQL)
	}

	harness.Run(t, set, "migrate", "up", "--json").RequireStatus(t, cli.ExitDone)
	require.Contains(t, harness.Run(t, set, "migrate", "plan").RequireStatus(t, cli.ExitDone).Out,
		"Nothing to do")
	require.Contains(t, harness.Run(t, set, "migrate", "plan", "--down").
		RequireStatus(t, cli.ExitDone).Out,
		`ALTER TABLE "public"."agents" DROP COLUMN tenant_id;`)
	require.Contains(t, harness.Run(t, set, "migrate", "down").RequireStatus(t, cli.ExitDone).Out,
		"single-tenant")
	require.Equal(t, before, dump(t, url))
	harness.Run(t, set, "migrate", "up", "--phase", "sideways").RequireStatus(t, cli.ExitUsage)
}
