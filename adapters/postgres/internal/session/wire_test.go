package session_test

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

// connectorOf is one of another role, whose password is its name.
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

// withTLS turns the server's TLS on, and answers whom to trust.
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

func TestASessionIsEncryptedWhereItIsToBe(t *testing.T) {
	t.Parallel()
	root := withTLS(t)
	const encrypted = "SELECT ssl::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
	require.Equal(t, "true",
		ask(t, inTenant(t), pool(t, session.Config{}, trusting(root)), encrypted))
	require.Equal(t, "false", ask(t, inTenant(t), pool(t, session.Config{}), encrypted))

	err := pool(t, session.Config{}, trusting(x509.NewCertPool())).PingContext(t.Context())
	_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
	require.True(t, unknown, "%v", err)
	err = pool(t, session.Config{},
		pgdriver.WithTLSConfig(&tls.Config{RootCAs: root, ServerName: "db.example"})).
		PingContext(t.Context())
	_, foreign := errors.AsType[x509.HostnameError](err)
	require.True(t, foreign, "%v", err)
}

// heard is what a connector's connections sent first.
type heard struct {
	mu    sync.Mutex
	hello [][]byte
}

func (h *heard) add(b []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.hello = append(h.hello, bytes.Clone(b))
}

func (h *heard) all() [][]byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.hello
}

// overheard is a connection to the server somebody listens to, and that reads
// byte by byte.
type overheard struct {
	net.Conn
	heard *heard
	once  sync.Once
}

func (o *overheard) Write(b []byte) (int, error) {
	o.once.Do(func() { o.heard.add(b) })
	return o.Conn.Write(b)
}

func (o *overheard) Read(b []byte) (int, error) { return iotest.OneByteReader(o.Conn).Read(b) }

func listening(h *heard) pgdriver.Option {
	return func(c *pgdriver.Config) {
		c.Dialer = func(ctx context.Context, network, addr string) (net.Conn, error) {
			opened, err := new(net.Dialer).DialContext(ctx, network, addr)
			return &overheard{Conn: opened, heard: h}, err
		}
	}
}

// The request travels as the session does: in the clear it would give the secret
// away that cancels the session's statements. The server's answers come in any
// pieces.
func TestACancelledStatementStopsOnTheServer(t *testing.T) {
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
			var h heard
			db, admin := pool(t, c.config, c.option, listening(&h)), superuser(t)
			db.SetMaxOpenConns(1)
			ctx, cancel := context.WithCancel(inTenant(t))
			mark := "'" + strings.ReplaceAll(name, " ", "_") + "'"
			var wg sync.WaitGroup
			wg.Go(func() {
				_, err := db.ExecContext(ctx, "SELECT pg_sleep(300), "+mark)
				assert.ErrorIs(t, err, context.Canceled)
			})
			eventually(t, func() bool { return running(t, admin, mark) == 1 },
				"the statement doesn't begin")
			cancel()
			wg.Wait()
			require.Zero(t, running(t, admin, mark), "who hears that it ended can rely on it")
			require.Len(t, h.all(), 2)
			for _, hello := range h.all() {
				require.Equal(t, c.secure, bytes.Equal(sslRequest, hello), "%x", hello)
			}
			require.Equal(t, "1", ask(t, inTenant(t), db, "SELECT 1"),
				"the pool has its place back")
		})
	}
}

// pretender is a server that answers the request for TLS, and hangs up.
func pretender(t *testing.T, answer string) string {
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
			_, _ = io.CopyN(io.Discard, c, 1) // its hello
			_ = c.Close()
		}
	})
	t.Cleanup(func() {
		require.NoError(t, l.Close())
		wg.Wait()
	})
	return l.Addr().String()
}

func TestTLSIsNotDoneWithout(t *testing.T) {
	t.Parallel()
	for answer, want := range map[string]string{
		"N":                            "has no TLS",
		"E":                            "has no TLS",
		"":                             "TLS",
		"SE\x00\x00\x00\x10SFATAL\x00": "TLS", // put behind it by somebody in between
	} {
		option := pgdriver.WithTLSConfig(&tls.Config{InsecureSkipVerify: true})
		c := pgdriver.NewConnector(pgdriver.WithDSN("postgres://u:p@"+pretender(t, answer)+"/d"),
			option)
		_, err := session.NewConnector(c,
			session.Config{Scope: tenancy.FromContext, Timeout: timeout}).Connect(t.Context())
		require.ErrorContains(t, err, want, "%q", answer)
	}
}
