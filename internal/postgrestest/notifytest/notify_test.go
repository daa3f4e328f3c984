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

// announcing is a database, a listener, and its owner with psql.
type announcing struct {
	url   string
	db    *postgres.DB
	owner *sql.DB

	mu    sync.Mutex
	heard []ports.ChangeNotification
}

func newAnnouncing(t *testing.T, change func(*postgres.Options)) *announcing {
	t.Helper()
	a := &announcing{url: fixture.MigratedURL(t, true)}
	o := fixture.Options(a.url, true)
	if change != nil {
		change(&o)
	}
	a.db, a.owner = fixture.Open(t, o), fixture.Superuser(t, a.url)
	a.db.Services().ChangeNotifier.Subscribe(func(what ports.ChangeNotification) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.heard = append(a.heard, what)
	})
	return a
}

// settle waits until the database is listened to, and all is heard.
func (a *announcing) settle(t *testing.T) {
	t.Helper()
	require.EventuallyWithT(t, func(c *assert.CollectT) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		assert.NoError(c, a.db.Services().ChangeNotifier.Flush(ctx))
	}, 30*time.Second, 10*time.Millisecond)
}

// hears answers what is heard of some SQL of the owner's.
func (a *announcing) hears(t *testing.T, statements string) []ports.ChangeNotification {
	t.Helper()
	a.settle(t)
	a.mu.Lock()
	a.heard = nil
	a.mu.Unlock()
	_, err := a.owner.ExecContext(t.Context(), statements)
	require.NoError(t, err)
	a.settle(t)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.heard
}

const (
	someTenant = "01900000-0000-7000-8000-0000000000a1"
	someKey    = "01900000-0000-7000-8000-0000000000b1"
	someUser   = "01900000-0000-7000-8000-0000000000c1"
)

// people is one of each.
const people = `
INSERT INTO bailiwick.tenants (id, slug, name) VALUES ('` + someTenant + `', 'some', 'Some');
INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash) VALUES ('` + someTenant + `', '` + someKey + `', 'k', 'viewer', decode(repeat('ab', 32), 'hex'));
INSERT INTO bailiwick.users (id, email, name) VALUES ('` + someUser + `', 'ada@example.com', 'Ada');`

func an(kind ports.ChangeKind, id string) ports.ChangeNotification {
	parsed, err := tenancy.ParseID(id)
	if err != nil {
		panic(err)
	}
	return ports.ChangeNotification{Kind: kind, ID: parsed}
}

