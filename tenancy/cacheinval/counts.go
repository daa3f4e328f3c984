package cacheinval

import (
	"sync/atomic"

	"github.com/maypok86/otter/v2/stats"
)

// Counts counts what caches do, as many of them as are given it. It is made by
// [NewCounts].
type Counts struct {
	hits, loads, failures atomic.Uint64
	evicted               *stats.Counter
}

// NewCounts makes counts that begin at zero.
func NewCounts() *Counts { return &Counts{evicted: stats.NewCounter()} }

// Hits is how often something was remembered and held.
func (c *Counts) Hits() uint64 { return c.hits.Load() }

// Loads is how often a store was asked.
func (c *Counts) Loads() uint64 { return c.loads.Load() }

// Failures is how often a store answered an error.
func (c *Counts) Failures() uint64 { return c.failures.Load() }

// Evictions is how much was forgotten because a cache was full.
func (c *Counts) Evictions() uint64 { return c.evicted.Snapshot().Evictions }
