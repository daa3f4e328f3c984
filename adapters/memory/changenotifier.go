package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// changeNotifier is [ports.ChangeNotifier]. A write notifies before it returns, so
// that no notification is late.
type changeNotifier struct {
	mu          sync.Mutex // held during calls, so that they never overlap
	subscribers []*subscriber
}

type subscriber struct {
	notify func(ports.ChangeNotification)
}

var _ ports.ChangeNotifier = (*changeNotifier)(nil)

func (c *changeNotifier) Subscribe(notify func(ports.ChangeNotification)) (stop func()) {
	s := &subscriber{notify}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subscribers = append(c.subscribers, s)
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.subscribers = slices.DeleteFunc(c.subscribers,
			func(other *subscriber) bool { return other == s })
	}
}

func (c *changeNotifier) Healthy() bool { return true }

// Flush waits until the call in progress has returned.
func (c *changeNotifier) Flush(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return nil
}

// notifyUnless notifies a change unless err is set. Defer it before the store is
// locked: it then runs after the store is unlocked.
func (c *changeNotifier) notifyUnless(err *error, kind ports.ChangeKind, id string) {
	if *err == nil {
		c.notify(kind, id)
	}
}

// notify notifies a stored change. Its caller must not hold the store's lock, which
// subscribers need to read the change.
func (c *changeNotifier) notify(kind ports.ChangeKind, id string) {
	n := ports.ChangeNotification{Kind: kind}
	var err error
	if n.ID, err = tenancy.ParseID(id); err != nil {
		n.Kind = ports.AnythingChanged // a host's id, which isn't a UUID
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.subscribers {
		s.notify(n)
	}
}
