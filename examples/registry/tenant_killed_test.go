//go:build unix

package main

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
)

// tenantLifecycle are the requests of a tenant's life, in their order.
var tenantLifecycle = []struct{ name, method, path, body string }{
	{"create", http.MethodPost, "/api/v1/tenants",
		`{"slug":"mortal","name":"Mortal","settings":{"a":1}}`},
	{"delete", http.MethodDelete, "/api/v1/tenants/mortal", ""},
	{"purge", http.MethodPost, "/api/v1/tenants/mortal/purge", `{"confirm":"mortal"}`},
}

// maxStatements is more than any of them takes.
const maxStatements = 40

// TestKilledRegistryLeavesTenantUnchanged kills the process before the first, the
// second, the third … statement of each request, until none is left.
func TestKilledRegistryLeavesTenantUnchanged(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	for _, step := range tenantLifecycle {
		before := w.state(t)
		for n := 1; ; n++ {
			require.Less(t, n, maxStatements)
			p := startServing(t, w.settings())
			w.interceptAt(n, func(int) error {
				_ = p.cmd.Process.Kill()
				return errors.New("killed")
			})
			status, err := w.request(p.url, step.method, step.path, step.body)
			struck := w.disarm()
			if !struck {
				require.NoError(t, err)
				require.Equal(t, 2, status/100, "%s: %d", step.name, status)
				require.Greater(t, n, 2, "%s was killed too seldom", step.name)
				p.stop(t)
				break
			}
			<-p.done
			require.Equal(t, before, w.stateWhenIdle(t), "%s, killed before statement %d", step.name, n)
		}
		require.NotEqual(t, before, w.stateWhenIdle(t), step.name)
		w.addRows(t, step.name, 300)
	}
}

// TestKilledBackendLeavesTenantUnchanged ends the database's process instead, and
// the registry goes on. It may begin a statement anew that was the first of its
// connection: so each try has a tenant of its own.
func TestKilledBackendLeavesTenantUnchanged(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	p := startServing(t, w.settings())
	for i, step := range tenantLifecycle {
		refused := 0
		for n, struck := 1, true; struck; n++ {
			require.Less(t, n, maxStatements)
			mortal := fmt.Sprintf("mortal-%s-%d", step.name, n)
			request := func(at int) int {
				step := tenantLifecycle[at]
				status, err := w.request(p.url, step.method,
					strings.ReplaceAll(step.path, "mortal", mortal),
					strings.ReplaceAll(step.body, "mortal", mortal))
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
				return err // nil: the statement goes to a backend that is ending
			})
			status := request(i)
			struck = w.disarm()
			if status/100 == 2 {
				require.NotEqual(t, before, w.stateWhenIdle(t),
					"%s said that it is done, cut before statement %d", step.name, n)
				continue
			}
			refused++
			require.Equal(t, http.StatusServiceUnavailable, status, "%s, cut before statement %d",
				step.name, n)
			require.Equal(t, before, w.stateWhenIdle(t), "%s, cut before statement %d", step.name, n)
		}
		require.Positive(t, refused, step.name)
	}
}

// TestInterruptedPurgeChangesNothing ends the backend somewhere within the one statement that
// removes the rows.
func TestInterruptedPurgeChangesNothing(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	p := startServing(t, w.settings())
	for _, step := range tenantLifecycle[:2] {
		status, err := w.request(p.url, step.method, step.path, step.body)
		require.NoError(t, err)
		require.Equal(t, 2, status/100)
		w.addRows(t, step.name, 5000)
	}
	before := w.state(t)
	cut := 0
	for wait := time.Millisecond; ; wait = wait * 3 / 2 {
		done := make(chan struct{})
		var striker sync.WaitGroup
		striker.Go(func() { w.killWriter(done, wait) })
		status, err := w.request(p.url, tenantLifecycle[2].method, tenantLifecycle[2].path, tenantLifecycle[2].body)
		close(done)
		striker.Wait()
		require.NoError(t, err)
		if status == http.StatusOK {
			break
		}
		cut++
		require.Equal(t, http.StatusServiceUnavailable, status)
		require.Equal(t, before, w.stateWhenIdle(t), "cut after %v", wait)
	}
	require.NotEqual(t, before, w.stateWhenIdle(t))
	require.Positive(t, cut)
}

