package resolve_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

var acmeHost = resolve.Sources{Host: "acme.localhost"}

func TestTenantIsCachedForTheTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r := resolve.New(store, resolve.Options{})
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		loads := store.loads()

		time.Sleep(time.Second - time.Nanosecond)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, loads, store.loads(), "the store was read within the TTL")

		gone := acme
		gone.State = tenancy.Deleted
		store.put(gone)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "tenant_not_found", outcome(t, r, acmeHost), "after the TTL")
	})
}

func TestUnknownNameIsCachedForTheUnknownTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r := resolve.New(store, resolve.Options{TTL: time.Minute})
		newcomer := tenant("newcomer", tenancy.Active)
		host := resolve.Sources{Host: "newcomer.localhost"}
		require.Equal(t, "tenant_not_found", outcome(t, r, host))
		loads := store.loads()

		store.put(newcomer)
		time.Sleep(2*time.Second - time.Nanosecond)
		require.Equal(t, "tenant_not_found", outcome(t, r, host))
		assert.Equal(t, loads, store.loads(), "the store was read again within the UnknownTTL")

		time.Sleep(time.Nanosecond)
		assert.Equal(t, "newcomer", outcome(t, r, host))
	})
}

func TestRestoredTenantIsSeenAfterTheUnknownTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r := resolve.New(store, resolve.Options{TTL: time.Minute})
		host := resolve.Sources{Host: "gone.localhost"}
		require.Equal(t, "tenant_not_found", outcome(t, r, host))

		restored := deleted
		restored.State = tenancy.Active
		store.put(restored)
		time.Sleep(2 * time.Second)
		assert.Equal(t, "gone", outcome(t, r, host))
	})
}

func TestInvalidateTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	store := allTenants()
	r := resolve.New(store, resolve.Options{})
	bySlug, byID := acmeHost, resolve.Sources{Key: acme.ID}
	require.Equal(t, "acme", outcome(t, r, bySlug))
	require.Equal(t, "acme", outcome(t, r, byID))

	gone := acme
	gone.State = tenancy.Deleted
	store.put(gone)
	r.Invalidate(acme.ID, "")
	assert.Equal(t, "tenant_not_found", outcome(t, r, bySlug),
		"the id alone is enough for a cached tenant")
	assert.Equal(t, "tenant_not_found", outcome(t, r, byID))

	newcomer := tenant("newcomer", tenancy.Active)
	host := resolve.Sources{Host: "newcomer.localhost"}
	require.Equal(t, "tenant_not_found", outcome(t, r, host))
	store.put(newcomer)
	r.Invalidate(newcomer.ID, newcomer.Slug)
	assert.Equal(t, "newcomer", outcome(t, r, host))
}

func TestInvalidateDuringALookupIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := acme
		gone.State = tenancy.Deleted
		store := &slowStore{fakeStore: allTenants()}
		r := resolve.New(store, resolve.Options{})

		first := make(chan string)
		go func() { first <- outcome(t, r, resolve.Sources{Key: acme.ID}) }()
		time.Sleep(time.Second / 2) // the store has read and not yet returned
		store.put(gone)
		r.Invalidate(acme.ID, acme.Slug)
		<-first
		assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Key: acme.ID}),
			"a value from before the invalidation is cached after it")
	})
}

// slowStore reads at once and returns after a second.
type slowStore struct{ *fakeStore }

func (s *slowStore) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	t, err := s.fakeStore.Get(ctx, id)
	time.Sleep(time.Second)
	return t, err
}

func TestConcurrentLookupsShareOneLoad(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		store.beforeLoad(func(context.Context) error { time.Sleep(time.Second); return nil })
		r := resolve.New(store, resolve.Options{})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { assert.Equal(t, "acme", outcome(t, r, resolve.Sources{Key: acme.ID})) })
			all.Go(func() {
				assert.Equal(t, "tenant_not_found",
					outcome(t, r, resolve.Sources{Path: "ghost"}))
			})
		}
		all.Wait()
		assert.Equal(t, 2, store.loads(), "one for the tenant, one for the ghost's slug")
	})
}

func TestCanceledCallerDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		store.beforeLoad(func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return tenancy.Errorf(tenancy.CodeUnavailable, "the store gave up").
					Because(ctx.Err())
			case <-time.After(time.Second):
				return nil
			}
		})
		r := resolve.New(store, resolve.Options{})
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()

		var all sync.WaitGroup
		all.Go(func() { // the caller that starts the load
			_, err := r.Resolve(impatient, acmeHost)
			assert.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() { assert.Equal(t, "acme", outcome(t, r, acmeHost)) })
		}
		all.Go(func() { // a caller that waits for the load of another
			_, err := r.Resolve(impatient, acmeHost)
			assert.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		all.Wait()
	})
}

func TestStoreErrorIsReturnedAndNotCached(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection refused")
	for name, fault := range map[string]error{
		"with a code": tenancy.Errorf(tenancy.CodeUnavailable, "the database is out of reach"),
		"without":     broken,
		"wrapped":     fmt.Errorf("a query: %w", broken),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store := allTenants()
			r := resolve.New(store, resolve.Options{})
			store.beforeLoad(func(context.Context) error { return fault })
			for _, s := range []resolve.Sources{acmeHost, {Key: acme.ID}, {Path: "ghost"}} {
				_, err := r.Resolve(t.Context(), s)
				require.ErrorIs(t, err, fault)
				require.Equal(t, tenancy.CodeOf(fault), tenancy.CodeOf(err))
			}
			store.beforeLoad(nil)
			assert.Equal(t, "acme", outcome(t, r, acmeHost))
			assert.Equal(t, "acme", outcome(t, r, resolve.Sources{Key: acme.ID}))
			assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Path: "ghost"}))
		})
	}
}

// foldingStore returns the tenant of another slug, like a database with a
// case-insensitive collation.
type foldingStore struct{ *fakeStore }

func (s foldingStore) BySlug(ctx context.Context, _ tenancy.Slug) (tenancy.Tenant, error) {
	return s.fakeStore.BySlug(ctx, acme.Slug)
}

func (s foldingStore) Get(ctx context.Context, _ tenancy.ID) (tenancy.Tenant, error) {
	return s.fakeStore.Get(ctx, acme.ID)
}

func TestWrongTenantFromTheStoreIsAnInternalError(t *testing.T) {
	t.Parallel()
	r := resolve.New(foldingStore{allTenants()}, resolve.Options{})
	assert.Equal(t, "internal", outcome(t, r, resolve.Sources{Path: "globex"}))
	assert.Equal(t, "internal", outcome(t, r, resolve.Sources{Key: globex.ID}))
	assert.Equal(t, "acme", outcome(t, r, acmeHost))
}

func TestTenantInUnknownStateIsNotFound(t *testing.T) {
	t.Parallel()
	odd := tenant("odd", "purged")
	r := resolve.New(newStore(odd), resolve.Options{})
	assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Path: "odd"}))
}

func TestUnknownNamesDoNotExceedTheCacheSize(t *testing.T) {
	t.Parallel()
	store := allTenants()
	r := resolve.New(store, resolve.Options{CacheSize: 10})
	for i := range 2000 {
		require.Equal(t, "tenant_not_found",
			outcome(t, r, resolve.Sources{Path: fmt.Sprintf("ghost-%d", i)}))
	}
	loads := store.loads()
	for i := range 2000 {
		require.Equal(t, "tenant_not_found",
			outcome(t, r, resolve.Sources{Path: fmt.Sprintf("ghost-%d", i)}))
	}
	assert.Greater(t, store.loads()-loads, 1500, "most of the names must have been evicted")
}
