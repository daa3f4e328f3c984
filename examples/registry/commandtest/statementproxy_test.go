package commandtest

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// statementProxy is a proxy between a registry and its database that can intercept a
// statement. It doesn't count the keep-alives of the connection that listens, which
// come at any time and change nothing.
type statementProxy struct {
	url string // the database's URL through the proxy

	mu        sync.Mutex
	remaining int // statements up to the intercepted one, including it; 0: disarmed
	// intercept is called before the statement is sent, with the process id of the
	// server's session. If it returns an error, the connection is closed instead.
	intercept func(backend int) error
}

// newStatementProxy starts a proxy to the server of a database's URL.
func newStatementProxy(t *testing.T, databaseURL string) *statementProxy {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	target := parsed.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	parsed.Host = listener.Addr().String()
	b := &statementProxy{url: parsed.String()}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close() // ends the loop below
		running.Wait()
	})
	running.Go(func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { b.relay(client, target) })
		}
	})
	return b
}

// relay forwards in both directions until either side closes its connection.
func (b *statementProxy) relay(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var responses sync.WaitGroup
	pid := &backendPID{}
	responses.Go(func() {
		_, _ = io.Copy(client, io.TeeReader(server, pid)) // either side may end at any moment
		_ = client.Close()
	})
	b.forward(client, server, pid)
	_ = server.Close()
	responses.Wait()
}

// forward forwards the client's messages one by one. The first message starts with
// its length, all others with a type and their length (PostgreSQL manual, 55.7).
func (b *statementProxy) forward(client, server net.Conn, pid *backendPID) {
	for head := 4; ; head = 5 {
		message := make([]byte, head)
		if _, err := io.ReadFull(client, message); err != nil {
			return
		}
		rest := make([]byte, binary.BigEndian.Uint32(message[head-4:])-4)
		if _, err := io.ReadFull(client, rest); err != nil {
			return
		}
		if head == 5 && message[0] == 'Q' && !isKeepAlive(rest) && b.beforeStatement(pid) != nil {
			return
		}
		if _, err := server.Write(append(message, rest...)); err != nil {
			return
		}
	}
}

func isKeepAlive(statement []byte) bool {
	return bytes.Equal(statement, []byte{0}) || bytes.HasPrefix(statement, []byte("LISTEN "))
}

func (b *statementProxy) beforeStatement(pid *backendPID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.remaining == 0 {
		return nil
	}
	if b.remaining--; b.remaining > 0 {
		return nil
	}
	return b.intercept(int(pid.pid.Load()))
}

// interceptAt arms the proxy: it calls do before the n-th statement from now on.
func (b *statementProxy) interceptAt(n int, do func(backend int) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.remaining, b.intercept = n, do
}

// disarm disarms the proxy and reports whether it has intercepted a statement.
func (b *statementProxy) disarm() (intercepted bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	intercepted = b.remaining == 0
	b.remaining = 0
	return intercepted
}

// backendPID finds the process id of the server's session in the messages that start
// it (BackendKeyData).
type backendPID struct {
	pid      atomic.Int64
	received []byte
}

func (p *backendPID) Write(b []byte) (int, error) {
	if p.pid.Load() != 0 {
		return len(b), nil
	}
	p.received = append(p.received, b...)
	for len(p.received) >= 5 {
		length := 1 + int(binary.BigEndian.Uint32(p.received[1:]))
		if len(p.received) < length {
			break
		}
		if p.received[0] == 'K' {
			p.pid.Store(int64(binary.BigEndian.Uint32(p.received[5:])))
			break
		}
		p.received = p.received[length:]
	}
	return len(b), nil
}
