package cacheinval

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const (
	// unhealthyTTL is how long a value is valid while notifications may be lost.
	unhealthyTTL = 500 * time.Millisecond

	// maxTracked is the largest number of ids whose changes are tracked one by one.
	maxTracked = 10_000
)

// Invalidations records recent changes. It is made by [New] and safe for
// concurrent use.
type Invalidations struct {
	notifier ports.ChangeNotifier // nil: no notifications arrive
	now      func() time.Time
	last     atomic.Uint64 // the number of the last change

	mu      sync.RWMutex
	changed map[tenancy.ID]uint64 // the last change of each id
	floor   uint64                // every snapshot before this change is invalid
	tenants uint64                // the last change of any tenant
}

// New makes Invalidations that subscribe to notifier. If notifier is nil, no
// notifications arrive. If clock is nil, it is [time.Now].
func New(notifier ports.ChangeNotifier, clock func() time.Time) *Invalidations {
	if clock == nil {
		clock = time.Now
	}
	i := &Invalidations{notifier: notifier, now: clock, changed: map[tenancy.ID]uint64{}}
	if notifier != nil {
		notifier.Subscribe(i.Invalidate)
	}
	return i
}

// Snapshot is a point in the sequence of changes, with its time.
type Snapshot struct {
	seq  uint64
	nano int64
}

// Snapshot returns the present. Take it before the load: a change during the load
// may be missing from the loaded value.
func (i *Invalidations) Snapshot() Snapshot { return Snapshot{i.last.Load(), i.now().UnixNano()} }

// NotBefore reports whether s was taken no earlier than other. A request may use a
// value that was loaded after the request began, however long the load took.
func (s Snapshot) NotBefore(other Snapshot) bool {
	return s.seq >= other.seq && s.nano >= other.nano
}

// Valid reports whether a value that was loaded after s is still valid. ids are
// the tenants, keys and users that the value depends on.
func (i *Invalidations) Valid(s Snapshot, ids ...tenancy.ID) bool {
	if !i.complete(s) {
		return false
	}
	if i.last.Load() == s.seq {
		return true
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	if s.seq < i.floor {
		return false
	}
	for _, id := range ids {
		if i.changed[id] > s.seq {
			return false
		}
	}
	return true
}

// ValidForAllTenants is like [Invalidations.Valid], for a value that depends on
// all tenants, for example that no tenant has a certain slug.
func (i *Invalidations) ValidForAllTenants(s Snapshot) bool {
	if !i.complete(s) {
		return false
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	return s.seq >= i.floor && s.seq >= i.tenants
}

// complete reports whether every change since s is known, or s is so recent that
// an unknown change may be ignored.
func (i *Invalidations) complete(s Snapshot) bool {
	if i.notifier != nil && i.notifier.Healthy() {
		return true
	}
	age := i.now().UnixNano() - s.nano
	return age >= 0 && age < int64(unhealthyTTL)
}

// Invalidate records a change. [New] subscribes it to the notifier. Code that
// changes something also calls it, so that this process sees the change at once
// and doesn't wait for the notification.
func (i *Invalidations) Invalidate(n ports.ChangeNotification) {
	i.mu.Lock()
	defer i.mu.Unlock()
	seq := i.last.Load() + 1
	switch {
	case n.Kind == ports.AnythingChanged, len(i.changed) >= maxTracked:
		clear(i.changed)
		i.floor = seq
	default:
		i.changed[n.ID] = seq
	}
	if n.Kind == ports.TenantChanged {
		i.tenants = seq
	}
	i.last.Store(seq) // after the fields above: a reader of seq must see its change
}
