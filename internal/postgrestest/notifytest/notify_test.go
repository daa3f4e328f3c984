package notifytest

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// subscription is an open database whose change notifications are recorded, and a superuser's
// connection that changes rows as psql would.
type subscription struct {
	url       string
	db        *postgres.DB
	superuser *sql.DB

	mu       sync.Mutex
	received []ports.ChangeNotification
}

func newSubscription(t *testing.T, change func(*postgres.Options)) *subscription {
	t.Helper()
	s := &subscription{url: fixture.MigratedURL(t, true)}
	o := fixture.Options(s.url, true)
	if change != nil {
		change(&o)
	}
	s.db, s.superuser = fixture.Open(t, o), fixture.Superuser(t, s.url)
	s.db.Services().ChangeNotifier.Subscribe(func(what ports.ChangeNotification) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.received = append(s.received, what)
	})
	return s
}

// flush waits until the listener is connected and every change committed before the call is
// received.
func (s *subscription) flush(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		assert.NoError(c, s.db.Services().ChangeNotifier.Flush(ctx))
	}, 30*time.Second, 10*time.Millisecond)
}

// notifications runs SQL as the superuser and returns the notifications that it causes.
func (s *subscription) notifications(t *testing.T, statements string) []ports.ChangeNotification {
	t.Helper()
	s.flush(t)
	s.mu.Lock()
	s.received = nil
	s.mu.Unlock()
	_, err := s.superuser.ExecContext(t.Context(), statements)
	require.NoError(t, err)
	s.flush(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received
}

const (
	someTenant = "01900000-0000-7000-8000-0000000000a1"
	someKey    = "01900000-0000-7000-8000-0000000000b1"
	someUser   = "01900000-0000-7000-8000-0000000000c1"
)

// seed makes a tenant, an API key and a user.
const seed = `
INSERT INTO bailiwick.tenants (id, slug, name) VALUES ('` + someTenant + `', 'some', 'Some');
INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash)
  VALUES ('` + someTenant + `', '` + someKey + `', 'k', 'viewer', decode(repeat('ab', 32), 'hex'));
INSERT INTO bailiwick.users (id, email, name) VALUES ('` + someUser + `', 'ada@example.com', 'Ada');`

// notification panics if id is not an ID.
func notification(kind ports.ChangeKind, id string) ports.ChangeNotification {
	parsed, err := tenancy.ParseID(id)
	if err != nil {
		panic(err)
	}
	return ports.ChangeNotification{Kind: kind, ID: parsed}
}

// The database itself sends the notifications, so changes by psql are notified, too. A change is
// notified after its commit.
func TestEveryCommittedChangeIsNotified(t *testing.T) {
	t.Parallel()
	s := newSubscription(t, nil)
	tenant, key, user := notification(ports.TenantChanged, someTenant),
		notification(ports.KeyChanged, someKey),
		notification(ports.UserChanged, someUser)
	anything := ports.ChangeNotification{Kind: ports.AnythingChanged}
	const ofKey, ofTenant = " WHERE id = '" + someKey + "'", " WHERE id = '" + someTenant + "'"
	for _, c := range []struct {
		name, statements string
		want             []ports.ChangeNotification
	}{
		{"a new tenant, a new API key and a new user", seed, []ports.ChangeNotification{tenant}},
		{"a tenant's slug", "UPDATE bailiwick.tenants SET slug = 'renamed'" + ofTenant,
			[]ports.ChangeNotification{tenant}},
		{"a tenant's state", "UPDATE bailiwick.tenants SET state = 'suspended'" + ofTenant,
			[]ports.ChangeNotification{tenant}},
		{"a tenant's update that changes nothing", "UPDATE bailiwick.tenants SET state = state" +
			ofTenant, nil},
		{"a key's role", "UPDATE bailiwick.api_keys SET role = 'admin'" + ofKey,
			[]ports.ChangeNotification{key}},
		{"a key's expiry", "UPDATE bailiwick.api_keys SET expires_at = now()" + ofKey,
			[]ports.ChangeNotification{key}},
		{"a key's last use", "UPDATE bailiwick.api_keys SET last_used_at = now()" + ofKey, nil},
		{"a key's last use, by find_key",
			"SELECT FROM bailiwick.find_key(decode(repeat('ab', 32), 'hex'))", nil},
		{"a new member", "INSERT INTO bailiwick.members (tenant_id, user_id, role) VALUES ('" +
			someTenant + "', '" + someUser + "', 'admin')", []ports.ChangeNotification{user}},
		{"a member's role", "UPDATE bailiwick.members SET role = 'viewer' WHERE user_id = '" +
			someUser + "'", []ports.ChangeNotification{user}},
		{"a removed member", "DELETE FROM bailiwick.members WHERE user_id = '" + someUser + "'",
			[]ports.ChangeNotification{user}},
		{"a user's super-admin right",
			"UPDATE bailiwick.users SET super_admin = true WHERE id = '" +
				someUser + "'", []ports.ChangeNotification{user}},
		{"a removed user", "DELETE FROM bailiwick.users WHERE id = '" + someUser + "'",
			[]ports.ChangeNotification{user}},
		{"a rolled back transaction",
			"BEGIN; UPDATE bailiwick.api_keys SET role = 'viewer'; ROLLBACK",
			nil},
		{"a rolled back savepoint",
			"BEGIN; SAVEPOINT s; UPDATE bailiwick.api_keys" +
				" SET role = 'viewer'; ROLLBACK TO s; COMMIT", nil},
		{"a revoked key", "DELETE FROM bailiwick.api_keys" + ofKey,
			[]ports.ChangeNotification{key}},
		{"a purged tenant", "DELETE FROM bailiwick.tenants" + ofTenant,
			[]ports.ChangeNotification{tenant}},
		{"thousands of new keys",
			`INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash)
			SELECT t.id, gen_random_uuid(), n::text, 'viewer', sha256(n::text::bytea)
			FROM bailiwick.tenants t, generate_series(1, 5000) n WHERE t.slug = 'default'`, nil},
		{"thousands of changed keys", "UPDATE bailiwick.api_keys SET role = 'editor'",
			[]ports.ChangeNotification{anything}},
		{"all keys", "TRUNCATE bailiwick.api_keys", []ports.ChangeNotification{anything}},
	} {
		assert.Equal(t, c.want, s.notifications(t, c.statements), c.name)
	}
}

// SQL injected into the application's statements may listen, since any role may.
func TestNotificationsAreUnreadableWithoutTheKey(t *testing.T) {
	t.Parallel()
	s := newSubscription(t, nil)
	_, err := s.superuser.ExecContext(t.Context(), seed)
	require.NoError(t, err)
	eavesdropper := pgdriver.NewListener(bun.NewDB(fixture.Superuser(t, fixture.AppURL(t, s.url)),
		pgdialect.New()))
	t.Cleanup(func() { require.NoError(t, eavesdropper.Close()) })
	require.NoError(t, eavesdropper.Listen(t.Context(), "bailiwick"))
	const ready = "ready" // Listen doesn't wait for its answer
	for received := false; !received; {
		_, err := s.superuser.ExecContext(t.Context(), "SELECT pg_notify('bailiwick', '"+ready+"')")
		require.NoError(t, err)
		_, _, err = eavesdropper.ReceiveTimeout(t.Context(), time.Second)
		received = err == nil
	}
	receive := func() string {
		for {
			_, payload, err := eavesdropper.ReceiveTimeout(t.Context(), 10*time.Second)
			require.NoError(t, err)
			if payload != ready {
				return payload
			}
		}
	}

	seen := map[string]bool{}
	for n := range 20 {
		_, err := s.superuser.ExecContext(t.Context(), fmt.Sprintf(`
			UPDATE bailiwick.api_keys SET name = 'k%d' WHERE id = '%s';
			UPDATE bailiwick.tenants SET name = 'n%d' WHERE id = '%s'`, n, someKey, n, someTenant))
		require.NoError(t, err)
		for range 2 {
			payload := receive()
			assert.Len(t, payload, 66, "all kinds have the same length")
			for _, id := range []string{someKey, someTenant} {
				bare := strings.ReplaceAll(id, "-", "")
				assert.NotContains(t, payload, bare[len(bare)-8:])
			}
			assert.False(t, seen[payload[32:]], "two notifications are equal")
			seen[payload[32:]] = true
		}
	}
	app := fixture.Superuser(t, fixture.AppURL(t, s.url))
	for _, attack := range []string{
		"SELECT announcing_key FROM bailiwick.instance",
		"SELECT bailiwick.seal_announcement('k', '" + someKey + "')",
		"CREATE TEMP TABLE was (id uuid); CREATE TRIGGER t AFTER UPDATE ON was" +
			" FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.announce('k', 'id')",
		"ALTER TABLE bailiwick.api_keys DISABLE TRIGGER ALL",
		"DROP TRIGGER announce_delete ON bailiwick.api_keys",
	} {
		_, err := app.ExecContext(t.Context(), attack)
		assert.Error(t, err, attack)
	}
}

// Payloads that aren't notifications are ignored, and the listener stays connected.
func TestForgedNotificationsAreIgnored(t *testing.T) {
	t.Parallel()
	s := newSubscription(t, nil)
	_, err := s.superuser.ExecContext(t.Context(), seed)
	require.NoError(t, err)
	app := fixture.Superuser(t, fixture.AppURL(t, s.url))
	s.flush(t)
	for _, payload := range []string{"", "x", "*", strings.Repeat("0", 66), strings.Repeat("z", 66),
		strings.Repeat("ab", 32), strings.Repeat("f", 7999), "k" + someKey, "\t\n'"} {
		_, err := app.ExecContext(t.Context(), "SELECT pg_notify('bailiwick', '"+
			strings.ReplaceAll(payload, "'", "''")+"')")
		require.NoError(t, err)
	}
	want := notification(ports.KeyChanged, someKey)
	assert.Contains(t, s.notifications(t,
		"UPDATE bailiwick.api_keys SET role = 'admin' WHERE id = '"+
			someKey+"'"), want)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, what := range s.received {
		assert.Equal(t, want, what, "a forged notification was accepted")
	}
}

const killListeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity" +
	" WHERE datname = current_database() AND application_name = 'bailiwick-listen'"

func TestKilledListenerReconnectsAndInvalidatesEverything(t *testing.T) {
	t.Parallel()
	s := newSubscription(t, nil)
	for range 5 {
		received := s.notifications(t, killListeners+"; SELECT pg_sleep(0.1)")
		assert.Contains(t, received, ports.ChangeNotification{Kind: ports.AnythingChanged})
	}
	_, err := s.superuser.ExecContext(t.Context(), seed)
	require.NoError(t, err)
	assert.Equal(t, []ports.ChangeNotification{notification(ports.KeyChanged, someKey)},
		s.notifications(t, "DELETE FROM bailiwick.api_keys"))
}

// The network drops all packets, and neither side notices.
func TestSilentNetworkMakesTheListenerUnhealthy(t *testing.T) {
	t.Parallel()
	var network *mutableProxy
	s := newSubscription(t, func(o *postgres.Options) {
		network = startMutableProxy(t, o.URL)
		o.ListenURL = network.through(t, fixture.SystemURL(t, o.URL))
	})
	healthy := s.db.Services().ChangeNotifier.Healthy
	s.flush(t)
	require.Eventually(t, healthy, 10*time.Second, time.Millisecond)

	network.mute.Store(true)
	muted := time.Now()
	for healthy() {
		require.Less(t, time.Since(muted), 5*time.Second)
		time.Sleep(time.Millisecond)
	}
	assert.Less(t, time.Since(muted), time.Second, "how long a silent network counts as healthy")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	assert.Equal(t, tenancy.CodeUnavailable,
		tenancy.CodeOf(s.db.Services().ChangeNotifier.Flush(ctx)))

	network.mute.Store(false)
	network.cut() // the dropped bytes don't arrive later
	s.flush(t)
	require.Eventually(t, healthy, 10*time.Second, time.Millisecond)
}

func TestNothingListensThroughAPooler(t *testing.T) {
	t.Parallel()
	p := fixture.StartPooler(t)
	o := p.Through(t, fixture.Options(fixture.MigratedURL(t, true), true))
	o.ListenURL = ""
	db := fixture.Open(t, o)
	s := db.Services()
	s.ChangeNotifier.Subscribe(func(ports.ChangeNotification) {})
	for range 20 {
		assert.Equal(t, tenancy.CodeUnavailable,
			tenancy.CodeOf(s.ChangeNotifier.Flush(t.Context())))
		assert.False(t, s.ChangeNotifier.Healthy())
		_, err := s.Tenants.Get(t.Context(), tenancy.DefaultID)
		require.NoError(t, err)
		time.Sleep(20 * time.Millisecond)
	}
	var listening int
	owner := fixture.Superuser(t, o.URL)
	require.NoError(t, owner.QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"+
			" AND query LIKE 'LISTEN%'").Scan(&listening))
	assert.Zero(t, listening)
}

// mutableProxy is a TCP proxy before the server that can drop everything it carries.
type mutableProxy struct {
	addr string
	mute atomic.Bool

	mu   sync.Mutex
	open []net.Conn
}

func startMutableProxy(t *testing.T, databaseURL string) *mutableProxy {
	t.Helper()
	server, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m := &mutableProxy{addr: listener.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server.Host)
			if err != nil {
				_ = client.Close()
				continue
			}
			m.mu.Lock()
			m.open = append(m.open, client, upstream)
			m.mu.Unlock()
			running.Go(func() { m.carry(upstream, client) })
			running.Go(func() { m.carry(client, upstream) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); m.cut(); running.Wait() })
	return m
}

func (m *mutableProxy) carry(to io.WriteCloser, from io.Reader) {
	defer to.Close()
	buffer := make([]byte, 4096)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if m.mute.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (m *mutableProxy) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.open {
		_ = c.Close()
	}
	m.open = nil
}

func (m *mutableProxy) through(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	u.Host = m.addr
	return u.String()
}
