package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// changeNotifier is [ports.ChangeNotifier]: a write tells of itself before it
// answers, so that nothing is ever late.
type changeNotifier struct {
	mu          sync.Mutex // also: one call follows another
	subscribers []*subscriber
}

type subscriber struct {
	notify func(ports.ChangeNotification)
}

var _ ports.ChangeNotifier = (*changeNotifier)(nil)

func (a *changeNotifier) Subscribe(heard func(ports.ChangeNotification)) (stop func()) {
	s := &subscriber{heard}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscribers = append(a.subscribers, s)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.subscribers = slices.DeleteFunc(a.subscribers,
			func(other *subscriber) bool { return other == s })
	}
}

func (a *changeNotifier) Healthy() bool { return true }

// Settle waits until what others are telling has been heard.
func (a *changeNotifier) Flush(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return nil
}

// notifyUnless announces a change if nothing went wrong. It is deferred before the
// store is locked.
func (a *changeNotifier) notifyUnless(err *error, kind ports.ChangeKind, id string) {
	if *err == nil {
		a.notify(kind, id)
	}
}

// notify announces a change that is there to be read: its caller holds no lock that
// reading needs.
func (a *changeNotifier) notify(kind ports.ChangeKind, id string) {
	what := ports.ChangeNotification{Kind: kind}
	var err error
	if what.ID, err = tenancy.ParseID(id); err != nil {
		what.Kind = ports.AnythingChanged // an id of another form, which can't be announced
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscribers {
		s.notify(what)
	}
}