// TestWhatIsWrittenWithPsqlIsHeard goes by the database alone: whoever writes, it
// is announced once it is committed.
func TestWhatIsWrittenWithPsqlIsHeard(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t, nil)
	tenant, key, user := an(ports.TenantChanged, someTenant), an(ports.KeyChanged, someKey),
		an(ports.UserChanged, someUser)
	anything := ports.ChangeNotification{Kind: ports.AnythingChanged}
	const ofKey, ofTenant = " WHERE id = '" + someKey + "'", " WHERE id = '" + someTenant + "'"
	for _, c := range []struct {
		name, statements string
		want             []ports.ChangeNotification
	}{
		{"a new tenant, a new key and a new person", people, []ports.ChangeNotification{tenant}},
		{"a tenant's slug", "UPDATE bailiwick.tenants SET slug = 'renamed'" + ofTenant,
			[]ports.ChangeNotification{tenant}},
		{"a tenant's state", "UPDATE bailiwick.tenants SET state = 'suspended'" + ofTenant,
			[]ports.ChangeNotification{tenant}},
		{"nothing of a tenant", "UPDATE bailiwick.tenants SET state = state" + ofTenant, nil},
		{"a key's role", "UPDATE bailiwick.api_keys SET role = 'admin'" + ofKey,
			[]ports.ChangeNotification{key}},
		{"a key's end", "UPDATE bailiwick.api_keys SET expires_at = now()" + ofKey,
			[]ports.ChangeNotification{key}},
		{"a key's use", "UPDATE bailiwick.api_keys SET last_used_at = now()" + ofKey, nil},
		{"a key's use, as it is noted",
			"SELECT FROM bailiwick.find_key(decode(repeat('ab', 32), 'hex'))", nil},
		{"a place in a tenant", "INSERT INTO bailiwick.members (tenant_id, user_id, role) VALUES ('" + someTenant + "', '" + someUser + "', 'admin')", []ports.ChangeNotification{user}},
		{"a member's role", "UPDATE bailiwick.members SET role = 'viewer' WHERE user_id = '" +
			someUser + "'", []ports.ChangeNotification{user}},
		{"a member who leaves", "DELETE FROM bailiwick.members WHERE user_id = '" + someUser + "'",
			[]ports.ChangeNotification{user}},
		{"a person's rights", "UPDATE bailiwick.users SET super_admin = true WHERE id = '" +
			someUser + "'", []ports.ChangeNotification{user}},
		{"a person who is removed", "DELETE FROM bailiwick.users WHERE id = '" + someUser + "'",
			[]ports.ChangeNotification{user}},
		{"what is rolled back", "BEGIN; UPDATE bailiwick.api_keys SET role = 'viewer'; ROLLBACK",
			nil},
		{"what is rolled back to a savepoint",
			"BEGIN; SAVEPOINT s; UPDATE bailiwick.api_keys" +
				" SET role = 'viewer'; ROLLBACK TO s; COMMIT", nil},
		{"a key that is revoked", "DELETE FROM bailiwick.api_keys" + ofKey,
			[]ports.ChangeNotification{key}},
		{"a tenant that is purged", "DELETE FROM bailiwick.tenants" + ofTenant,
			[]ports.ChangeNotification{tenant}},
		{"a great many keys that are made",
			`INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash)
			SELECT t.id, gen_random_uuid(), n::text, 'viewer', sha256(n::text::bytea) FROM bailiwick.tenants t, generate_series(1, 5000) n WHERE t.slug = 'default'`, nil},
		{"a great many at once", "UPDATE bailiwick.api_keys SET role = 'editor'",
			[]ports.ChangeNotification{anything}},
		{"all keys", "TRUNCATE bailiwick.api_keys", []ports.ChangeNotification{anything}},
	} {
		assert.Equal(t, c.want, a.hears(t, c.statements), c.name)
	}
}

// TestWhoListensWithoutTheKeyHearsNoise is what SQL that was injected as the
// application's role may do: any role may listen.
func TestWhoListensWithoutTheKeyHearsNoise(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t, nil)
	_, err := a.owner.ExecContext(t.Context(), people)
	require.NoError(t, err)
	stranger := pgdriver.NewListener(bun.NewDB(fixture.Superuser(t, fixture.AppURL(t, a.url)), pgdialect.New()))
	t.Cleanup(func() { require.NoError(t, stranger.Close()) })
	require.NoError(t, stranger.Listen(t.Context(), "bailiwick"))

	seen := map[string]bool{}
	for n := range 20 {
		_, err := a.owner.ExecContext(t.Context(), fmt.Sprintf(`
			UPDATE bailiwick.api_keys SET name = 'k%d' WHERE id = '%s'; UPDATE bailiwick.tenants SET name = 'n%d' WHERE id = '%s'`, n, someKey, n, someTenant))
		require.NoError(t, err)
		for range 2 {
			_, payload, err := stranger.ReceiveTimeout(t.Context(), 10*time.Second)
			require.NoError(t, err)
			assert.Len(t, payload, 66, "all kinds are as long")
			for _, id := range []string{someKey, someTenant} {
				bare := strings.ReplaceAll(id, "-", "")
				assert.NotContains(t, payload, bare[len(bare)-8:])
			}
			assert.False(t, seen[payload[32:]], "two announcements look the same")
			seen[payload[32:]] = true
		}
	}
	app := fixture.Superuser(t, fixture.AppURL(t, a.url))
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

