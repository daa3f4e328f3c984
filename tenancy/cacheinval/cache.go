package cacheinval

import (
	"context"
	"time"

	"github.com/maypok86/otter/v2"
)

// Cache remembers what a store answered for as long as that holds. Concurrent
// lookups of one key are one question to the store; if the caller that asks gives
// up, one of those who wait asks again. Errors aren't remembered, so that a flood
// of keys that are nobody's leaves the others where they are.
//
// It is made by [NewCache], is safe for concurrent use, and needs no closing.
type Cache[K comparable, V any] struct {
	invalidations *Invalidations
	entries       *otter.Cache[K, entry[V]]
	ttl           func(V) time.Duration
	valid         func(Snapshot, V) bool
	counts        *Counts
	// made once: a method value would allocate with every lookup
	load otter.Loader[K, entry[V]]
}

type entry[V any] struct {
	value    V
	snapshot Snapshot
}

// CacheOptions says how a [Cache] works. All fields but Counts are needed.
type CacheOptions[K comparable, V any] struct {
	Size int // the most entries that are remembered

	// Load asks the store.
	Load func(context.Context, K) (V, error)

	// Life is how long a value is remembered if nothing of it changes.
	TTL func(V) time.Duration

	// Holds reports whether a value that was read after m is still so: see
	// [Invalidations.Valid].
	Valid func(m Snapshot, v V) bool

	// Counts counts what the cache does. Defaults to counts of its own.
	Counts *Counts
}

// NewCache makes a cache whose values end with what the log hears.
func NewCache[K comparable, V any](log *Invalidations, use CacheOptions[K, V]) *Cache[K, V] {
	if use.Counts == nil {
		use.Counts = NewCounts()
	}
	c := &Cache[K, V]{invalidations: log, ttl: use.TTL, valid: use.Valid, counts: use.Counts}
	c.load = otter.LoaderFunc[K, entry[V]](func(ctx context.Context, key K) (entry[V], error) {
		mark := log.Snapshot() // before the store is asked
		c.counts.loads.Add(1)
		value, err := use.Load(ctx, key)
		if err != nil {
			c.counts.failures.Add(1)
		}
		return entry[V]{value, mark}, err
	})
	c.entries = otter.Must(&otter.Options[K, entry[V]]{MaximumSize: use.Size,
		StatsRecorder: use.Counts.evicted})
	return c
}

// fresh reports whether e may be answered to whoever asks now.
func (c *Cache[K, V]) fresh(e entry[V]) bool {
	age := c.invalidations.now().UnixNano() - e.snapshot.nano
	return age >= 0 && age < int64(c.ttl(e.value)) && c.valid(e.snapshot, e.value)
}

// Peek answers what is remembered of key, if it holds.
func (c *Cache[K, V]) Peek(key K) (value V, ok bool) {
	e, found := c.entries.GetIfPresent(key)
	if !found || !c.fresh(e) {
		return value, false
	}
	c.counts.hits.Add(1)
	return e.value, true
}

// attempts is how often what others have read is waited for, though it doesn't
// hold any more when it comes.
const attempts = 3

// Get answers what is remembered of key, or what the store answers.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	if value, ok := c.Peek(key); ok {
		return value, nil
	}
	began := c.invalidations.Snapshot()
	for range attempts {
		e, err := c.entries.Get(ctx, key, c.load)
		if err != nil || e.snapshot.NotBefore(began) || c.fresh(e) {
			return e.value, err
		}
		c.entries.Invalidate(key)
	}
	e, err := c.load.Load(ctx, key)
	return e.value, err
}

// Forget forgets key, also if the store is being asked about it.
func (c *Cache[K, V]) Forget(key K) { c.entries.Invalidate(key) }
