package settingstest

import (
	"context"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const terminateOthers = `SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
	WHERE datname = current_database() AND pid <> pg_backend_pid()`

func TestLostIdleConnectionIsNoCallersError(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	admin := fixture.Superuser(t, databaseURL)
	db := fixture.Open(t, fixture.Options(databaseURL, true))
	fixture.PutWidget(t, db, tenancy.DefaultID, "w", "first")
	for range 3 {
		fixture.Exec(t, admin, terminateOthers)
		fixture.PutWidget(t, db, tenancy.DefaultID, "w", "again")
		_, err := db.Tenants().Get(t.Context(), tenancy.DefaultID)
		require.NoError(t, err)
		_, err = db.Services().Resources.Get(t.Context(), tenancy.DefaultID,
			federation.Ref{Kind: "widget", Name: "w"})
		require.NoError(t, err)
	}
}

func TestTransactionLostBeforeItsCommitIsRepeatedOnce(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	admin := fixture.Superuser(t, databaseURL)
	o := fixture.Options(databaseURL, true)
	var ended atomic.Int32
	o.QueryHooks = []bun.QueryHook{afterInsert(func() {
		if ended.Add(1) == 1 {
			fixture.Exec(t, admin, terminateOthers)
		}
	})}
	db := fixture.Open(t, o)
	fixture.PutWidget(t, db, tenancy.DefaultID, "w", "once")
	require.GreaterOrEqual(t, ended.Load(), int32(2), "the transaction was repeated")
}

// afterInsert is a hook that is called after each INSERT of a widget.
type afterInsert func()

func (afterInsert) BeforeQuery(ctx context.Context, _ *bun.QueryEvent) context.Context { return ctx }

func (f afterInsert) AfterQuery(_ context.Context, e *bun.QueryEvent) {
	if e.Err == nil && strings.Contains(e.Query, "INSERT INTO") &&
		strings.Contains(e.Query, "widgets") {
		f()
	}
}

func TestDatabaseThatIsDownIsWaitedFor(t *testing.T) {
	t.Parallel()
	for name, prefix := range map[string]string{
		"roles with chosen names": fixture.RolePrefix, "roles named after the database": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireWaited(t, prefix)
		})
	}
}

// requireWaited requires that a database is opened which answers only after a while.
func requireWaited(t *testing.T, rolePrefix string) {
	t.Helper()
	databaseURL := fixture.MigratedURL(t, true)
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	server := u.Host
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	u.Host = l.Addr().String()
	require.NoError(t, l.Close()) // nothing listens there now

	o := fixture.Options(u.String(), true)
	o.RolePrefix, o.StartWait = rolePrefix, -1
	_, err = postgres.Open(t.Context(), o)
	require.ErrorIs(t, err, tenancy.Errorf(tenancy.CodeUnavailable, ""))

	o.StartWait = time.Minute
	opened := make(chan error, 1)
	go func() {
		db, err := postgres.Open(t.Context(), o)
		if err == nil {
			err = db.Close()
		}
		opened <- err
	}()
	again, err := net.Listen("tcp", u.Host)
	require.NoError(t, err)
	t.Cleanup(func() { _ = again.Close() })
	go forward(again, server)
	require.NoError(t, <-opened)
}

// forward copies each connection of l to a server and back.
func forward(l net.Listener, server string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer client.Close()
			to, err := net.Dial("tcp", server)
			if err != nil {
				return
			}
			defer to.Close()
			go func() { _, _ = io.Copy(to, client); _ = to.Close() }()
			_, _ = io.Copy(client, to)
		}()
	}
}

func TestOpenTriesTheHostsOfAURLInOrder(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	password, _ := u.User.Password()
	name := databaseOf(t, databaseURL)
	host, port := u.Hostname(), u.Port()
	for _, text := range []string{
		"postgres://" + u.User.String() + "@127.0.0.1:1," + host + ":" + port + "/" + name +
			"?target_session_attrs=read-write",
		"postgresql://" + u.User.String() + "@" + host + ":" + port + "/" + name +
			"?channel_binding=prefer&gssencmode=disable&keepalives=1&sslmode=prefer" +
			"&target_session_attrs=primary&application_name=mine&connect_timeout=10" +
			"&options=-c%20geqo%3Doff",
		"postgres://" + u.User.String() + "@" + host + ":" + port + "/" + name + "?sslmode=allow",
		"host=" + host + " port=" + port + " user='" + u.User.Username() + "' password='" +
			password + "' dbname=" + name,
	} {
		db := fixture.Open(t, fixture.Options(text, true))
		fixture.PutWidget(t, db, tenancy.DefaultID, "w", "x")
	}
	o := fixture.Options(databaseURL+"&target_session_attrs=standby", true)
	o.StartWait = -1
	_, err = postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "target_session_attrs")
	require.NotContains(t, err.Error(), password)
}
