package adopttest

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// unfitPrompts are rows of the old version that the new version's rules refuse: columns of prompts
// with their values, by the item's name.
var unfitPrompts = map[string]string{
	"inexact":      `spec = '{"channel_id": 1234567890123456789}'`,
	"inexact deep": `spec = '{"a": [{"b": [0.1000000000000000055]}], "c": 2}'`,
	"huge":         `spec = '{"n": 1e400}'`,
	"tiny":         `spec = '{"n": 1e-400}'`,
	"array":        `spec = '[]'`,
	"full array":   `spec = '[1, {"a": 2}]'`,
	"scalar":       `spec = '7'`,
	"null":         `spec = 'null'`,
	"text":         `spec = '"text"'`,
	"deep":         `spec = jsonb_build_object('d', (repeat('[', 120) || repeat(']', 120))::jsonb)`,
	"label number": `labels = '{"team": 7, "tier": "gold"}'`,
	"labels array": `labels = '["team"]'`,
	"label null":   `labels = '{"team": null}'`,
	"label tab":    `labels = '{"a": "b\tc"}'`,
	"label empty":  `labels = '{"": "b"}'`,
	"infinity":     `updated_at = 'infinity', created_at = 'infinity'`,
	"-infinity":    `updated_at = '-infinity', created_at = '-infinity'`,
	"bc":           `updated_at = '0044-03-15 12:00:00 BC', created_at = '0044-03-15 12:00:00 BC'`,
	"year 20000":   `updated_at = '20000-01-01', created_at = '20000-01-01'`,
}

// withUnfitPrompts adds rows to the old database. Its trigger would set their times.
func withUnfitPrompts(t *testing.T, url string) {
	t.Helper()
	db := connect(t, url)
	statements := []string{"ALTER TABLE prompts DISABLE TRIGGER touch"}
	for name, values := range unfitPrompts {
		statements = append(statements,
			"INSERT INTO prompts (name, description) VALUES ('"+name+"', 'of old')",
			"UPDATE prompts SET "+values+" WHERE name = '"+name+"'")
	}
	statements = append(statements, "ALTER TABLE prompts ENABLE TRIGGER touch")
	for _, s := range statements {
		_, err := db.ExecContext(t.Context(), s)
		require.NoError(t, err, s)
	}
	require.NoError(t, db.Close())
}

// TestPlanNamesUnfitRows runs the SQL that the plan prints: it finds each of the rows, and no
// other.
func TestPlanNamesUnfitRows(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	withUnfitPrompts(t, url)
	db := connect(t, url)
	for _, change := range []string{
		"INSERT INTO prompts (name, version) VALUES ('negative', -5)",
		"INSERT INTO users (email, name) VALUES ('jörg@example.com', 'A'), ('root', 'B'), ('Ann@x.org', 'C')," +
			" ('ann@x.org', 'D'), ('a b@x.org', 'E')",
		"INSERT INTO api_keys (user_id, name, key_hash) SELECT id, 'short', 'abc' FROM users LIMIT 1",
		"ALTER TABLE triggers DROP CONSTRAINT triggers_agent_id_fkey",
		"UPDATE triggers SET agent_id = gen_random_uuid() WHERE name = 'trigger-agent-2'",
		`ALTER TABLE triggers ADD CONSTRAINT triggers_agent_id_fkey FOREIGN KEY (agent_id)
			REFERENCES agents (id) ON DELETE RESTRICT NOT VALID`,
	} {
		_, err := db.ExecContext(t.Context(), change)
		require.NoError(t, err, change)
	}
	for _, name := range unfitNames {
		_, err := db.NewRaw("INSERT INTO prompts (name) VALUES (?)", name).Exec(t.Context())
		require.NoError(t, err)
	}
	wanted := map[string]bool{"negative": true, "jörg@example.com": true, "root": true,
		"Ann@x.org": true, "ann@x.org": true, "a b@x.org": true, "short": true,
		"ed@example.com": true, "Ed@example.com": true, "trigger-agent-2": true}
	for name := range unfitPrompts {
		wanted[name] = true
	}
	for _, name := range unfitNames {
		wanted[name] = true
	}
	set := map[string]string{"DATABASE_URL": url, "DATA_DIR": t.TempDir(),
		"SECRETS_KEY": harness.SecretsKey}
	plan := harness.Run(t, set, "migrate", "plan").RequireStatus(t, cli.ExitDone).Out
	found, err := postgres.FindUnfitRows(t.Context(), adoptionOptions(t, url, false))
	require.NoError(t, err)
	seen := map[string]bool{}
	for _, f := range found {
		require.Contains(t, plan, f.Find)
		name := "name"
		if strings.Contains(f.Table, "users") {
			name = "email"
		}
		var names []string
		rows, err := db.QueryContext(t.Context(), "SELECT "+name+" FROM ("+f.Find+") AS f")
		require.NoError(t, err, f.Find)
		for rows.Next() {
			var one string
			require.NoError(t, rows.Scan(&one))
			names = append(names, one)
			seen[one] = true
		}
		require.NoError(t, rows.Err())
		require.Len(t, names, int(f.Count), f.Why)
		if strings.Contains(f.Mend, "regexp_replace") {
			_, err := db.ExecContext(t.Context(), f.Mend)
			require.NoError(t, err)
		}
	}
	require.Equal(t, wanted, seen)
	found, err = postgres.FindUnfitRows(t.Context(), adoptionOptions(t, url, false))
	require.NoError(t, err)
	for _, f := range found {
		require.NotContains(t, f.Why, "the name is empty", "its SQL mends the names")
	}
	require.Contains(t, harness.Run(t, set, "migrate", "up").RequireStatus(t, cli.ExitDone).Err,
		"can't sign in with the address")
}

