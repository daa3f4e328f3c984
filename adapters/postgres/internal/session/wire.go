package session

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// Requests that a client sends instead of a startup message (PostgreSQL manual,
// "Message Formats").
const (
	sslRequest    = 80877103
	cancelRequest = 80877102
)

const (
	startupTimeout = 30 * time.Second // from connecting to ReadyForQuery, including authentication
	cancelTimeout  = 2 * time.Second  // for a CancelRequest
)

// wrapDialer makes a connector open its connections as a [wire], whose statements can be
// cancelled and have a deadline each. TLS is negotiated here, below pgdriver: so the wire can
// read the startup messages, and a CancelRequest is encrypted if the session is.
func wrapDialer(inner *pgdriver.Connector) {
	conf := inner.Config()
	dial, secure := conf.Dialer, conf.TLSConfig
	open := func(ctx context.Context) (net.Conn, error) {
		opened, err := dial(ctx, conf.Network, conf.Addr)
		if err != nil || secure == nil {
			return opened, err
		}
		return encrypt(ctx, opened, secure, conf.DialTimeout)
	}
	conf.TLSConfig = nil
	conf.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		opened, err := open(ctx)
		if err != nil {
			return nil, err
		}
		w := &wire{Conn: opened, redial: open}
		w.setLimit(startupTimeout)
		return w, nil
	}
}

// encrypt requests TLS. It reads exactly one byte, the answer: unencrypted bytes that a man in
// the middle sent after it must not be taken for the server's (CVE-2021-23222).
func encrypt(
	ctx context.Context, opened net.Conn, conf *tls.Config, timeout time.Duration,
) (net.Conn, error) {
	_ = opened.SetDeadline(time.Now().Add(timeout))
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequest)
	var answer [1]byte
	_, err := opened.Write(request)
	if err == nil {
		_, err = opened.Read(answer[:])
	}
	if err == nil && answer[0] != 'S' {
		err = errors.New("the server has no TLS: turn TLS on there, or put sslmode=disable in the" +
			" URL")
	}
	secured := tls.Client(opened, conf)
	if err == nil {
		err = secured.HandshakeContext(ctx)
	}
	if err != nil {
		_ = opened.Close()
		return nil, fmt.Errorf("postgres: TLS: %w", err)
	}
	return secured, opened.SetDeadline(time.Time{})
}

// wire is a session's network connection.
type wire struct {
	net.Conn
	redial  func(context.Context) (net.Conn, error) // opens another connection to the same server
	startup startup
	// when reads end at the latest, in Unix nanoseconds; 0: as pgdriver says
	until atomic.Int64
}

// wireOf returns the wire of a connection whose connector went through wrapDialer.
func wireOf(c *pgdriver.Conn) *wire { return c.Conn().(*wire) }

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if !w.startup.done {
		w.startup.read(b[:n])
	}
	return n, err
}

// setLimit limits all reads to the given time from now.
func (w *wire) setLimit(limit time.Duration) {
	until := time.Now().Add(limit)
	w.until.Store(until.UnixNano())
	_ = w.Conn.SetReadDeadline(until)
}

// SetReadDeadline sets t or the wire's limit, whichever is earlier. pgdriver calls it before
// each read.
func (w *wire) SetReadDeadline(t time.Time) error {
	if ends := w.until.Load(); ends != 0 {
		if until := time.Unix(0, ends); t.IsZero() || until.Before(t) {
			t = until
		}
	}
	return w.Conn.SetReadDeadline(t)
}

// cancel sends a CancelRequest for the running statement on a second connection. It waits
// until the server closes that connection, which means that the request was processed.
func (w *wire) cancel() {
	if !w.startup.done {
		return
	}
	w.setLimit(cancelTimeout)
	ctx, done := context.WithTimeout(context.Background(), cancelTimeout)
	defer done()
	other, err := w.redial(ctx)
	if err != nil {
		return // the limit then ends the read, and finish closes the connection
	}
	defer other.Close()
	_ = other.SetDeadline(time.Now().Add(cancelTimeout))
	request := binary.BigEndian.AppendUint32(nil, uint32(8+len(w.startup.cancelKey)))
	request = binary.BigEndian.AppendUint32(request, cancelRequest)
	if _, err := other.Write(append(request, w.startup.cancelKey...)); err == nil {
		var end [1]byte
		_, _ = other.Read(end[:])
	}
}

// startup parses the server's messages while a session starts, up to ReadyForQuery, for the
// key that cancels its statements (BackendKeyData).
type startup struct {
	seen      []byte
	cancelKey []byte // process id and secret
	done      bool
}

func (s *startup) read(b []byte) {
	const head = 1 + 4 // the type, and the length (of itself and the body)
	s.seen = append(s.seen, b...)
	for len(s.seen) >= head {
		length := 1 + int(binary.BigEndian.Uint32(s.seen[1:]))
		if len(s.seen) < length || length < head {
			return
		}
		kind, body := s.seen[0], s.seen[head:length]
		s.seen = s.seen[length:]
		switch kind {
		case 'K':
			s.cancelKey = append([]byte(nil), body...)
		case 'Z':
			s.done, s.seen = true, nil
			return
		}
	}
}
