package identity

import "time"

// Backoff is an exponential backoff, which slows down attempts to guess a secret:
// some attempts are free, and after them each attempt waits twice as long as the
// one before.
type Backoff struct {
	Free    int           // the number of attempts that don't wait
	Initial time.Duration // the wait of the first attempt after the free ones
	Max     time.Duration // the longest wait
	// after this time without an attempt all are free again; longer than Max
	Reset time.Duration
}

// After returns how long the next attempt waits after count attempts.
func (b Backoff) After(count int) time.Duration {
	if count < b.Free {
		return 0
	}
	wait := b.Initial
	for range count - b.Free {
		if wait *= 2; wait >= b.Max {
			return b.Max
		}
	}
	return min(wait, b.Max)
}

// AttemptState records the attempts at one subject, such as an account. The zero
// AttemptState has no attempts.
type AttemptState struct {
	Count    int       // the counted attempts
	OpenAt   time.Time // attempts before this time are refused
	ForgetAt time.Time // from this time on the state equals the zero AttemptState
}

// Add counts an attempt at now and returns the next state. If the attempt has to
// wait, Add returns the wait and doesn't count the attempt: refused attempts don't
// prolong the wait.
func (a AttemptState) Add(b Backoff, now time.Time) (next AttemptState, wait time.Duration) {
	if !now.Before(a.ForgetAt) {
		a = AttemptState{}
	}
	if wait := a.OpenAt.Sub(now); wait > 0 {
		return a, min(wait, b.Max)
	}
	a.Count++
	a.ForgetAt = now.Add(b.Reset)
	// OpenAt stays zero while attempts are free: otherwise an instance whose clock
	// is late would make a free attempt wait.
	if wait := b.After(a.Count); wait > 0 {
		a.OpenAt = now.Add(wait)
	}
	return a, 0
}
