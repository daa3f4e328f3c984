package memory

import (
	"context"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// attempts is [ports.Attempts]. What is forgotten is swept out now and then.
type attempts struct {
	mu      sync.Mutex
	tallies map[ports.SubjectKey]tenancy.Tally
	sweepAt int // so many tallies
}

var _ ports.Attempts = (*attempts)(nil)

const leastSweep = 1024

func newAttempts() *attempts {
	return &attempts{tallies: map[ports.SubjectKey]tenancy.Tally{}, sweepAt: leastSweep}
}

func (a *attempts) Begin(_ context.Context, now time.Time, subjects ...ports.Subject) (wait time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	counted := make(map[ports.SubjectKey]tenancy.Tally, len(subjects))
	for _, s := range subjects {
		next, more := a.tallies[s.Key].Add(s.Slowdown, now)
		wait = max(wait, more)
		counted[s.Key] = next
	}
	if wait > 0 {
		return wait, nil
	}
	for key, tally := range counted {
		a.tallies[key] = tally
	}
	return 0, nil
}

func (a *attempts) sweep(now time.Time) {
	if len(a.tallies) < a.sweepAt {
		return
	}
	for key, tally := range a.tallies {
		if !now.Before(tally.ForgetAt) {
			delete(a.tallies, key)
		}
	}
	a.sweepAt = max(leastSweep, 2*len(a.tallies))
}

func (a *attempts) Clear(_ context.Context, key ports.SubjectKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.tallies, key)
	return nil
}

func (a *attempts) TakeBack(_ context.Context, key ports.SubjectKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	tally, ok := a.tallies[key]
	if !ok || tally.Count == 0 {
		return nil
	}
	tally.Count--
	a.tallies[key] = tally
	return nil
}
