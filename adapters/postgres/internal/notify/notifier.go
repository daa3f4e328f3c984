package notify

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
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
	announcing    = "bailiwick"            // the channel
	echoInterval  = 150 * time.Millisecond // between two signs of life
	currentFor    = 500 * time.Millisecond // what [ports.ChangeNotifier.Healthy] promises
	firstAgain    = 50 * time.Millisecond  // before a lost connection is opened again
	longestAgain  = 2 * time.Second
	nonceSize     = 16
	announcedSize = nonceSize + 1 + 16 // with the kind and the id
)

// notifier is [ports.ChangeNotifier]: triggers of the database notify, and one
// connection listens for all who subscribe, from the first of them on.
type notifier struct {
	pool *pool.Pool

	mu          sync.Mutex // guards what follows, and that one call follows another
	subscribers []*subscriber
	listening   bool // in the background, until the database is closed

	listener atomic.Pointer[session.Listener] // nil: nothing is heard
	// all has been heard that was committed by then, on this process's monotonic clock
	upTo atomic.Int64
}

type subscriber struct {
	heard func(ports.ChangeNotification)
}

var _ ports.ChangeNotifier = (*notifier)(nil)

var (
	errUnheard = tenancy.Errorf(tenancy.CodeUnavailable,
		"announcements of the database aren't heard")
	beginning = time.Now() // has a monotonic clock, from which upTo counts
)

// New makes the notifier of a database. It listens from the first subscription on.
func New(p *pool.Pool) ports.ChangeNotifier { return &notifier{pool: p} }

func (a *notifier) Subscribe(heard func(ports.ChangeNotification)) (stop func()) {
	s := &subscriber{heard}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscribers = append(a.subscribers, s)
	if !a.listening {
		a.listening = a.pool.Background.Start(a.keepListening)
	}
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.subscribers = slices.DeleteFunc(a.subscribers,
			func(other *subscriber) bool { return other == s })
	}
}

func (a *notifier) Healthy() bool {
	upTo := a.upTo.Load()
	return upTo != 0 && time.Since(beginning)-time.Duration(upTo) < currentFor
}

func (a *notifier) Flush(ctx context.Context) error {
	l := a.listener.Load()
	if l == nil {
		return errUnheard
	}
	heard, err := l.Echo()
	if err != nil {
		return errUnheard.Because(err)
	}
	select {
	case <-heard:
		return nil
	case <-l.Done():
		return errUnheard
	case <-ctx.Done():
		return errUnheard.Because(ctx.Err())
	}
}

func (a *notifier) notify(what ports.ChangeNotification) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscribers {
		s.heard(what)
	}
}

// keepListening listens until ctx ends, and again whenever the connection is
// lost. Through a pooler it gives up.
func (a *notifier) keepListening(ctx context.Context) {
	log := a.pool.Settings.Logger
	for again := firstAgain; ; again = min(2*again, longestAgain) {
		heard, err := a.listen(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, session.ErrPooled):
			log.WarnContext(ctx, "what other instances change isn't heard at once: give the"+
				" server's own address as LISTEN_URL", "error", err)
			return
		case heard || again == firstAgain:
			log.WarnContext(ctx, "announcements aren't heard for the moment, and what is"+
				" remembered is asked for more often", "error", err)
		}
		if heard {
			again = firstAgain
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(again/2 + rand.N(again)):
		}
	}
}

// listen listens upon one connection until it ends; heard says that it began.
func (a *notifier) listen(ctx context.Context) (heard bool, err error) {
	key, err := a.key(ctx)
	if err != nil {
		return false, err
	}
	inner, err := pool.NewConnector(a.pool.Settings.ListenURL, pool.DefaultTimeout)
	if err != nil {
		return false, err
	}
	inner.Config().AppName = pool.ApplicationName + "-listen"
	l, err := session.Listen(ctx, session.NewRawConnector(inner), announcing)
	if err != nil {
		return false, err
	}
	a.notify(ports.ChangeNotification{Kind: ports.AnythingChanged}) // meanwhile, who knows
	a.listener.Store(l)
	defer a.listener.Store(nil)
	var echoing sync.WaitGroup
	defer echoing.Wait()
	echoing.Go(func() { keepEchoing(l) })
	err = l.Receive(ctx, func(payload string) {
		if what, ok := unseal(key, payload); ok {
			a.notify(what)
		}
	}, func(asked time.Time) { a.upTo.Store(int64(asked.Sub(beginning))) })
	return true, err
}

// keepEchoing asks for signs of life for as long as they come.
func keepEchoing(l *session.Listener) {
	tick := time.NewTicker(echoInterval)
	defer tick.Stop()
	for {
		if _, err := l.Echo(); err != nil {
			return // and Receive ends, for there is nothing to be received
		}
		select {
		case <-l.Done():
			return
		case <-tick.C:
		}
	}
}

func (a *notifier) key(ctx context.Context) (key []byte, err error) {
	ctx = pool.CrossTenant(ctx, "read the key that seals announcements")
	err = a.pool.System.NewRaw("SELECT announcing_key FROM bailiwick.instance").Scan(ctx, &key)
	return key, pgerr.Translate(err)
}

// unseal reads what bailiwick.seal_announcement has written. Anybody may notify:
// what is none of ours reads as noise, and names nothing.
func unseal(key []byte, payload string) (what ports.ChangeNotification, ok bool) {
	sealed, err := hex.DecodeString(payload)
	if err != nil || len(sealed) != announcedSize {
		return ports.ChangeNotification{}, false
	}
	nonce, plain := sealed[:nonceSize], sealed[nonceSize:]
	pad := sha256.Sum256(slices.Concat(key, nonce))
	subtle.XORBytes(plain, plain, pad[:len(plain)])
	what.Kind = ports.ChangeKind(plain[0])
	copy(what.ID[:], plain[1:])
	switch what.Kind {
	case ports.TenantChanged, ports.KeyChanged, ports.UserChanged, ports.AnythingChanged:
		return what, true
	}
	return ports.ChangeNotification{}, false
}
