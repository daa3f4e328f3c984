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

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/connstring"
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
func wrapDialer(inner *pgdriver.Connector, encryption connstring.Encryption, settings []string) {
	conf := inner.Config()
	dial := conf.Dialer
	open := func(ctx context.Context) (net.Conn, error) {
		opened, err := dial(ctx, conf.Network, conf.Addr)
		if err != nil || encryption.TLS == nil {
			return opened, err
		}
		return encrypt(ctx, opened, encryption, conf.DialTimeout)
	}
	conf.TLSConfig = nil
	conf.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) {
		opened, err := open(ctx)
		if err != nil {
			return nil, err
		}
		w := &wire{Conn: opened, redial: open, settings: settings}
		w.setLimit(startupTimeout)
		return w, nil
	}
}

// tlsError is the error of a connection that could not be encrypted.
type tlsError struct{ cause error }

func (e *tlsError) Error() string { return "postgres: TLS: " + e.cause.Error() }
func (e *tlsError) Unwrap() error { return e.cause }

var errNoTLS = errors.New("the server has no TLS: turn TLS on there, or put sslmode=disable in" +
	" the URL")

// encrypt begins TLS. If that fails, it closes the connection.
func encrypt(
	ctx context.Context, opened net.Conn, e connstring.Encryption, timeout time.Duration,
) (net.Conn, error) {
	if timeout > 0 {
		_ = opened.SetDeadline(time.Now().Add(timeout))
	}
	var err error
	if !e.Direct {
		err = requestTLS(opened)
	}
	if e.Optional && errors.Is(err, errNoTLS) {
		return opened, opened.SetDeadline(time.Time{})
	}
	secured := tls.Client(opened, e.TLS)
	if err == nil {
		err = secured.HandshakeContext(ctx)
	}
	if err != nil {
		_ = opened.Close()
		return nil, &tlsError{err}
	}
	return secured, opened.SetDeadline(time.Time{})
}

// requestTLS asks for TLS. It reads exactly one byte, the answer: unencrypted bytes that a man
// in the middle sent after it must not be taken for the server's (CVE-2021-23222).
func requestTLS(opened net.Conn) error {
	request := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 8), sslRequest)
	if _, err := opened.Write(request); err != nil {
		return err
	}
	var answer [1]byte
	if _, err := opened.Read(answer[:]); err != nil {
		return err
	}
	switch answer[0] {
	case 'S':
		return nil
	case 'N':
		return errNoTLS
	}
	// no errNoTLS: the rest of its answer follows, so this connection can't be used without TLS
	return fmt.Errorf("it answered neither yes nor no: %v", errNoTLS)
}

// wire is a session's network connection.
type wire struct {
	net.Conn
	redial   func(context.Context) (net.Conn, error) // opens another connection to the same server
	startup  startup
	settings []string // names and values for the startup message
	started  bool     // the startup message was sent

	// firstAnswer is the kind of the server's first message since the last write; 0: nothing was
	// read since.
	firstAnswer byte

	// pooledPins are statements that pin settings for one transaction; see [wire.pin].
	pooledPins string
	pinsModes  bool // pooledPins set the isolation or the mode of a transaction

	// when reads end at the latest, in Unix nanoseconds; 0: as pgdriver says
	until atomic.Int64
}

// wireOf returns the wire of a connection whose connector went through wrapDialer.
func wireOf(c *pgdriver.Conn) *wire { return c.Conn().(*wire) }

func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	if n > 0 && w.firstAnswer == 0 {
		w.firstAnswer = b[0]
	}
	if !w.startup.done {
		w.startup.read(b[:n])
	}
	return n, err
}

// Write adds to the startup message, the first that pgdriver writes, what pgdriver leaves out.
func (w *wire) Write(b []byte) (int, error) {
	w.firstAnswer = 0
	if w.started {
		return w.Conn.Write(b)
	}
	w.started = true
	if _, err := w.Conn.Write(addStartup(b, w.settings)); err != nil {
		return 0, err
	}
	return len(b), nil
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
