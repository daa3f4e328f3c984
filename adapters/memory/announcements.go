package memory

import (
	"context"
	"slices"
	"sync"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// announcements is [ports.Announcements]: a write tells of itself before it
// answers, so that nothing is ever late.
type announcements struct {
	mu          sync.Mutex // also: one call follows another
	subscribers []*subscriber
}

type subscriber struct{ heard func(ports.Announcement) }

var _ ports.Announcements = (*announcements)(nil)

func (a *announcements) Subscribe(heard func(ports.Announcement)) (stop func()) {
	s := &subscriber{heard}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.subscribers = append(a.subscribers, s)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.subscribers = slices.DeleteFunc(a.subscribers, func(other *subscriber) bool { return other == s })
	}
}

func (a *announcements) Current() bool { return true }

// Settle waits until what others are telling has been heard.
func (a *announcements) Settle(context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return nil
}

// tellUnless announces a change if nothing went wrong. It is deferred before the
// store is locked.
func (a *announcements) tellUnless(err *error, kind ports.AnnouncementKind, id string) {
	if *err == nil {
		a.tell(kind, id)
	}
}

// tell announces a change that is there to be read: its caller holds no lock that
// reading needs.
func (a *announcements) tell(kind ports.AnnouncementKind, id string) {
	what := ports.Announcement{Kind: kind}
	var err error
	if what.ID, err = tenancy.ParseID(id); err != nil {
		what.Kind = ports.AnythingChanged // an id of another form, which can't be announced
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, s := range a.subscribers {
		s.heard(what)
	}
}
