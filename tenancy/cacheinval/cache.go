package cacheinval

import (
	"context"
	"errors"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Cache caches the values that a store returns, as long as they are valid.
// Concurrent lookups of one key cause one load. If the caller that started the
// load gives up, another waiting caller loads again. Errors aren't cached, so that
// a flood of unknown keys doesn't evict valid entries.
//
// It is made by [NewCache], is safe for concurrent use, and needs no closing.
type Cache[K comparable, V any] struct {
	invalidations *Invalidations
	entries       *otter.Cache[K, entry[V]]
	ttl           func(V) time.Duration
	valid         func(Snapshot, V) bool
	counts        *Counts
	// made once, because a method value would allocate at each lookup
	load otter.Loader[K, entry[V]]
}

type entry[V any] struct {
	value    V
	snapshot Snapshot
}

// CacheOptions configure a [Cache]. All fields except Weigh and Counts are required.
type CacheOptions[K comparable, V any] struct {
	Size int // the largest number of cached entries, or their largest weight in total

	// Weigh returns the weight of a value in Size. Defaults to 1 for each.
	Weigh func(V) uint32

	// Load reads a value from the store.
	Load func(context.Context, K) (V, error)

	// TTL is the lifetime of a value that no change invalidates.
	TTL func(V) time.Duration

	// Valid reports whether a value that was loaded after s is still valid: see
	// [Invalidations.Valid].
	Valid func(s Snapshot, v V) bool

	// Counts counts the hits and loads of the cache. Defaults to new counts.
	Counts *Counts
}

// NewCache makes a cache whose values are invalidated by i.
func NewCache[K comparable, V any](i *Invalidations, o CacheOptions[K, V]) *Cache[K, V] {
	if o.Counts == nil {
		o.Counts = NewCounts()
	}
	c := &Cache[K, V]{invalidations: i, ttl: o.TTL, valid: o.Valid, counts: o.Counts}
	c.load = otter.LoaderFunc[K, entry[V]](func(ctx context.Context, key K) (entry[V], error) {
		snapshot := i.Snapshot() // before the load
		c.counts.loads.Add(1)
		value, err := o.Load(ctx, key)
		if err != nil {
			c.counts.failures.Add(1)
		}
		return entry[V]{value, snapshot}, err
	})
	options := &otter.Options[K, entry[V]]{MaximumSize: o.Size, StatsRecorder: o.Counts.evicted}
	if o.Weigh != nil {
		options.MaximumSize, options.MaximumWeight = 0, uint64(o.Size)
		options.Weigher = func(_ K, e entry[V]) uint32 { return o.Weigh(e.value) }
	}
	c.entries = otter.Must(options)
	return c
}

// fresh reports whether a request that begins now may use e.
func (c *Cache[K, V]) fresh(e entry[V]) bool {
	age := c.invalidations.now().UnixNano() - e.snapshot.nano
	return age >= 0 && age < int64(c.ttl(e.value)) && c.valid(e.snapshot, e.value)
}

// Peek returns the cached value of key. ok is false if there is none or it isn't
// valid. Peek never loads.
func (c *Cache[K, V]) Peek(key K) (value V, ok bool) {
	e, found := c.entries.GetIfPresent(key)
	if !found || !c.fresh(e) {
		return value, false
	}
	c.counts.hits.Add(1)
	return e.value, true
}

// maxSharedLoads is how often Get waits for the load of another caller whose value
// turns out to be invalid, before it loads by itself.
const maxSharedLoads = 3

// Get returns the cached value of key, or loads it from the store.
func (c *Cache[K, V]) Get(ctx context.Context, key K) (V, error) {
	if value, ok := c.Peek(key); ok {
		return value, nil
	}
	began := c.invalidations.Snapshot()
	for range maxSharedLoads {
		e, err := c.entries.Get(ctx, key, c.load)
		if err != nil || e.snapshot.NotBefore(began) || c.fresh(e) {
			return e.value, err
		}
		c.entries.Invalidate(key)
	}
	e, err := c.load.Load(ctx, key)
	return e.value, err
}

// Forget removes key, and discards the result of a load that is in progress.
func (c *Cache[K, V]) Forget(key K) { c.entries.Invalidate(key) }

// Unavailable gives [tenancy.CodeUnavailable] and the message to an error of
// [Cache.Get] if it is the end of a context and has no code: the caller gave up
// while it waited for a load. It returns every other error unchanged.
func Unavailable(err error, message string) error {
	ended := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if ended && tenancy.CodeOf(err) == tenancy.CodeInternal {
		return tenancy.Errorf(tenancy.CodeUnavailable, "%s", message).Because(err)
	}
	return err
}
