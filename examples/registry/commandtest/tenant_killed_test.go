//go:build unix

package commandtest

import (
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
)

// tenantLifecycle are the requests that create, delete and purge a tenant, in order.
var tenantLifecycle = []struct{ name, method, path, body string }{
	{"create", http.MethodPost, "/api/v1/tenants",
		`{"slug":"acme","name":"Acme","settings":{"a":1}}`},
	{"delete", http.MethodDelete, "/api/v1/tenants/acme", ""},
	{"purge", http.MethodPost, "/api/v1/tenants/acme/purge", `{"confirm":"acme"}`},
}

// maxStatements is more than any of these requests sends.
const maxStatements = 40

// TestKilledRegistryLeavesTenantUnchanged kills the registry before the first, the second,
// the third … statement of each request, until the request has no more statements.
func TestKilledRegistryLeavesTenantUnchanged(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	for _, step := range tenantLifecycle {
		before := w.state(t)
		for n := 1; ; n++ {
			require.Less(t, n, maxStatements)
			p := harness.StartServing(t, w.settings())
			w.interceptAt(n, func(int) error {
				_ = p.Cmd.Process.Kill()
				return errors.New("killed")
			})
			status, err := w.request(p.URL, step.method, step.path, step.body)
			killed := w.disarm()
			if !killed {
				require.NoError(t, err)
				require.Equal(t, 2, status/100, "%s: %d", step.name, status)
				require.Greater(t, n, 2, "%s was killed too few times", step.name)
				p.Stop(t)
				break
			}
			<-p.Done
			require.Equal(t, before, w.stateWhenIdle(t), "%s, killed before statement %d",
				step.name, n)
		}
		require.NotEqual(t, before, w.stateWhenIdle(t), step.name)
		w.addRows(t, step.name, 300)
	}
}

// TestKilledBackendLeavesTenantUnchanged kills the database session instead, while the
// registry keeps running. The registry repeats once what can't have been committed.
// Therefore each attempt uses a separate tenant, and either succeeds or changes nothing.
func TestKilledBackendLeavesTenantUnchanged(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	p := harness.StartServing(t, w.settings())
	for i, step := range tenantLifecycle {
		kills := 0
		for n, killed := 1, true; killed; n++ {
			require.Less(t, n, maxStatements)
			slug := fmt.Sprintf("acme-%s-%d", step.name, n)
			request := func(at int) int {
				step := tenantLifecycle[at]
				status, err := w.request(p.URL, step.method,
					strings.ReplaceAll(step.path, "acme", slug),
					strings.ReplaceAll(step.body, "acme", slug))
				require.NoError(t, err)
				return status
			}
			for earlier := range i {
				require.Equal(t, 2, request(earlier)/100)
				w.addRows(t, tenantLifecycle[earlier].name, 300)
			}
			before := w.stateWhenIdle(t)
			w.interceptAt(n, func(backend int) error {
				_, err := w.direct.Exec("SELECT pg_terminate_backend($1)", backend)
				return err // with nil, the statement is sent to a session that is ending
			})
			status := request(i)
			killed = w.disarm()
			if killed {
				kills++
			}
			if status/100 == 2 {
				require.NotEqual(t, before, w.stateWhenIdle(t),
					"%s reported success, killed before statement %d", step.name, n)
				continue
			}
			require.Equal(t, http.StatusServiceUnavailable, status,
				"%s, killed before statement %d", step.name, n)
			require.Equal(t, before, w.stateWhenIdle(t), "%s, killed before statement %d",
				step.name, n)
		}
		require.Positive(t, kills, step.name)
	}
}

// TestInterruptedPurgeChangesNothing kills the database session during the one statement that
// removes the rows, and the session that repeats it, later each time.
func TestInterruptedPurgeChangesNothing(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	p := harness.StartServing(t, w.settings())
	for _, step := range tenantLifecycle[:2] {
		status, err := w.request(p.URL, step.method, step.path, step.body)
		require.NoError(t, err)
		require.Equal(t, 2, status/100)
		w.addRows(t, step.name, 5000)
	}
	before := w.state(t)
	interrupted := 0
	for wait := time.Millisecond; ; wait = wait * 3 / 2 {
		done := make(chan struct{})
		var killer sync.WaitGroup
		killer.Go(func() { w.killWriters(done, wait) })
		status, err := w.request(p.URL, tenantLifecycle[2].method, tenantLifecycle[2].path,
			tenantLifecycle[2].body)
		close(done)
		killer.Wait()
		require.NoError(t, err)
		if status == http.StatusOK {
			break
		}
		interrupted++
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, before, w.stateWhenIdle(t), "killed after %v", wait)
	}
	require.NotEqual(t, before, w.stateWhenIdle(t))
	require.Positive(t, interrupted)
}

