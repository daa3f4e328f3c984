// Package denials limits how many refusals are recorded.
package denials

import (
	"sync"
	"time"
)

const (
	window       = time.Minute
	maxPerCaller = 20  // in one window
	maxTotal     = 600 // of all callers in one window
)

// Limiter limits how many denials the audit log records: a caller who guesses
// credentials all day must neither fill the disk nor delay others, whose entries wait
// for the same end of the platform's chain. It counts the skipped denials, and the
// next recorded one reports their number.
type Limiter struct {
	Now func() time.Time

	mu          sync.Mutex
	windowStart time.Time
	total       int
	perCaller   map[string]int
	skipped     int
}

// Allow reports whether to record one more denial of a caller, and how many denials
// were skipped before it.
func (t *Limiter) Allow(caller string) (skipped int, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.Now(); t.perCaller == nil || now.Sub(t.windowStart).Abs() >= window {
		t.windowStart, t.total, t.perCaller = now, 0, map[string]int{}
	}
	if t.total >= maxTotal || t.perCaller[caller] >= maxPerCaller {
		t.skipped++
		return 0, false
	}
	t.total++
	t.perCaller[caller]++
	skipped, t.skipped = t.skipped, 0
	return skipped, true
}
