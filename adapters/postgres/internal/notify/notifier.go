package notify

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/session"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	channel      = "bailiwick"            // on which the database's triggers notify
	echoInterval = 150 * time.Millisecond // between two echoes
	healthyFor   = 500 * time.Millisecond // after an echo, as [ports.ChangeNotifier.Healthy] says
	minReconnect = 50 * time.Millisecond  // the first wait before a lost connection is reopened
	maxReconnect = 2 * time.Second
)

// notifier is [ports.ChangeNotifier]. Triggers of the database notify, and one connection listens
// for all subscribers. It opens with the first subscription.
type notifier struct {
	pool *pool.Pool

	mu          sync.Mutex // guards the fields below; held during calls, so that they never overlap
	subscribers []*subscriber
	started     bool // keepListening runs, until the database is closed

	listener atomic.Pointer[session.Listener] // nil without a connection

	// deliveredUntil is a time on this process's monotonic clock, in nanoseconds since epoch:
	// every change committed before it has been delivered. 0 before the first echo.
	deliveredUntil atomic.Int64
}

type subscriber struct {
	notify func(ports.ChangeNotification)
}

var _ ports.ChangeNotifier = (*notifier)(nil)

var (
	errNotListening = tenancy.Errorf(tenancy.CodeUnavailable,
		"there is no connection that listens for the database's change notifications")
	epoch = time.Now() // with a monotonic clock reading
)

// New returns the change notifier of the database of p.
func New(p *pool.Pool) ports.ChangeNotifier { return &notifier{pool: p} }

func (n *notifier) Subscribe(notify func(ports.ChangeNotification)) (stop func()) {
	s := &subscriber{notify}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.subscribers = append(n.subscribers, s)
	if !n.started {
		n.started = n.pool.Background.Start(n.keepListening)
	}
	return func() {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.subscribers = slices.DeleteFunc(n.subscribers,
			func(other *subscriber) bool { return other == s })
	}
}

// Healthy compares monotonic times, so that a change of the system's clock doesn't matter.
func (n *notifier) Healthy() bool {
	until := n.deliveredUntil.Load()
	return until != 0 && time.Since(epoch)-time.Duration(until) < healthyFor
}

// Flush waits for an echo: the server sends every notification committed before the question
// ahead of its answer.
func (n *notifier) Flush(ctx context.Context) error {
	l := n.listener.Load()
	if l == nil {
		return errNotListening
	}
	delivered, err := l.Echo()
	if err != nil {
		return errNotListening.Because(err)
	}
	select {
	case <-delivered:
		return nil
	case <-l.Done():
		return errNotListening
	case <-ctx.Done():
		return errNotListening.Because(ctx.Err())
	}
}

// notify calls the subscribers one after the other, while it has the lock.
func (n *notifier) notify(change ports.ChangeNotification) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, s := range n.subscribers {
		s.notify(change)
	}
}

// keepListening listens until ctx ends, and reconnects whenever the connection is lost. It gives
// up if the connection goes through a pooler, where notifications don't arrive.
func (n *notifier) keepListening(ctx context.Context) {
	log := n.pool.Settings.Logger
	for wait := minReconnect; ; wait = min(2*wait, maxReconnect) {
		connected, err := n.listen(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, session.ErrPooled):
			log.WarnContext(ctx, "a connection pooler keeps change notifications back, so that"+
				" caches expire sooner: set LISTEN_URL to the server's own address", "error", err)
			return
		case connected || wait == minReconnect:
			log.WarnContext(ctx, "there is no connection for change notifications, so that caches"+
				" expire sooner until it is back", "error", err)
		}
		if connected {
			wait = minReconnect
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait/2 + rand.N(wait)):
		}
	}
}

// listen listens on one connection until it ends. It reports whether the connection was made.
func (n *notifier) listen(ctx context.Context) (connected bool, err error) {
	key, err := n.readKey(ctx)
	if err != nil {
		return false, err
	}
	connector, err := pool.NewListenConnector(n.pool.Settings.ListenURL, pool.DefaultTimeout)
	if err != nil {
		return false, err
	}
	l, err := session.Listen(ctx, connector, channel)
	if err != nil {
		return false, err
	}
	// changes before the connection may have been missed
	n.notify(ports.ChangeNotification{Kind: ports.AnythingChanged})
	n.listener.Store(l)
	defer n.listener.Store(nil)
	// deferred calls run in reverse: the echoes end before the listener is removed
	var echoing sync.WaitGroup
	defer echoing.Wait()
	echoing.Go(func() { keepEchoing(l) })
	err = l.Receive(ctx, func(payload string) {
		if change, ok := unseal(key, payload); ok {
			n.notify(change)
		}
	}, func(asked time.Time) { n.deliveredUntil.Store(int64(asked.Sub(epoch))) })
	return true, err
}

// keepEchoing sends echoes until the listener has ended. If an echo can't be sent, Receive ends
// too: the server then sends nothing that could be received.
func keepEchoing(l *session.Listener) {
	tick := time.NewTicker(echoInterval)
	defer tick.Stop()
	for {
		if _, err := l.Echo(); err != nil {
			return
		}
		select {
		case <-l.Done():
			return
		case <-tick.C:
		}
	}
}

// readKey reads the key of the function bailiwick.seal_announcement.
func (n *notifier) readKey(ctx context.Context) (key []byte, err error) {
	ctx = pool.CrossTenant(ctx, "read the key that seals change notifications")
	err = n.pool.System.NewRaw("SELECT announcing_key FROM bailiwick.instance").Scan(ctx, &key)
	return key, pgerr.Translate(err)
}
