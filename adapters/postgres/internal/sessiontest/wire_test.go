package sessiontest_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// connectorOf returns a connector of another role, whose password is its name.
func connectorOf(t testing.TB, role string) *pgdriver.Connector {
	t.Helper()
	parsed, err := url.Parse(serverURL(t))
	require.NoError(t, err)
	parsed.User = url.UserPassword(role, role)
	return pgdriver.NewConnector(pgdriver.WithDSN(parsed.String()))
}

var secured struct {
	once sync.Once
	root *x509.CertPool
}

// withTLS turns the server's TLS on and returns the pool that holds its root certificate.
func withTLS(t testing.TB) *x509.CertPool {
	t.Helper()
	secured.once.Do(func() {
		certificate, key := selfSigned(t)
		admin := superuser(t)
		for file, content := range map[string]string{"server.crt": certificate, "server.key": key} {
			_, err := admin.ExecContext(t.Context(),
				"COPY (SELECT unnest(string_to_array(trim($1), E'\n'))) TO PROGRAM 'umask 077;"+
					" cat > "+file+"'", content)
			require.NoError(t, err)
		}
		_, err := admin.ExecContext(t.Context(), "ALTER SYSTEM SET ssl = on")
		require.NoError(t, err)
		_, err = admin.ExecContext(t.Context(), "SELECT pg_reload_conf()")
		require.NoError(t, err)
		root := x509.NewCertPool()
		require.True(t, root.AppendCertsFromPEM([]byte(certificate)))
		secured.root = root
	})
	require.NotNil(t, secured.root)
	probe := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(serverURL(t)),
		pgdriver.WithTLSConfig(&tls.Config{RootCAs: secured.root, ServerName: "127.0.0.1"})))
	defer probe.Close()
	eventually(t, func() bool { return probe.PingContext(t.Context()) == nil },
		"the server has no TLS")
	return secured.root
}

func selfSigned(t testing.TB) (certificate, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().
				Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(private)
	require.NoError(t, err)
	encode := func(kind string, b []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}))
	}
	return encode("CERTIFICATE", der), encode("PRIVATE KEY", secret)
}

func trusting(root *x509.CertPool) pgdriver.Option {
	return pgdriver.WithTLSConfig(&tls.Config{RootCAs: root, ServerName: "127.0.0.1"})
}

func TestSessionIsEncryptedIfTheConnectorHasTLS(t *testing.T) {
	t.Parallel()
	root := withTLS(t)
	const encrypted = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
	require.Equal(t, "true",
		queryString(t, inTenant(t), pool(t, session.Config{}, trusting(root)), encrypted))
	require.Equal(t, "false", queryString(t, inTenant(t), pool(t, session.Config{}), encrypted))

	err := pool(t, session.Config{}, trusting(x509.NewCertPool())).PingContext(t.Context())
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	require.True(t, unknown, "%v", err)
	err = pool(t, session.Config{},
		pgdriver.WithTLSConfig(&tls.Config{RootCAs: root, ServerName: "db.example"})).
		PingContext(t.Context())
	_, foreign := errors.AsType[x509.HostnameError](err)
	require.True(t, foreign, "%v", err)
}

// firstWrites records the first bytes that each of a connector's connections sends.
type firstWrites struct {
	mu      sync.Mutex
	written [][]byte
}

func (f *firstWrites) add(b []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.written = append(f.written, bytes.Clone(b))
}

func (f *firstWrites) all() [][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.written
}

// recordingConn records its first write, and reads byte by byte.
type recordingConn struct {
	net.Conn
	writes *firstWrites
	once   sync.Once
}

func (c *recordingConn) Write(b []byte) (int, error) {
	c.once.Do(func() { c.writes.add(b) })
	return c.Conn.Write(b)
}

func (c *recordingConn) Read(b []byte) (int, error) { return iotest.OneByteReader(c.Conn).Read(b) }

func recording(f *firstWrites) pgdriver.Option {
	return func(c *pgdriver.Config) {
		c.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			opened, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &recordingConn{Conn: opened, writes: f}, err
		}
	}
}

// A CancelRequest is encrypted if the session is: in the clear it would show the secret that
// cancels the session's statements. The server's answers may arrive in pieces of any size.
func TestCancelledStatementStopsOnTheServer(t *testing.T) {
	t.Parallel()
	root := withTLS(t)
	sslRequest := []byte{0, 0, 0, 8, 4, 210, 22, 47}
	for name, c := range map[string]struct {
		option pgdriver.Option
		config session.Config
		secure bool
	}{
		"in the clear": {option: func(*pgdriver.Config) {}},
		"in TLS":       {option: trusting(root), secure: true},
		"in transaction": {option: trusting(root), secure: true,
			config: session.Config{Explicit: true}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var writes firstWrites
			db, admin := pool(t, c.config, c.option, recording(&writes)), superuser(t)
			db.SetMaxOpenConns(1)
			ctx, cancel := context.WithCancel(inTenant(t))
			mark := "'" + strings.ReplaceAll(name, " ", "_") + "'"
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := db.ExecContext(ctx, "SELECT pg_sleep(300), "+mark)
				assert.ErrorIs(t, err, context.Canceled)
			})
			eventually(t, func() bool { return running(t, admin, mark) == 1 },
				"the statement doesn't start")
			cancel()
			wg.Wait()
			require.Zero(t, running(t, admin, mark), "the statement still runs after its error")
			require.Len(t, writes.all(), 2)
			for _, first := range writes.all() {
				require.Equal(t, c.secure, bytes.Equal(sslRequest, first), "%x", first)
			}
			require.Equal(t, "1", queryString(t, inTenant(t), db, "SELECT 1"),
				"the connection is back in the pool")
		})
	}
}

// fakeServer is a server that answers the TLS request and hangs up.
func fakeServer(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.ReadFull(c, make([]byte, 8))
			_, _ = c.Write([]byte(answer))
			_, _ = io.CopyN(io.Discard, c, 1) // its ClientHello
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		wg.Wait()
	})
	return l.Addr().String()
}

func TestConnectFailsIfTheServerRefusesTLS(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"N":                            "has no TLS",
		"E":                            "has no TLS",
		"":                             "TLS",
		"SE\x00\x00\x00\x10SFATAL\x00": "TLS", // with bytes added by a man in the middle
	} {
		option := pgdriver.WithTLSConfig(&tls.Config{InsecureSkipVerify: true})
		c := pgdriver.NewConnector(pgdriver.WithDSN("postgres://u:p@"+fakeServer(t, answer)+"/d"),
			option)
		_, err := session.NewConnector(session.SingleOpener(c),
			session.Config{Scope: tenancy.FromContext, Timeout: timeout}).Connect(t.Context())
		require.ErrorContains(t, err, want, "%q", answer)
	}
}
