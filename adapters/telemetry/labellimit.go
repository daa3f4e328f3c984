package telemetry

import "sync"

// other stands for every value behind a limit.
const other = "other"

// labelLimit admits the first values that come, as many as its limit, for as long
// as the process runs. Were the most recent ones admitted instead, a series would
// go and come again from zero, and whoever can work in many tenants could push
// the others out.
type labelLimit[K comparable] struct {
	limit int

	mu       sync.RWMutex
	admitted map[K]struct{}
}

func (f *labelLimit[K]) admit(value K) bool {
	f.mu.RLock()
	_, known := f.admitted[value]
	full := len(f.admitted) >= f.limit
	f.mu.RUnlock()
	if known || full {
		return known
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, known := f.admitted[value]; known {
		return true
	}
	if len(f.admitted) >= f.limit {
		return false
	}
	if f.admitted == nil {
		f.admitted = map[K]struct{}{}
	}
	f.admitted[value] = struct{}{}
	return true
}
