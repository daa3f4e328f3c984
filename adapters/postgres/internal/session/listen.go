package session

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/uptrace/bun/driver/pgdriver"
)

// ErrPooled means that a pooler stands before the server, which gives each
// transaction another session: to listen through it hears nothing, and what is
// heard breaks in upon others.
var ErrPooled = errors.New("a connection pooler stands before the server")

var errListenerEnded = errors.New("the connection that listens has ended")

const (
	listenTimeout = 10 * time.Second // for LISTEN to be done
	// without a word, and what was asked unanswered, the server is gone
	maxSilence = 2 * time.Second
	maxMessage = 64 << 10 // bytes; a notification has 8,000 at most
)

// Listener is a session of its own that hears what is notified on one channel.
// pgdriver has begun it; from then on nobody but this speaks to the server, since
// pgdriver takes a notification in an answer for an error.
type Listener struct {
	conn *pgdriver.Conn
	wire *wire
	in   *bufio.Reader
	done chan struct{} // closed when Receive has returned

	mu      sync.Mutex // guards writing, so that echoes come in the order of asked
	pending []echo
}

// echo is a question whose answer shows what has been heard by then.
type echo struct {
	sentAt time.Time
	done   chan struct{}
}

// Listen begins a session that listens. [ErrPooled] if it wouldn't hear anything.
func Listen(ctx context.Context, c *RawConnector, channel string) (*Listener, error) {
	opened, err := c.Connect(ctx)
	if err != nil {
		return nil, err
	}
	conn := opened.(*pgdriver.Conn)
	l := &Listener{conn: conn, wire: wireOf(conn), done: make(chan struct{})}
	l.in = bufio.NewReader(l.wire)
	if err := l.begin(ctx, channel); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return l, nil
}

func (l *Listener) begin(ctx context.Context, channel string) error {
	unwatch := context.AfterFunc(ctx, func() { _ = l.wire.Close() })
	defer unwatch()
	_ = l.wire.Conn.SetDeadline(time.Now().Add(listenTimeout))
	pid, err := l.queryValue("SELECT pg_backend_pid()")
	if err != nil {
		return err
	}
	if len(l.wire.startup.cancelKey) < 4 ||
		pid != strconv.Itoa(int(binary.BigEndian.Uint32(l.wire.startup.cancelKey))) {
		return ErrPooled
	}
	if _, err = l.queryValue("LISTEN " + channel); err != nil {
		return err
	}
	return l.wire.Conn.SetDeadline(time.Time{})
}

// queryValue answers the first column of the last row.
func (l *Listener) queryValue(query string) (value string, err error) {
	if err := l.send(query); err != nil {
		return "", err
	}
	for {
		kind, body, err := l.readMessage()
		switch {
		case err != nil:
			return "", err
		case kind == 'E':
			return "", fmt.Errorf("postgres: %s: %s", query, errorMessage(body))
		case kind == 'D' && len(body) > 6:
			value = string(body[6:]) // behind the number of columns and the length of the one
		case kind == 'Z':
			return value, nil
		}
	}
}

// errorMessage is the message of an ErrorResponse.
func errorMessage(body []byte) string {
	for len(body) > 1 {
		field, rest, found := cutCString(body[1:])
		if body[0] == 'M' || !found {
			return field
		}
		body = rest
	}
	return "refused"
}

// cutCString takes a text that ends with a zero byte off the front of b.
func cutCString(b []byte) (text string, rest []byte, found bool) {
	for i, c := range b {
		if c == 0 {
			return string(b[:i]), b[i+1:], true
		}
	}
	return string(b), nil, false
}

// send sends a simple query.
func (l *Listener) send(query string) error {
	message := binary.BigEndian.AppendUint32([]byte{'Q'}, uint32(4+len(query)+1))
	_, err := l.wire.Conn.Write(append(append(message, query...), 0))
	return err
}

// readMessage reads one message from the server.
func (l *Listener) readMessage() (kind byte, body []byte, err error) {
	var head [5]byte
	if _, err := io.ReadFull(l.in, head[:]); err != nil {
		return 0, nil, err
	}
	length := binary.BigEndian.Uint32(head[1:])
	if length < 4 || length > maxMessage {
		return 0, nil, errors.New("postgres: not a message of the protocol")
	}
	body = make([]byte, length-4)
	_, err = io.ReadFull(l.in, body)
	return head[0], body, err
}

// Echo asks the server for a sign of life. When it comes, done is closed: by then
// Receive has been through all that was committed before the call, for the server
// sends what it has to notify before it is ready for the next query.
func (l *Listener) Echo() (done <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := echo{time.Now(), make(chan struct{})}
	l.pending = append(l.pending, e)
	_ = l.wire.Conn.SetWriteDeadline(time.Now().Add(maxSilence))
	return e.done, l.send("")
}

// Gone is closed when Receive has returned.
func (l *Listener) Gone() <-chan struct{} { return l.done }

// Receive calls notified with each notification, and echoed with the time of each
// Echo that is answered, until the session or ctx ends. It closes the session.
func (l *Listener) Receive(
	ctx context.Context, notified func(payload string), echoed func(asked time.Time),
) error {
	defer close(l.done)
	defer l.conn.Close()
	unwatch := context.AfterFunc(ctx, func() { _ = l.wire.Close() })
	defer unwatch()
	for {
		_ = l.wire.Conn.SetReadDeadline(time.Now().Add(maxSilence))
		kind, body, err := l.readMessage()
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return fmt.Errorf("%w: %w", errListenerEnded, err)
		case kind == 'E':
			return fmt.Errorf("%w: %s", errListenerEnded, errorMessage(body))
		case kind == 'A' && len(body) > 4:
			_, rest, _ := cutCString(body[4:]) // behind the sender's pid and the channel
			payload, _, _ := cutCString(rest)
			notified(payload)
		case kind == 'Z':
			l.completeEcho(echoed)
		}
	}
}

func (l *Listener) completeEcho(echoed func(time.Time)) {
	l.mu.Lock()
	if len(l.pending) == 0 {
		l.mu.Unlock()
		return
	}
	e := l.pending[0]
	l.pending = l.pending[1:]
	l.mu.Unlock()
	echoed(e.sentAt)
	close(e.done)
}