// TestForgedAnnouncementsChangeNothing: what is no announcement is passed over,
// and the connection goes on.
func TestForgedAnnouncementsChangeNothing(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t, nil)
	_, err := a.owner.ExecContext(t.Context(), people)
	require.NoError(t, err)
	app := fixture.Superuser(t, fixture.AppURL(t, a.url))
	a.settle(t)
	for _, payload := range []string{"", "x", "*", strings.Repeat("0", 66), strings.Repeat("z", 66),
		strings.Repeat("ab", 32), strings.Repeat("f", 7999), "k" + someKey, "\t\n'"} {
		_, err := app.ExecContext(t.Context(), "SELECT pg_notify('bailiwick', '"+
			strings.ReplaceAll(payload, "'", "''")+"')")
		require.NoError(t, err)
	}
	want := an(ports.KeyChanged, someKey)
	assert.Contains(t, a.hears(t, "UPDATE bailiwick.api_keys SET role = 'admin' WHERE id = '"+
		someKey+"'"), want)
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, what := range a.heard {
		assert.Equal(t, want, what, "a forgery was believed")
	}
}

const killListeners = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity" +
	" WHERE datname = current_database() AND application_name = 'bailiwick-listen'"

func TestAListenerThatIsKilledListensAgainAndMistrustsWhatItKnew(t *testing.T) {
	t.Parallel()
	a := newAnnouncing(t, nil)
	for range 5 {
		heard := a.hears(t, killListeners+"; SELECT pg_sleep(0.1)")
		assert.Contains(t, heard, ports.ChangeNotification{Kind: ports.AnythingChanged})
	}
	_, err := a.owner.ExecContext(t.Context(), people)
	require.NoError(t, err)
	assert.Equal(t, []ports.ChangeNotification{an(ports.KeyChanged, someKey)},
		a.hears(t, "DELETE FROM bailiwick.api_keys"))
}

// TestASilentNetworkIsNotTakenForNoNews cuts a connection in the way that nobody
// is told of.
func TestASilentNetworkIsNotTakenForNoNews(t *testing.T) {
	t.Parallel()
	var network *mutable
	a := newAnnouncing(t, func(o *postgres.Options) {
		network = startMutable(t, o.URL)
		o.ListenURL = network.through(t, fixture.SystemURL(t, o.URL))
	})
	current := a.db.Services().ChangeNotifier.Healthy
	a.settle(t)
	require.Eventually(t, current, 10*time.Second, time.Millisecond)

	network.mute.Store(true)
	muted := time.Now()
	for current() {
		require.Less(t, time.Since(muted), 5*time.Second)
		time.Sleep(time.Millisecond)
	}
	assert.Less(t, time.Since(muted), time.Second, "how long silence is taken for no news")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	assert.Equal(t, tenancy.CodeUnavailable,
		tenancy.CodeOf(a.db.Services().ChangeNotifier.Flush(ctx)))

	network.mute.Store(false)
	network.cut() // what was swallowed doesn't come back
	a.settle(t)
	require.Eventually(t, current, 10*time.Second, time.Millisecond)
}

func TestThroughAPoolerNothingIsListenedTo(t *testing.T) {
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

// mutable is a network between the listener and the server that can swallow all
// that it carries.
type mutable struct {
	addr string
	mute atomic.Bool

	mu   sync.Mutex
	open []net.Conn
}

func startMutable(t *testing.T, databaseURL string) *mutable {
	t.Helper()
	server, err := url.Parse(databaseURL)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	m := &mutable{addr: listener.Addr().String()}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			behind, err := net.Dial("tcp", server.Host)
			if err != nil {
				_ = client.Close()
				continue
			}
			m.mu.Lock()
			m.open = append(m.open, client, behind)
			m.mu.Unlock()
			running.Go(func() { m.carry(behind, client) })
			running.Go(func() { m.carry(client, behind) })
		}
	})
	t.Cleanup(func() { _ = listener.Close(); m.cut(); running.Wait() })
	return m
}

func (m *mutable) carry(to io.WriteCloser, from io.Reader) {
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

func (m *mutable) cut() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.open {
		_ = c.Close()
	}
	m.open = nil
}

func (m *mutable) through(t *testing.T, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	u.Host = m.addr
	return u.String()
}
