package memory

import (
	"context"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// loginAttempts is [ports.LoginAttempts]. What is forgotten is swept out now and then.
type loginAttempts struct {
	mu      sync.Mutex
	tallies map[ports.SubjectKey]identity.AttemptState
	sweepAt int // so many tallies
}

var _ ports.LoginAttempts = (*loginAttempts)(nil)

const leastSweep = 1024

func newAttempts() *loginAttempts {
	return &loginAttempts{tallies: map[ports.SubjectKey]identity.AttemptState{},
		sweepAt: leastSweep}
}

func (a *loginAttempts) Begin(
	_ context.Context, now time.Time, subjects ...ports.Subject,
) (wait time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	counted := make(map[ports.SubjectKey]identity.AttemptState, len(subjects))
	for _, s := range subjects {
		next, more := a.tallies[s.Key].Add(s.Backoff, now)
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

func (a *loginAttempts) sweep(now time.Time) {
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

func (a *loginAttempts) Clear(_ context.Context, key ports.SubjectKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.tallies, key)
	return nil
}

func (a *loginAttempts) Refund(_ context.Context, key ports.SubjectKey) error {
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
