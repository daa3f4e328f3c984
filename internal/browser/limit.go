package browser

import (
	"strings"
	"sync"
)

// limiter bounds how many tests have pages open at the same time. A test that has one may open
// more, and its subtests may: if they waited, tests could wait for each other for ever.
type limiter struct {
	most  int
	mu    sync.Mutex
	freed sync.Cond
	pages map[string]int // by the test's name
}

func newLimiter(most int) *limiter {
	l := &limiter{most: most, pages: map[string]int{}}
	l.freed.L = &l.mu
	return l
}

// acquire waits until the test may open a page.
func (l *limiter) acquire(test string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.pages) >= l.most && !l.holds(test) {
		l.freed.Wait()
	}
	l.pages[test]++
}

// holds reports whether the test or one that it is part of has a page.
func (l *limiter) holds(test string) bool {
	for name := range l.pages {
		if name == test || strings.HasPrefix(test, name+"/") {
			return true
		}
	}
	return false
}

func (l *limiter) release(test string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pages[test]--; l.pages[test] == 0 {
		delete(l.pages, test)
	}
	l.freed.Broadcast()
}
