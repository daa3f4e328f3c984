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
	startupTimeout = 30 * time.Second // for a session to begin, authentication included
	cancelTimeout  = 2 * time.Second  // for a CancelRequest to be taken
)

// wrapDialer makes a connector's connections ones whose statements can be stopped
// and have deadlines of their own. TLS is negotiated here, below pgdriver, so
// that what it reads can be read along, and CancelRequests travel as the session
// does.
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

// encrypt asks for TLS. The answer is one byte, read by itself: what somebody in
// between put behind it must not be taken for the server's (CVE-2021-23222).
func encrypt(
	ctx context.Context, opened net.Conn, conf *tls.Config, patience time.Duration,
) (net.Conn, error) {
	_ = opened.SetDeadline(time.Now().Add(patience))
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequest)
	var answer [1]byte
	_, err := opened.Write(request)
	if err == nil {
		_, err = opened.Read(answer[:])
	}
	if err == nil && answer[0] != 'S' {
		err = errors.New("the server has no TLS: it needs some, or the URL sslmode=disable")
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

// wire is the network's side of a session.
type wire struct {
	net.Conn
	redial  func(context.Context) (net.Conn, error) // opens another connection to the same server
	startup startup
	// when to stop waiting for the server, in Unix nanoseconds; 0 leaves it to pgdriver
	until atomic.Int64
}

// wireOf is what is below a connection of a connector that was wired up.
func wireOf(c *pgdriver.Conn) *wire { return c.Conn().(*wire) }

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if !w.startup.done {
		w.startup.read(b[:n])
	}
	return n, err
}

// setLimit bounds how long anything may be waited for, from now on.
func (w *wire) setLimit(patience time.Duration) {
	until := time.Now().Add(patience)
	w.until.Store(until.UnixNano())
	_ = w.Conn.SetReadDeadline(until)
}

// SetReadDeadline is called by pgdriver before each read. The limit stands.
func (w *wire) SetReadDeadline(t time.Time) error {
	if ends := w.until.Load(); ends != 0 {
		if until := time.Unix(0, ends); t.IsZero() || until.Before(t) {
			t = until
		}
	}
	return w.Conn.SetReadDeadline(t)
}

// cancel asks the server to stop the statement under way, and waits until it was
// told: the end of the connection says so.
func (w *wire) cancel() {
	if !w.startup.done {
		return
	}
	w.setLimit(cancelTimeout)
	ctx, done := context.WithTimeout(context.Background(), cancelTimeout)
	defer done()
	other, err := w.redial(ctx)
	if err != nil {
		return // the limit ends the wait then, and the connection with it
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

// startup reads along while a session begins, up to ReadyForQuery, for the key
// that cancels its statements (BackendKeyData).
type startup struct {
	seen      []byte
	cancelKey []byte // process id and secret
	done      bool
}

func (h *startup) read(b []byte) {
	const head = 1 + 4 // a type, and the length of what follows it
	h.seen = append(h.seen, b...)
	for len(h.seen) >= head {
		length := 1 + int(binary.BigEndian.Uint32(h.seen[1:]))
		if len(h.seen) < length || length < head {
			return
		}
		kind, body := h.seen[0], h.seen[head:length]
		h.seen = h.seen[length:]
		switch kind {
		case 'K':
			h.cancelKey = append([]byte(nil), body...)
		case 'Z':
			h.done, h.seen = true, nil
			return
		}
	}
}
