package main

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

// boundary stands between a registry and its database, and sees each statement
// before the database does, but for the signs of life of the connection that
// listens: those come at any time, and change nothing.
type boundary struct {
	url string // by way of it

	mu   sync.Mutex
	left int // statements until struck; 0: none
	// what is done there, with the server's process that the statement is for; it isn't sent on if this answers an error
	strike func(backend int) error
}

// newBoundary relays to the server of a database's URL.
func newBoundary(t *testing.T, databaseURL string) *boundary {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	target := parsed.Host
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	parsed.Host = listener.Addr().String()
	b := &boundary{url: parsed.String()}
	var running sync.WaitGroup
	t.Cleanup(func() {
		_ = listener.Close() // which ends the loop below
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

// relay carries until either side has ended.
func (b *boundary) relay(client net.Conn, target string) {
	defer client.Close()
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer server.Close()
	var answers sync.WaitGroup
	pid := &backendPID{}
	answers.Go(func() {
		_, _ = io.Copy(client, io.TeeReader(server, pid)) // either side may end at any moment
		_ = client.Close()
	})
	b.carry(client, server, pid)
	_ = server.Close()
	answers.Wait()
}

// carry takes the frontend's messages one by one: the first has a length alone,
// all others a type before it (PostgreSQL manual, 55.7).
func (b *boundary) carry(client, server net.Conn, pid *backendPID) {
	for head := 4; ; head = 5 {
		message := make([]byte, head)
		if _, err := io.ReadFull(client, message); err != nil {
			return
		}
		rest := make([]byte, binary.BigEndian.Uint32(message[head-4:])-4)
		if _, err := io.ReadFull(client, rest); err != nil {
			return
		}
		if head == 5 && message[0] == 'Q' && !signOfLife(rest) && b.passes(pid) != nil {
			return
		}
		if _, err := server.Write(append(message, rest...)); err != nil {
			return
		}
	}
}

func signOfLife(statement []byte) bool {
	return bytes.Equal(statement, []byte{0}) || bytes.HasPrefix(statement, []byte("LISTEN "))
}

func (b *boundary) passes(pid *backendPID) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left == 0 {
		return nil
	}
	if b.left--; b.left > 0 {
		return nil
	}
	return b.strike(int(pid.known.Load()))
}

// strikeAt arms the boundary: do happens before the n-th statement from now on.
func (b *boundary) strikeAt(n int, do func(backend int) error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.strike = n, do
}

// disarm reports whether it has struck.
func (b *boundary) disarm() (struck bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	struck = b.left == 0
	b.left = 0
	return struck
}

// backendPID reads along while a session begins, for the number of the server's
// process (BackendKeyData).
type backendPID struct {
	known atomic.Int64
	seen  []byte
}

func (p *backendPID) Write(b []byte) (int, error) {
	if p.known.Load() != 0 {
		return len(b), nil
	}
	p.seen = append(p.seen, b...)
	for len(p.seen) >= 5 {
		length := 1 + int(binary.BigEndian.Uint32(p.seen[1:]))
		if len(p.seen) < length {
			break
		}
		if p.seen[0] == 'K' {
			p.known.Store(int64(binary.BigEndian.Uint32(p.seen[5:])))
			break
		}
		p.seen = p.seen[length:]
	}
	return len(b), nil
}