// killWriter waits until somebody writes, and ends their backend a while later.
func (w proxiedDatabase) killWriter(done <-chan struct{}, later time.Duration) {
	const writers = " FROM pg_stat_activity WHERE backend_xid IS NOT NULL" +
		" AND pid <> pg_backend_pid() AND datname = current_database()"
	for {
		var pid int
		if err := w.direct.QueryRow("SELECT pid" + writers).Scan(&pid); err == nil {
			time.Sleep(later)
			// it may have ended
			_, _ = w.direct.Exec("SELECT pg_terminate_backend(pid)"+writers+" AND pid = $1", pid)
			return
		}
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
		}
	}
}

// proxiedDatabase is a database by way of a boundary, and directly.
type proxiedDatabase struct {
	*statementProxy
	direct *sql.DB
}

func newProxiedDatabase(t *testing.T) proxiedDatabase {
	t.Helper()
	database := migratedDatabase(t)
	db := connect(t, database)
	t.Cleanup(func() { _ = db.Close() })
	return proxiedDatabase{newStatementProxy(t, database), db.DB}
}

func (w proxiedDatabase) settings() map[string]string {
	return map[string]string{"DATABASE_URL": w.url, "MULTI_TENANT": "true", "ADMIN_TOKEN": platform,
		"SECRETS_KEY": secretsKey, "DATA_DIR": "/nowhere"}
}

// request answers the status of the super-admin's request.
func (w proxiedDatabase) request(base, method, path, body string) (int, error) {
	req, err := http.NewRequest(method, base+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+platform)
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

// addRows gives the tenant something to purge once it has been created.
func (w proxiedDatabase) addRows(t *testing.T, step string, rows int) {
	t.Helper()
	if step != "create" {
		return
	}
	_, err := w.direct.Exec(fmt.Sprintf(`
		CREATE TEMP TABLE newest AS SELECT id AS tenant, n FROM (SELECT id FROM bailiwick.tenants ORDER BY created_at DESC LIMIT 1) t, generate_series(1, %d) n;
		INSERT INTO prompts (tenant_id, name) SELECT tenant, n FROM newest;
		INSERT INTO agents (tenant_id, name) SELECT tenant, n FROM newest;
		INSERT INTO agent_prompts (tenant_id, agent_id, prompt_id, position) SELECT tenant, a.id, p.id, 1
		  FROM newest JOIN agents a ON a.tenant_id = tenant AND a.name = n::text JOIN prompts p ON p.tenant_id = tenant AND p.name = n::text;
		DROP TABLE newest`, rows))
	require.NoError(t, err)
}

// stateWhenIdle is the state when no transaction of the registry's is left.
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

// state is a digest of every table, but for what the registry notes of itself.
func (w proxiedDatabase) state(t *testing.T) map[string]string {
	t.Helper()
	found, err := w.direct.Query(
		`SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname IN ('public', 'bailiwick') AND c.relname <> 'signing_keys'`)
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

// TestLostDatabaseConnectionReturns503: whoever asks is told to ask again.
func TestLostDatabaseConnectionReturns503(t *testing.T) {
	t.Parallel()
	w := newProxiedDatabase(t)
	p := startServing(t, w.settings())
	for n, struck := 1, true; struck; n++ {
		require.Less(t, n, maxStatements)
		w.interceptAt(n, func(int) error { return errors.New("cut") })
		body := fmt.Sprintf(`{"slug":"lost-%d","name":"Lost"}`, n)
		status, err := w.request(p.url, http.MethodPost, "/api/v1/tenants", body)
		require.NoError(t, err)
		if struck = w.disarm(); struck && status != http.StatusCreated {
			require.Equal(t, http.StatusServiceUnavailable, status, "cut before statement %d", n)
		}
	}
}
