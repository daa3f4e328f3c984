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

// ErrPooled means that the connection goes through a pooler that gives each transaction
// another session. LISTEN through it receives nothing, and other clients of the pooler would
// receive the notifications.
var ErrPooled = errors.New("the connection goes through a connection pooler")

var errListenerEnded = errors.New("the listening connection has ended")

const (
	listenTimeout = 10 * time.Second // until LISTEN is done
	maxSilence    = 2 * time.Second  // without any message, the server is taken for dead
	maxMessage    = 64 << 10         // bytes; a notification has 8,000 at most
)

// Listener is a dedicated session that receives the notifications of one channel. pgdriver
// starts the session. After that only Listener reads and writes, since pgdriver takes a
// notification within an answer for an error.
type Listener struct {
	conn *pgdriver.Conn
	wire *wire
	in   *bufio.Reader
	done chan struct{} // closed when Receive has returned

	mu      sync.Mutex // guards writing, so that answers have the order of pending
	pending []echo
}

// echo is an unanswered empty query. When its answer comes, all earlier notifications have
// been received.
type echo struct {
	sentAt time.Time
	done   chan struct{}
}

// Listen starts a session and listens on the channel. It returns [ErrPooled] if it would not
// receive notifications.
func Listen(ctx context.Context, c *Opener, channel string) (*Listener, error) {
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
	if pid != strconv.Itoa(int(l.wire.startup.pid())) {
		return ErrPooled
	}
	if _, err = l.queryValue("LISTEN " + channel); err != nil {
		return err
	}
	return l.wire.Conn.SetDeadline(time.Time{})
}

// queryValue runs a query and returns the first column of the last row.
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
			value = string(body[6:]) // after the number of columns (2) and the length (4)
		case kind == 'Z':
			return value, nil
		}
	}
}

// errorMessage returns the message field of an ErrorResponse.
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

// cutCString splits b after its first zero byte, which ends the text.
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
		return 0, nil, errors.New("postgres: invalid message length")
	}
	body = make([]byte, length-4)
	_, err = io.ReadFull(l.in, body)
	return head[0], body, err
}

// Echo sends an empty query and doesn't wait. Receive closes done when the answer comes. By
// then Receive has handled every notification committed before the call, since the server
// sends pending notifications before ReadyForQuery.
func (l *Listener) Echo() (done <-chan struct{}, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := echo{time.Now(), make(chan struct{})}
	l.pending = append(l.pending, e)
	_ = l.wire.Conn.SetWriteDeadline(time.Now().Add(maxSilence))
	return e.done, l.send("")
}

// Done returns a channel that is closed when Receive has returned.
func (l *Listener) Done() <-chan struct{} { return l.done }

// Receive calls notified with the payload of each notification, and echoed with the call
// time of each answered Echo, until the session or ctx ends. It closes the session.
func (l *Listener) Receive(
	ctx context.Context, notified func(payload string), echoed func(sentAt time.Time),
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
			_, rest, _ := cutCString(body[4:]) // after the sender's pid; the channel is cut off
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
