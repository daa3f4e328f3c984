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

// channel is a host's announcements, which can be late.
type channel struct {
	current bool
	heard   []func(ports.ChangeNotification)
}

func (c *channel) Subscribe(heard func(ports.ChangeNotification)) func() {
	c.heard = append(c.heard, heard)
	return func() {}
}

func (c *channel) Healthy() bool               { return c.current }
func (c *channel) Flush(context.Context) error { return nil }

func (c *channel) tell(kind ports.ChangeKind, id tenancy.ID) {
	for _, heard := range c.heard {
		heard(ports.ChangeNotification{Kind: kind, ID: id})
	}
}

var (
	acme   = tenancy.NewID()
	globex = tenancy.NewID()
)

// store answers how often it was asked for each id.
type store struct {
	mu    sync.Mutex
	asked map[tenancy.ID]int
	wait  time.Duration // between reading and answering
	err   error
}

func (s *store) read(ctx context.Context, id tenancy.ID) (int, error) {
	s.mu.Lock()
	if s.asked == nil {
		s.asked = map[tenancy.ID]int{}
	}
	s.asked[id]++
	n, err := s.asked[id], s.err
	s.mu.Unlock()
	select {
	case <-time.After(s.wait):
	case <-ctx.Done():
		err = ctx.Err()
	}
	return n, err
}

const life = time.Minute

// answer is the n-th that the store gave for an id.
type answer struct {
	id tenancy.ID
	n  int
}

// cacheOf remembers what s answers, for a minute.
func cacheOf(
	s *store, c *channel, size int,
) (*cacheinval.Cache[tenancy.ID, answer], *cacheinval.Invalidations) {
	var from ports.ChangeNotifier
	if c != nil {
		from = c
	}
	log := cacheinval.New(from, nil)
	return cacheinval.NewCache(log, cacheinval.CacheOptions[tenancy.ID, answer]{
		Size: size,
		Load: func(ctx context.Context, id tenancy.ID) (answer, error) {
			n, err := s.read(ctx, id)
			return answer{id, n}, err
		},
		TTL:   func(answer) time.Duration { return life },
		Valid: func(m cacheinval.Snapshot, a answer) bool { return log.Valid(m, a.id) },
	}), log
}

func get(t *testing.T, c *cacheinval.Cache[tenancy.ID, answer], id tenancy.ID) int {
	t.Helper()
	a, err := c.Get(t.Context(), id)
	require.NoError(t, err)
	return a.n
}

func TestWhileAllIsHeardAValueHoldsForItsLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, _ := cacheOf(&store{}, &channel{current: true}, 10)
		require.Equal(t, 1, get(t, cache, acme))
		time.Sleep(life - time.Nanosecond)
		assert.Equal(t, 1, get(t, cache, acme))
		time.Sleep(time.Nanosecond)
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestWhileNothingIsHeardAValueHoldsForHalfASecond(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*channel{"no announcements": nil, "late announcements": {}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				cache, _ := cacheOf(&store{}, c, 10)
				require.Equal(t, 1, get(t, cache, acme))
				time.Sleep(500*time.Millisecond - time.Nanosecond)
				assert.Equal(t, 1, get(t, cache, acme))
				time.Sleep(time.Nanosecond)
				assert.Equal(t, 2, get(t, cache, acme))
			})
		})
	}
}

func TestWhatWasReadLongAgoEndsWhenAnnouncementsDo(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &channel{current: true}
		cache, _ := cacheOf(&store{}, c, 10)
		require.Equal(t, 1, get(t, cache, acme))
		time.Sleep(time.Second)
		require.Equal(t, 1, get(t, cache, acme))
		c.current = false
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestAValueEndsWithAChangeOfWhatItIsOf(t *testing.T) {
	t.Parallel()
	c := &channel{current: true}
	cache, log := cacheOf(&store{}, c, 10)
	require.Equal(t, 1, get(t, cache, acme))
	c.tell(ports.KeyChanged, globex)
	assert.Equal(t, 1, get(t, cache, acme), "another's change")
	c.tell(ports.KeyChanged, acme)
	assert.Equal(t, 2, get(t, cache, acme))
	assert.Equal(t, 2, get(t, cache, acme), "once")
	c.tell(ports.AnythingChanged, tenancy.ID{})
	assert.Equal(t, 3, get(t, cache, acme))
	log.Invalidate(ports.ChangeNotification{Kind: ports.UserChanged, ID: acme})
	assert.Equal(t, 4, get(t, cache, acme), "a change of this process's own")
}

// TestAChangeDuringALookupIsNotLost: who asked before the change may be answered
// what was there before it; who asks afterwards may not, and nothing of it is
// remembered.
func TestAChangeDuringALookupIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &channel{current: true}
		s := &store{wait: time.Second}
		cache, _ := cacheOf(s, c, 10)
		var all sync.WaitGroup
		all.Go(func() { assert.Equal(t, 1, get(t, cache, acme)) })
		time.Sleep(time.Second / 2) // the store has read, and not yet answered
		c.tell(ports.KeyChanged, acme)
		all.Go(func() {
			assert.Equal(t, 2, get(t, cache, acme),
				"what was read before the change")
		})
		all.Wait()
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestASlowStoreIsAskedOnceByEach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &store{wait: 2 * time.Second} // longer than anything holds that isn't heard of
		cache, _ := cacheOf(s, nil, 10)
		assert.Equal(t, 1, get(t, cache, acme))
		assert.Equal(t, 2, get(t, cache, acme))
	})
}

func TestConcurrentLookupsAreOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, _ := cacheOf(&store{wait: time.Second}, &channel{current: true}, 10)
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { assert.Equal(t, 1, get(t, cache, acme)) })
		}
		all.Wait()
	})
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cache, _ := cacheOf(&store{wait: time.Second}, &channel{current: true}, 10)
		impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		var all sync.WaitGroup
		all.Go(func() {
			_, err := cache.Get(impatient, acme)
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		synctest.Wait()
		all.Go(func() { assert.Equal(t, 2, get(t, cache, acme)) })
		all.Wait()
	})
}

func TestErrorsAreNotRememberedAndPushNothingOut(t *testing.T) {
	t.Parallel()
	s := &store{}
	cache, _ := cacheOf(s, &channel{current: true}, 10)
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

func TestSizeBoundsWhatIsRemembered(t *testing.T) {
	t.Parallel()
	s := &store{}
	cache, _ := cacheOf(s, &channel{current: true}, 10)
	ids := make([]tenancy.ID, 1000)
	for i := range ids {
		ids[i] = tenancy.NewID()
		get(t, cache, ids[i])
	}
	var again int
	for _, id := range ids {
		again += get(t, cache, id) - 1
	}
	assert.Greater(t, again, 900, "most must have been forgotten")
}

func TestWhatAnyTenantMayEndEndsWithAnyTenant(t *testing.T) {
	t.Parallel()
	c := &channel{current: true}
	log := cacheinval.New(c, nil)
	m := log.Snapshot()
	require.True(t, log.ValidForAllTenants(m))
	c.tell(ports.KeyChanged, acme)
	assert.True(t, log.ValidForAllTenants(m), "a key is no tenant")
	c.tell(ports.TenantChanged, globex)
	assert.False(t, log.ValidForAllTenants(m))
	assert.True(t, log.ValidForAllTenants(log.Snapshot()))
	m = log.Snapshot()
	c.tell(ports.AnythingChanged, tenancy.ID{})
	assert.False(t, log.ValidForAllTenants(m))
	c.current = false
	assert.True(t, log.ValidForAllTenants(log.Snapshot()), "it was read this moment")
}

// TestMoreChangesThanAreKeptApartEndEverything: none of them may be lost.
func TestMoreChangesThanAreKeptApartEndEverything(t *testing.T) {
	t.Parallel()
	c := &channel{current: true}
	log := cacheinval.New(c, nil)
	m := log.Snapshot()
	c.tell(ports.KeyChanged, acme)
	for range 10_000 {
		c.tell(ports.KeyChanged, tenancy.NewID())
	}
	assert.False(t, log.Valid(m, acme))
	assert.False(t, log.Valid(m, globex))
	assert.True(t, log.Valid(log.Snapshot(), acme, globex))
}

// TestNothingOldIsReadAfterAChangeWhateverTheRace changes a value and asks for it
// many times at once: nobody may get one that was gone before they asked.
func TestNothingOldIsReadAfterAChangeWhateverTheRace(t *testing.T) {
	t.Parallel()
	c := &channel{current: true}
	log := cacheinval.New(c, nil)
	var stored atomic.Int64
	cache := cacheinval.NewCache(log, cacheinval.CacheOptions[tenancy.ID, int64]{
		Size:  10,
		Load:  func(context.Context, tenancy.ID) (int64, error) { return stored.Load(), nil },
		TTL:   func(int64) time.Duration { return life },
		Valid: func(m cacheinval.Snapshot, _ int64) bool { return log.Valid(m, acme) },
	})
	done := make(chan struct{})
	var readers sync.WaitGroup
	var told atomic.Int64
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				least := told.Load()
				got, err := cache.Get(context.Background(), acme)
				if err != nil || got < least {
					t.Errorf("%d, %v after %d was told of", got, err, least)
					return
				}
			}
		})
	}
	for n := range int64(20_000) {
		stored.Store(n)
		c.tell(ports.KeyChanged, acme)
		told.Store(n)
	}
	close(done)
	readers.Wait()
}

func ExampleInvalidations() {
	var log = cacheinval.New(nil, nil)
	before := log.Snapshot()
	log.Invalidate(ports.ChangeNotification{Kind: ports.TenantChanged, ID: tenancy.DefaultID})
	fmt.Println(log.Valid(before, tenancy.DefaultID), log.Valid(log.Snapshot(), tenancy.DefaultID))
	// Output: false true
}
