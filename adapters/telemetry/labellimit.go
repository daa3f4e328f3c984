package telemetry

import "sync"

// other is the label for every value beyond a limit.
const other = "other"

// labelLimit admits the first limit values, for the lifetime of the process. If it
// admitted the most recent values instead, a series could end and start again at
// zero, and a caller with many tenants could evict the others.
type labelLimit[K comparable] struct {
	limit int

	mu       sync.RWMutex
	admitted map[K]struct{}
}

// admit reports whether value is within the limit, and adds it if it is new.
func (l *labelLimit[K]) admit(value K) bool {
	l.mu.RLock()
	_, known := l.admitted[value]
	full := len(l.admitted) >= l.limit
	l.mu.RUnlock()
	if known || full {
		return known
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.admitted[value]; known {
		return true
	}
	if len(l.admitted) >= l.limit {
		return false
	}
	if l.admitted == nil {
		l.admitted = map[K]struct{}{}
	}
	l.admitted[value] = struct{}{}
	return true
}
