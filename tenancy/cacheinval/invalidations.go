// Package changes tells a cache whether what it has read still holds. A cache
// keeps with each value a [Snapshot] that it took before it read the value, and asks
// [Invalidations.Valid] before it uses it.
//
// What has changed is known from announcements. What is remembered is wrong for
// less than a second whether they arrive or not: where it can't be said that all
// of them have been heard, what is older than half a second doesn't hold.
package cacheinval

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	// unheard is how long something holds while announcements may be lost.
	unheard = 500 * time.Millisecond

	// remembered bounds how many changed things are kept apart.
	remembered = 10_000
)

// Invalidations is what has been announced of late. It is made by [New] and safe for
// concurrent use.
type Invalidations struct {
	notifier ports.ChangeNotifier // nil: nothing is ever heard
	now      func() time.Time
	last     atomic.Uint64 // the number of the last announcement

	mu      sync.RWMutex
	at      map[tenancy.ID]uint64 // the last announcement of each
	floor   uint64                // of anything up to this one nothing holds
	tenants uint64                // the last one of any tenant
}

// New makes a log that hears from; nil is nobody. A nil clock is [time.Now].
func New(from ports.ChangeNotifier, clock func() time.Time) *Invalidations {
	if clock == nil {
		clock = time.Now
	}
	l := &Invalidations{notifier: from, now: clock, at: map[tenancy.ID]uint64{}}
	if from != nil {
		from.Subscribe(l.Invalidate)
	}
	return l
}

// Snapshot is a moment between two announcements.
type Snapshot struct {
	seq  uint64
	nano int64
}

// Snapshot is the present. Take it before the store is asked: what is announced while
// it answers may not be in the answer.
func (l *Invalidations) Snapshot() Snapshot { return Snapshot{l.last.Load(), l.now().UnixNano()} }

// NotBefore reports whether m was taken no earlier than other. What was read
// after a request has come in is good for that request, however long it took.
func (m Snapshot) NotBefore(other Snapshot) bool {
	return m.seq >= other.seq &&
		m.nano >= other.nano
}

// Valid reports whether what was read after m, about things with these ids, is
// still so.
func (l *Invalidations) Valid(m Snapshot, ids ...tenancy.ID) bool {
	if !l.fresh(m) {
		return false
	}
	if l.last.Load() == m.seq {
		return true
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if m.seq < l.floor {
		return false
	}
	for _, id := range ids {
		if l.at[id] > m.seq {
			return false
		}
	}
	return true
}

// ValidForAllTenants is Holds for what any tenant's change may end, such as that a
// slug is nobody's.
func (l *Invalidations) ValidForAllTenants(m Snapshot) bool {
	if !l.fresh(m) {
		return false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return m.seq >= l.floor && m.seq >= l.tenants
}

// fresh reports whether all that changed since m is known.
func (l *Invalidations) fresh(m Snapshot) bool {
	if l.notifier != nil && l.notifier.Healthy() {
		return true
	}
	age := l.now().UnixNano() - m.nano
	return age >= 0 && age < int64(unheard)
}

// Invalidate takes note of a change. Announcements come here by themselves; whoever
// changes something says so, and needn't wait for its announcement.
func (l *Invalidations) Invalidate(a ports.ChangeNotification) {
	l.mu.Lock()
	defer l.mu.Unlock()
	seq := l.last.Load() + 1
	switch {
	case a.Kind == ports.AnythingChanged, len(l.at) >= remembered:
		clear(l.at)
		l.floor = seq
	default:
		l.at[a.ID] = seq
	}
	if a.Kind == ports.TenantChanged {
		l.tenants = seq
	}
	l.last.Store(seq) // last: whoever sees it finds what it is about
}
