package adopttest

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"
)

// oldClients are 8 writers and 8 readers that send the old version's statements.
type oldClients struct {
	t          *testing.T
	url        string
	stop       chan struct{}
	group      sync.WaitGroup
	statements atomic.Int64
	slowest    atomic.Int64 // nanoseconds
	mu         sync.Mutex
	errs       []error
	agentPuts  map[string]int // how often each existing agent was put
	audited    int
}

func startOldClients(t *testing.T, url string) *oldClients {
	s := &oldClients{t: t, url: url, stop: make(chan struct{}), agentPuts: map[string]int{}}
	prepare, err := os.ReadFile(singleTenantFile("statements.sql"))
	require.NoError(t, err)
	for i := range oldWriters + oldReaders {
		db := bun.NewDB(sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(url),
			pgdriver.WithApplicationName("old registry"))), pgdialect.New())
		t.Cleanup(func() { _ = db.Close() })
		conn, err := db.Conn(context.WithoutCancel(t.Context()))
		require.NoError(t, err)
		_, err = conn.ExecContext(t.Context(), string(prepare))
		require.NoError(t, err)
		w := &oldClient{clients: s, id: i, conn: conn}
		s.group.Go(func() {
			if i < oldWriters {
				w.write()
			} else {
				w.read()
			}
			_ = conn.Close()
		})
	}
	return s
}

// stopAll stops all clients and returns the errors of all statements.
func (s *oldClients) stopAll() []error {
	close(s.stop)
	s.group.Wait()
	return s.errs
}

func (s *oldClients) stopped() bool {
	select {
	case <-s.stop:
		return true
	default:
		return false
	}
}

// recordTime keeps the slowest time, in nanoseconds.
func (s *oldClients) recordTime(elapsed int64) {
	for {
		slowest := s.slowest.Load()
		if elapsed <= slowest || s.slowest.CompareAndSwap(slowest, elapsed) {
			return
		}
	}
}

// oldClient is one session of the old version.
type oldClient struct {
	clients *oldClients
	id      int
	conn    bun.Conn
}

// send runs a prepared statement and reads all its rows.
func (w *oldClient) send(format string, args ...any) {
	statement := "EXECUTE " + fmt.Sprintf(format, args...)
	start := time.Now()
	rows, err := w.conn.QueryContext(context.Background(), statement)
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		_ = rows.Close()
	}
	w.clients.recordTime(int64(time.Since(start)))
	w.clients.statements.Add(1)
	if err != nil {
		w.clients.mu.Lock()
		w.clients.errs = append(w.clients.errs, fmt.Errorf("%s: %w", statement, err))
		w.clients.mu.Unlock()
	}
}

func (w *oldClient) write() {
	puts, audited := map[string]int{}, 0
	for n := 0; !w.clients.stopped(); n++ {
		name := fmt.Sprintf("client-%d-%d", w.id, n%200)
		if n%50 == 49 {
			w.send("agent_delete('%s')", name)
			delete(puts, name)
			continue
		}
		w.send("agent_put('%s', 'd%d', 'i', '{}')", name, n)
		puts[name]++
		// all writers put this prompt at about the same time
		w.send("prompt_put('client-hot-%d', 'd', 't%d')", n/8, w.id)
		w.send("agent_link_prompt('%s', 'p%d', %d)", name, n%20+1, n)
		switch n % 8 {
		case 0:
			w.send("server_put('client-s-%d-%d', 'd', '{}')", w.id, n%50)
		case 1:
			w.send("model_put('client-m-%d', 'p', 'm', NULL)", w.id)
		case 2:
			w.send("key_used('%s')", "00000000-0000-0000-0000-000000000000")
		case 3:
			w.send("defaults_put('deny', 'fast')")
		case 4:
			w.send("rule_put('client-r-%d', 'deny', 'a1', %d)", w.id, n)
		case 5:
			w.send("trigger_put('client-t-%d', 'event', '', 'a2')", w.id)
		}
		w.send("audit_add('client', 'put', 'agent', 'client-%d', '{}')", w.id)
		audited++
	}
	w.clients.mu.Lock()
	defer w.clients.mu.Unlock()
	for name, n := range puts {
		w.clients.agentPuts[name] = n
	}
	w.clients.audited += audited
}

func (w *oldClient) read() {
	for n := 0; !w.clients.stopped(); n++ {
		at := rand.IntN(5000) + 1
		switch n % 10 {
		case 0, 1:
			w.send("agent_get('a%d')", at)
		case 7:
			w.send("triggers_due('event')")
		case 8:
			w.send("agent_list('client-', 20)")
		case 9:
			if w.id == oldWriters && n%100 == 9 { // rarely, because it reads every row
				w.send("agent_search('agent %d')", at)
			}
		case 2:
			w.send("agent_list('a%d', 20)", at)
		case 3:
			w.send("agent_prompts_of('a%d')", at)
		case 4:
			w.send("key_check(sha256('old-key-of-root@example.com'))")
		case 5:
			w.send("audit_recent(10)")
		case 6:
			w.send("defaults_get")
		}
	}
}

// longestLockWait observes the sessions that wait for a lock on a table, until the
// context ends. It returns the longest wait.
func longestLockWait(ctx context.Context, db *bun.DB) (longest time.Duration, err error) {
	for ctx.Err() == nil {
		var seconds float64
		err = db.NewRaw(`SELECT coalesce(max(extract(epoch FROM clock_timestamp() - l.waitstart)), 0)::float8
			FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE NOT l.granted AND l.locktype = 'relation' AND a.application_name = 'old registry'`).
			Scan(context.WithoutCancel(ctx), &seconds)
		if err != nil {
			return longest, err
		}
		longest = max(longest, time.Duration(seconds*float64(time.Second)))
		time.Sleep(5 * time.Millisecond)
	}
	return longest, nil
}
