package cacheinval_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/cacheinval"
)

// fakeNotifier delivers notifications at once, while the test sets its health.
type fakeNotifier struct {
	healthy     bool
	subscribers []func(ports.ChangeNotification)
}

func (f *fakeNotifier) Subscribe(receive func(ports.ChangeNotification)) func() {
	f.subscribers = append(f.subscribers, receive)
	return func() {}
}

func (f *fakeNotifier) Healthy() bool               { return f.healthy }
func (f *fakeNotifier) Flush(context.Context) error { return nil }

func (f *fakeNotifier) notify(kind ports.ChangeKind, id tenancy.ID) {
	for _, receive := range f.subscribers {
		receive(ports.ChangeNotification{Kind: kind, ID: id})
	}
}

var (
	acme   = tenancy.NewID()
	globex = tenancy.NewID()
)

// store returns, for each id, how often it was read.
type store struct {
	mu    sync.Mutex
	reads map[tenancy.ID]int
	delay time.Duration // between reading and returning
	err   error
}

func (s *store) read(ctx context.Context, id tenancy.ID) (int, error) {
	s.mu.Lock()
	if s.reads == nil {
		s.reads = map[tenancy.ID]int{}
	}
	s.reads[id]++
	n, err := s.reads[id], s.err
	s.mu.Unlock()
	select {
	case <-time.After(s.delay):
	case <-ctx.Done():
		err = ctx.Err()
	}
	return n, err
}

const ttl = time.Minute

// value is the result of the n-th read of an id.
type value struct {
	id tenancy.ID
	n  int
}

// newCache caches the values of s for a minute.
func newCache(
	s *store, f *fakeNotifier, size int,
) (*cacheinval.Cache[tenancy.ID, value], *cacheinval.Invalidations) {
	var notifier ports.ChangeNotifier
	if f != nil {
		notifier = f
	}
	invalidations := cacheinval.New(notifier, nil)
	return cacheinval.NewCache(invalidations, cacheinval.CacheOptions[tenancy.ID, value]{
		Size: size,
		Load: func(ctx context.Context, id tenancy.ID) (value, error) {
			n, err := s.read(ctx, id)
			return value{id, n}, err
		},
		TTL: func(value) time.Duration { return ttl },
		Valid: func(snapshot cacheinval.Snapshot, v value) bool {
			return invalidations.Valid(snapshot, v.id)
		},
	}), invalidations
}

func get(t *testing.T, c *cacheinval.Cache[tenancy.ID, value], id tenancy.ID) int {
	t.Helper()
	v, err := c.Get(t.Context(), id)
	require.NoError(t, err)
	return v.n
}

func TestValueIsValidForItsTTLWhileNotifierIsHealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, _ := newCache(&store{}, &fakeNotifier{healthy: true}, 10)
		require.Equal(t, 1, get(t, cache, acme))
		time.Sleep(ttl - time.Nanosecond)
		assert.Equal(t, 1, get(t, cache, acme))
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestValueIsValidForHalfASecondWithoutHealthyNotifier(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]*fakeNotifier{"no notifier": nil, "unhealthy notifier": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cache, _ := newCache(&store{}, f, 10)
				require.Equal(t, 1, get(t, cache, acme))
				time.Sleep(500*time.Millisecond - time.Nanosecond)
				assert.Equal(t, 1, get(t, cache, acme))
				time.Sleep(time.Nanosecond)
				assert.Equal(t, 2, get(t, cache, acme))
			})
		})
	}
}

func TestOldValueIsInvalidOnceNotifierIsUnhealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		notifier := &fakeNotifier{healthy: true}
		cache, _ := newCache(&store{}, notifier, 10)
		require.Equal(t, 1, get(t, cache, acme))
		time.Sleep(time.Second)
		require.Equal(t, 1, get(t, cache, acme))
		notifier.healthy = false
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestChangeInvalidatesValuesThatDependOnIt(t *testing.T) {
	t.Parallel()
	notifier := &fakeNotifier{healthy: true}
	cache, invalidations := newCache(&store{}, notifier, 10)
	require.Equal(t, 1, get(t, cache, acme))
	notifier.notify(ports.KeyChanged, globex)
	assert.Equal(t, 1, get(t, cache, acme), "after the change of another tenant")
	notifier.notify(ports.KeyChanged, acme)
	assert.Equal(t, 2, get(t, cache, acme))
	assert.Equal(t, 2, get(t, cache, acme), "a change invalidates once")
	notifier.notify(ports.AnythingChanged, tenancy.ID{})
	assert.Equal(t, 3, get(t, cache, acme))
	invalidations.Invalidate(ports.ChangeNotification{Kind: ports.UserChanged, ID: acme})
	assert.Equal(t, 4, get(t, cache, acme), "after a change in this process")
}

// A lookup that began before the change may return the old value. A lookup that
// begins after the change may not, and the old value may not be cached.
func TestChangeDuringLoadInvalidatesTheLoadedValue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		notifier := &fakeNotifier{healthy: true}
		s := &store{delay: time.Second}
		cache, _ := newCache(s, notifier, 10)
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, 1, get(t, cache, acme)) })
		time.Sleep(time.Second / 2) // the store has read and not yet returned
		notifier.notify(ports.KeyChanged, acme)
		all.Go(func() { assert.Equal(t, 2, get(t, cache, acme), "a value from before the change") })
		all.Wait()
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestSlowLoadIsUsedByItsCallerAndNotCached(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{delay: 2 * time.Second} // longer than a value is valid without notifier
		cache, _ := newCache(s, nil, 10)
		assert.Equal(t, 1, get(t, cache, acme))
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestConcurrentLookupsShareOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, _ := newCache(&store{delay: time.Second}, &fakeNotifier{healthy: true}, 10)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { assert.Equal(t, 1, get(t, cache, acme)) })
		}
		all.Wait()
	})
}

func TestCanceledCallerDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, _ := newCache(&store{delay: time.Second}, &fakeNotifier{healthy: true}, 10)
		short, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := cache.Get(short, acme)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		all.Go(func() { assert.Equal(t, 2, get(t, cache, acme)) })
		all.Wait()
	})
}

func TestErrorsAreNotCachedAndEvictNothing(t *testing.T) {
	t.Parallel()
	s := &store{}
	cache, _ := newCache(s, &fakeNotifier{healthy: true}, 10)
	require.Equal(t, 1, get(t, cache, acme))
	s.err = errors.New("no such key")
	for range 1000 {
		_, err := cache.Get(t.Context(), tenancy.NewID())
		require.ErrorIs(t, err, s.err)
	}
	_, err := cache.Get(t.Context(), globex)
	require.ErrorIs(t, err, s.err)
	s.err = nil
	assert.Equal(t, 1, get(t, cache, acme))
	assert.Equal(t, 2, get(t, cache, globex))
}

func TestSizeLimitsTheCache(t *testing.T) {
	t.Parallel()
	s := &store{}
	cache, _ := newCache(s, &fakeNotifier{healthy: true}, 10)
	ids := make([]tenancy.ID, 1000)
	for i := range ids {
		ids[i] = tenancy.NewID()
		get(t, cache, ids[i])
	}
	var reloads int
	for _, id := range ids {
		reloads += get(t, cache, id) - 1
	}
	assert.Greater(t, reloads, 900, "most entries must have been evicted")
}

func TestTenantChangeInvalidatesValuesOfAllTenants(t *testing.T) {
	t.Parallel()
	notifier := &fakeNotifier{healthy: true}
	invalidations := cacheinval.New(notifier, nil)
	snapshot := invalidations.Snapshot()
	require.True(t, invalidations.ValidForAllTenants(snapshot))
	notifier.notify(ports.KeyChanged, acme)
	assert.True(t, invalidations.ValidForAllTenants(snapshot), "after the change of a key")
	notifier.notify(ports.TenantChanged, globex)
	assert.False(t, invalidations.ValidForAllTenants(snapshot))
	assert.True(t, invalidations.ValidForAllTenants(invalidations.Snapshot()))
	snapshot = invalidations.Snapshot()
	notifier.notify(ports.AnythingChanged, tenancy.ID{})
	assert.False(t, invalidations.ValidForAllTenants(snapshot))
	notifier.healthy = false
	assert.True(t, invalidations.ValidForAllTenants(invalidations.Snapshot()),
		"a snapshot of this moment")
}

// No change may be lost when the table of tracked ids is full.
func TestOverflowOfTrackedChangesInvalidatesEverything(t *testing.T) {
	t.Parallel()
	notifier := &fakeNotifier{healthy: true}
	invalidations := cacheinval.New(notifier, nil)
	snapshot := invalidations.Snapshot()
	notifier.notify(ports.KeyChanged, acme)
	for range 10_000 {
		notifier.notify(ports.KeyChanged, tenancy.NewID())
	}
	assert.False(t, invalidations.Valid(snapshot, acme))
	assert.False(t, invalidations.Valid(snapshot, globex))
	assert.True(t, invalidations.Valid(invalidations.Snapshot(), acme, globex))
}

// The test changes a value while several readers get it: no reader may get a value
// that was invalidated before its Get.
func TestNoReaderGetsAnInvalidatedValueUnderConcurrency(t *testing.T) {
	t.Parallel()
	notifier := &fakeNotifier{healthy: true}
	invalidations := cacheinval.New(notifier, nil)
	var stored atomic.Int64
	cache := cacheinval.NewCache(invalidations, cacheinval.CacheOptions[tenancy.ID, int64]{
		Size: 10,
		Load: func(context.Context, tenancy.ID) (int64, error) { return stored.Load(), nil },
		TTL:  func(int64) time.Duration { return ttl },
		Valid: func(snapshot cacheinval.Snapshot, _ int64) bool {
			return invalidations.Valid(snapshot, acme)
		},
	})
	done := make(chan struct{})
	var readers sync.WaitGroup
	var notified atomic.Int64
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				least := notified.Load()
				got, err := cache.Get(context.Background(), acme)
				if err != nil || got < least {
					t.Errorf("got %d, %v after the notification of %d", got, err, least)
					return
				}
			}
		})
	}
	for n := range int64(20_000) {
		stored.Store(n)
		notifier.notify(ports.KeyChanged, acme)
		notified.Store(n)
	}
	close(done)
	readers.Wait()
}

func ExampleInvalidations() {
	invalidations := cacheinval.New(nil, nil)
	before := invalidations.Snapshot()
	invalidations.Invalidate(ports.ChangeNotification{Kind: ports.TenantChanged,
		ID: tenancy.DefaultID})
	fmt.Println(invalidations.Valid(before, tenancy.DefaultID),
		invalidations.Valid(invalidations.Snapshot(), tenancy.DefaultID))
	// Output: false true
}

func TestUnavailableGivesACodeToTheEndOfAContextOnly(t *testing.T) {
	t.Parallel()
	const message = "try again"
	for _, ended := range []error{context.Canceled, context.DeadlineExceeded} {
		err := cacheinval.Unavailable(fmt.Errorf("load: %w", ended), message)
		assert.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
		assert.ErrorIs(t, err, ended)
	}
	coded := tenancy.Errorf(tenancy.CodeNotFound, "x").Because(context.Canceled)
	for _, err := range []error{nil, errors.New("broken"), coded} {
		assert.Equal(t, err, cacheinval.Unavailable(err, message))
	}
}