func TestUnfitRowsStayReadableAndAreMendedByPut(t *testing.T) {
	t.Parallel()
	url := singleTenant(t)
	withUnfitPrompts(t, url)
	require.NoError(t, postgres.MigrateUp(t.Context(), adoptionOptions(t, url, true),
		fastMigration(adoption.Contract)))
	s := harness.Serve(t, map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"})
	c := s.Platform()
	c.Tenant = "default"

	var list struct {
		Items []struct {
			Name      string
			Labels    map[string]string
			Spec      map[string]json.RawMessage
			UpdatedAt string `json:"updated_at"`
		}
	}
	answer := c.Get(t, "/api/v1/prompts?limit=1000")
	answer.HasStatus(t, http.StatusOK)
	require.NoError(t, json.Unmarshal(answer.Body, &list))
	seen := map[string]bool{}
	for _, item := range list.Items {
		seen[item.Name] = true
		if unfitPrompts[item.Name] != "" {
			require.JSONEq(t, `"of old"`, string(item.Spec["description"]), item.Name)
		}
	}
	for name := range unfitPrompts {
		require.True(t, seen[name], name)
	}
	require.Contains(t, string(answer.Body), "1234567890123456789", "a number is never rounded")
	for _, path := range []string{"/api/v1/prompts?q=of%20old", "/api/v1/prompts?label=tier=gold",
		"/api/v1/discovery", "/api/v1/agents"} {
		c.Get(t, path).HasStatus(t, http.StatusOK)
	}

	refused := c.Get(t, "/api/v1/tenants/default/export")
	refused.IsProblem(t, http.StatusUnprocessableEntity, "invalid")
	var problem struct{ Errors []struct{ Path string } }
	require.NoError(t, json.Unmarshal(refused.Body, &problem))
	named := map[string]bool{}
	for _, e := range problem.Errors {
		name, _, _ := strings.Cut(strings.TrimPrefix(e.Path, "/prompt/"), "/")
		named[name] = true
	}
	for name := range unfitPrompts {
		require.True(t, named[name], "the export names %s: %s", name, refused.Body)
	}
	require.Len(t, named, len(unfitPrompts))
	c.Get(t, "/api/v1/tenants/default/export?kind=agent&kind=mcp_server").
		HasStatus(t, http.StatusOK)

	deleted := 0
	for name := range unfitPrompts {
		path := "/api/v1/prompts/" + strings.ReplaceAll(name, " ", "%20")
		c.Get(t, path).HasStatus(t, http.StatusOK)
		if deleted++; deleted%2 == 0 {
			c.Send(t, http.MethodDelete, path, nil).HasStatus(t, http.StatusNoContent)
			continue
		}
		c.Put(t, "prompt", name, map[string]any{"description": "mended"})
		mended := c.Get(t, path)
		require.NotContains(t, string(mended.Body), `"created_at":"0001`)
	}
	c.Get(t, "/api/v1/tenants/default/export").HasStatus(t, http.StatusOK)
}
