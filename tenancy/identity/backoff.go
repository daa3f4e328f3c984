package identity

import "time"

// Backoff says how attempts at something that can be guessed are slowed down:
// some are free, behind those each has to wait twice as long as the one before.
type Backoff struct {
	Free    int           // so many attempts don't wait
	Initial time.Duration // what the one behind them waits
	Max     time.Duration // what no attempt waits longer than
	// after so long without an attempt, all are free again; longer than Longest
	Reset time.Duration
}

// After is how long the next attempt waits when there were so many.
func (s Backoff) After(count int) time.Duration {
	if count < s.Free {
		return 0
	}
	wait := s.Initial
	for range count - s.Free {
		if wait *= 2; wait >= s.Max {
			return s.Max
		}
	}
	return min(wait, s.Max)
}

// AttemptState is what is known of the attempts at one thing. The zero Tally is of none.
type AttemptState struct {
	Count    int
	OpenAt   time.Time // no attempt counts before
	ForgetAt time.Time // there was none from then on
}

// Add counts an attempt at now. If it has to wait it isn't counted: refused
// attempts keep nobody out longer.
func (t AttemptState) Add(s Backoff, now time.Time) (next AttemptState, wait time.Duration) {
	if !now.Before(t.ForgetAt) {
		t = AttemptState{}
	}
	if wait := t.OpenAt.Sub(now); wait > 0 {
		return t, min(wait, s.Max)
	}
	t.Count++
	t.ForgetAt = now.Add(s.Reset)
	// or else clocks that differ would make a free attempt wait
	if wait := s.After(t.Count); wait > 0 {
		t.OpenAt = now.Add(wait)
	}
	return t, 0
}
