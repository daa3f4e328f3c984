package adopttest

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/examples/registry/cli"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// adoptRows is the number of rows in the database of the load test.
// ADOPT_ROWS=1000000 is the full size, which takes minutes.
func adoptRows(t testing.TB) int {
	t.Helper()
	text := os.Getenv("ADOPT_ROWS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "ADOPT_ROWS")
	return n
}

const (
	oldWriters  = 8
	oldReaders  = 8
	lockTimeout = 300 * time.Millisecond // the default
)

// largeSingleTenant returns the URL of a single-tenant database with this many rows.
func largeSingleTenant(t testing.TB, rows int) string {
	t.Helper()
	url := singleTenant(t)
	db := connect(t, url)
	for _, statement := range []string{
		`INSERT INTO prompts (name, description, template)
			SELECT 'p' || i, 'prompt ' || i, repeat('t', 40) FROM generate_series(1, ?0 / 10) i`,
		`INSERT INTO mcp_servers (name, description, spec)
			SELECT 's' || i, 'server ' || i, '{"packages": []}' FROM generate_series(1, ?0 / 5) i`,
		`INSERT INTO agents (name, description, instructions, model_config_id)
			SELECT 'a' || i, 'agent ' || i, repeat('i', 40), (SELECT id FROM model_configs LIMIT 1)
			FROM generate_series(1, ?0 * 2 / 5) i`,
		`INSERT INTO agent_prompts SELECT a.id, (SELECT id FROM prompts LIMIT 1), 1
			FROM agents a WHERE a.name LIKE 'a%0' ON CONFLICT DO NOTHING`,
		`INSERT INTO trust_rules (name, effect, agent_id)
			SELECT 'r' || name, 'allow', id FROM agents WHERE name LIKE 'a%1' OR name LIKE 'a%2'`,
		`INSERT INTO triggers (name, type, schedule, agent_id)
			SELECT 't' || name, 'schedule', '@daily', id FROM agents WHERE name LIKE 'a%3'`,
		`INSERT INTO audit_log (at, actor, action, kind, name)
			SELECT timestamptz '2026-06-01' + i * interval '1 minute', 'root', 'put', 'agent', 'a' || i
			FROM generate_series(1, ?0 * 3 / 20) i`,
		`ANALYZE`,
	} {
		_, err := db.NewRaw(statement, rows).Exec(t.Context())
		require.NoError(t, err, statement)
	}
	return url
}

// checksums returns the number of rows of each table and a checksum over the columns
// of the single-tenant version. It leaves out the rows that the clients write.
func checksums(t testing.TB, db *bun.DB) map[string]string {
	t.Helper()
	sums := map[string]string{}
	for table, columns := range map[string]string{
		"users":      "id, email, name, password_hash, is_admin, created_at",
		"api_keys":   "id, user_id, name, key_hash, created_at, revoked_at",
		"workspaces": "id, name",
		"model_configs": "id, workspace_id, name, labels, provider, model, api_key, spec," +
			" version, created_at, updated_at",
		"prompts": "id, name, labels, description, template, spec, version, created_at," +
			" updated_at",
		"mcp_servers": "id, name, labels, description, spec, version, created_at, updated_at",
		"agents": "id, name, labels, description, instructions, model_config_id," +
			" parent_id, spec, version, created_at, updated_at",
		"agent_prompts":     "agent_id, prompt_id, position",
		"agent_mcp_servers": "agent_id, mcp_server_id, position",
		"trust_rules": "id, workspace_id, name, labels, effect, agent_id, mcp_server_id," +
			" priority, spec, version, created_at, updated_at",
		"triggers": "id, workspace_id, name, labels, type, schedule, agent_id, enabled," +
			" spec, version, created_at, updated_at",
		"context_configs": "id, workspace_id, name, labels, agent_id, max_tokens, spec, version," +
			" created_at, updated_at",
		"audit_log": "id, at, actor, action, kind, name, details",
	} {
		where := "true"
		switch table {
		case "agent_prompts", "agent_mcp_servers":
			where = "agent_id IN (SELECT id FROM agents WHERE NOT starts_with(name, 'client-'))"
		case "users", "api_keys":
		default:
			where = "NOT starts_with(coalesce(name, ''), 'client-')"
		}
		var sum string
		err := db.NewRaw(fmt.Sprintf(
			"SELECT count(*) || ' rows, ' || coalesce(sum(hashtextextended(ROW(%s)::text,"+
				" 0)::numeric), 0) FROM %s WHERE %s", columns, table, where)).
			Scan(t.Context(), &sum)
		require.NoError(t, err, table)
		sums[table] = sum
	}
	return sums
}

func TestOldVersionGoesOnDuringExpand(t *testing.T) {
	rows := adoptRows(t)
	url := largeSingleTenant(t, rows)
	db := connect(t, url)
	before := checksums(t, db)
	set := map[string]string{"DATABASE_URL": url, "DATA_DIR": t.TempDir(),
		"SECRETS_KEY": harness.SecretsKey}

	s := startOldClients(t, url)
	time.Sleep(time.Second)
	ctx, stop := context.WithCancel(t.Context())
	longest := make(chan time.Duration, 1)
	go func() { // ends with ctx; waited for below
		d, err := longestLockWait(ctx, connect(t, url))
		if err != nil {
			d = time.Hour
		}
		longest <- d
	}()
	start := time.Now()
	up := harness.Run(t, set, "migrate", "up")
	elapsed := time.Since(start)
	refused := harness.Run(t, set, "migrate", "up", "--phase", "contract", "--watch", "6s")
	errs := s.stopAll()
	stop()
	longestWait := <-longest
	t.Logf("%d rows, %d statements, expanded in %s, slowest statement %s, longest wait for a"+
		" table %s", rows, s.statements.Load(), elapsed.Round(time.Millisecond),
		time.Duration(s.slowest.Load()), longestWait)
	require.Empty(t, errs)
	up.RequireStatus(t, cli.ExitDone)
	require.LessOrEqual(t, longestWait, lockTimeout+100*time.Millisecond)
	refused.RequireStatus(t, cli.ExitRefused)
	require.Contains(t, refused.Err, `application "old registry"`)
	require.Contains(t, refused.Err, "agents")

	s.requireWrites(t, db)
	require.NoError(t, db.Close())
	harness.Run(t, set, "migrate", "up", "--phase", "contract", "--watch", "6s").
		RequireStatus(t, cli.ExitDone)
	db = connect(t, url)
	require.Equal(t, before, checksums(t, db))
	s.requireWrites(t, db)
	requireContracts(t, url)
}

// requireWrites requires that each row the clients wrote exists once, in its last
// version and in the default tenant.
func (s *oldClients) requireWrites(t *testing.T, db *bun.DB) {
	t.Helper()
	var found []struct {
		Name    string
		Version int
	}
	require.NoError(t, db.NewRaw(
		"SELECT name, version FROM agents WHERE starts_with(name, 'client-')"+
			" AND tenant_id = '01900000-0000-7000-8000-000000000000'").Scan(t.Context(), &found))
	versions := map[string]int{}
	for _, f := range found {
		versions[f.Name] = f.Version
	}
	require.Len(t, found, len(s.agentPuts))
	require.Equal(t, s.agentPuts, versions)
	var audited int
	require.NoError(t, db.NewRaw(
		"SELECT count(*) FROM audit_log WHERE actor = 'client'"+
			" AND tenant_id = '01900000-0000-7000-8000-000000000000'").Scan(t.Context(), &audited))
	require.Equal(t, s.audited, audited)
}

// requireContracts runs the rest of the migration and requires the catalog of a fresh
// installation.
func requireContracts(t *testing.T, url string) {
	t.Helper()
	require.NoError(t, postgres.MigrateUp(t.Context(), adoptionOptions(t, url, true),
		fastMigration(adoption.Contract)))
	requireFreshInstallation(t, url)
}
