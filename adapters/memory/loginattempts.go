package memory

import (
	"context"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// loginAttempts is [ports.LoginAttempts]. Begin removes forgotten states now and then.
type loginAttempts struct {
	mu        sync.Mutex
	states    map[ports.SubjectKey]identity.AttemptState
	sweepSize int // the number of states at which they are swept
}

var _ ports.LoginAttempts = (*loginAttempts)(nil)

// minSweepSize is the least number of states that is worth a sweep.
const minSweepSize = 1024

func newLoginAttempts() *loginAttempts {
	return &loginAttempts{states: map[ports.SubjectKey]identity.AttemptState{},
		sweepSize: minSweepSize}
}

func (a *loginAttempts) Begin(
	_ context.Context, now time.Time, subjects ...ports.Subject,
) (wait time.Duration, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sweep(now)
	counted := make(map[ports.SubjectKey]identity.AttemptState, len(subjects))
	for _, s := range subjects {
		next, more := a.states[s.Key].Add(s.Backoff, now)
		wait = max(wait, more)
		counted[s.Key] = next
	}
	if wait > 0 {
		return wait, nil
	}
	for key, state := range counted {
		a.states[key] = state
	}
	return 0, nil
}

// sweep removes the forgotten states once there are sweepSize. The next sweep comes
// when the rest has doubled, so that a Begin costs constant time on average.
func (a *loginAttempts) sweep(now time.Time) {
	if len(a.states) < a.sweepSize {
		return
	}
	for key, state := range a.states {
		if !now.Before(state.ForgetAt) {
			delete(a.states, key)
		}
	}
	a.sweepSize = max(minSweepSize, 2*len(a.states))
}

func (a *loginAttempts) Clear(_ context.Context, key ports.SubjectKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.states, key)
	return nil
}

func (a *loginAttempts) Refund(_ context.Context, key ports.SubjectKey) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	state, ok := a.states[key]
	if !ok || state.Count == 0 {
		return nil
	}
	state.Count--
	a.states[key] = state
	return nil
}
