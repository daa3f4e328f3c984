package cacheinval

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2/stats"
)

// Counts counts the hits, loads, failures and evictions of one or more caches. It
// is made by [NewCounts] and safe for concurrent use.
type Counts struct {
	hits, loads, failures atomic.Uint64
	evicted               *stats.Counter
}

// NewCounts makes counts of zero.
func NewCounts() *Counts { return &Counts{evicted: stats.NewCounter()} }

// Hits returns how often a cached value was valid.
func (c *Counts) Hits() uint64 { return c.hits.Load() }

// Loads returns how often a value was loaded from a store.
func (c *Counts) Loads() uint64 { return c.loads.Load() }

// Failures returns how many loads returned an error.
func (c *Counts) Failures() uint64 { return c.failures.Load() }

// Evictions returns how many entries were removed because a cache was full.
func (c *Counts) Evictions() uint64 { return c.evicted.Snapshot().Evictions }