// killWriters kills each session that writes, after the delay.
func (w proxiedDatabase) killWriters(done <-chan struct{}, delay time.Duration) {
	const writers = " FROM pg_stat_activity WHERE backend_xid IS NOT NULL" +
		" AND pid <> pg_backend_pid() AND datname = current_database()"
	for {
		var pid int
		if err := w.direct.QueryRow("SELECT pid" + writers).Scan(&pid); err == nil {
			time.Sleep(delay)
			// The session may have ended in the meantime.
			_, _ = w.direct.Exec("SELECT pg_terminate_backend(pid)"+writers+" AND pid = $1", pid)
		}
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// proxiedDatabase is a database with a connection through a statementProxy and a direct
// one.
type proxiedDatabase struct {
	*statementProxy
	direct *sql.DB
}

func newProxiedDatabase(t *testing.T) proxiedDatabase {
	t.Helper()
	database := migratedDatabase(t)
	direct := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(database),
		pgdriver.WithReadTimeout(10*time.Minute)))
	t.Cleanup(func() { _ = direct.Close() })
	w := proxiedDatabase{newStatementProxy(t, database), direct}
	harness.StartServing(t, w.settings()).Stop(t) // the first start stores the check of its key
	return w
}

func (w proxiedDatabase) settings() map[string]string {
	return map[string]string{"DATABASE_URL": w.url, "MULTI_TENANT": "true",
		"ADMIN_TOKEN": harness.Platform,
		"SECRETS_KEY": harness.SecretsKey, "DATA_DIR": "/nowhere"}
}

// request sends a request as the super-admin and returns the status.
func (w proxiedDatabase) request(base, method, path, body string) (int, error) {
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+harness.Platform)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return res.StatusCode, err
}

// addRows adds rows to the newest tenant after the step that created it, so that a
// purge has rows to remove.
func (w proxiedDatabase) addRows(t *testing.T, step string, rows int) {
	t.Helper()
	if step != "create" {
		return
	}
	_, err := w.direct.Exec(fmt.Sprintf(`
		CREATE TEMP TABLE newest AS SELECT id AS tenant, n
		  FROM (SELECT id FROM bailiwick.tenants ORDER BY created_at DESC LIMIT 1) t, generate_series(1, %d) n;
		INSERT INTO prompts (tenant_id, name) SELECT tenant, n FROM newest;
		INSERT INTO agents (tenant_id, name) SELECT tenant, n FROM newest;
		INSERT INTO agent_prompts (tenant_id, agent_id, prompt_id, position) SELECT tenant, a.id, p.id, 1
		  FROM newest JOIN agents a ON a.tenant_id = tenant AND a.name = n::text
		  JOIN prompts p ON p.tenant_id = tenant AND p.name = n::text;
		DROP TABLE newest`, rows))
	require.NoError(t, err)
}

// stateWhenIdle returns the state after all transactions of the registry have ended.
func (w proxiedDatabase) stateWhenIdle(t *testing.T) map[string]string {
	t.Helper()
	require.Eventually(t, func() bool {
		var open int
		err := w.direct.QueryRow(
			"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()" +
				" AND pid <> pg_backend_pid() AND backend_xid IS NOT NULL").Scan(&open)
		return err == nil && open == 0
	}, 30*time.Second, 10*time.Millisecond)
	return w.state(t)
}

// state returns a digest of every table, except the signing keys, which the registry
// changes by itself.
func (w proxiedDatabase) state(t *testing.T) map[string]string {
	t.Helper()
	found, err := w.direct.Query(
		`SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
		  AND n.nspname IN ('public', 'bailiwick') AND c.relname <> 'signing_keys'`)
	require.NoError(t, err)
	defer found.Close()
	var tables []string
	for found.Next() {
		var name string
		require.NoError(t, found.Scan(&name))
		tables = append(tables, name)
	}
	require.NoError(t, found.Err())
	digests := map[string]string{}
	for _, name := range tables {
		var digest string
		err := w.direct.QueryRow(
			fmt.Sprintf("SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, chr(10)"+
				" ORDER BY t::text)), '') FROM %s t", name)).Scan(&digest)
		require.NoError(t, err)
		digests[name] = digest
	}
	return digests
}

// TestLostDatabaseConnectionReturns503 closes the connection before each statement. A
// client gets the status 503, which asks it to retry.
func TestLostDatabaseConnectionReturns503(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	p := harness.StartServing(t, w.settings())
	for n, lost := 1, true; lost; n++ {
		require.Less(t, n, maxStatements)
		w.interceptAt(n, func(int) error { return errors.New("connection lost") })
		body := fmt.Sprintf(`{"slug":"lost-%d","name":"Lost"}`, n)
		status, err := w.request(p.URL, http.MethodPost, "/api/v1/tenants", body)
		require.NoError(t, err)
		if lost = w.disarm(); lost && status != http.StatusCreated {
			require.Equal(t, http.StatusServiceUnavailable, status, "lost before statement %d", n)
		}
	}
}
