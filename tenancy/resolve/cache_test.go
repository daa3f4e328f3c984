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

func TestATenantIsRememberedForTheTTL(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r := resolve.New(w, resolve.Options{})
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		asked := w.questions()

		time.Sleep(time.Second - time.Nanosecond)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, asked, w.questions(), "the store was asked within the TTL")

		gone := acme
		gone.State = tenancy.Deleted
		w.put(gone)
		time.Sleep(time.Nanosecond)
		assert.Equal(t, "tenant_not_found", outcome(t, r, acmeHost), "after the TTL")
	})
}

func TestNoTenantIsRememberedForAShorterTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r := resolve.New(w, resolve.Options{TTL: time.Minute})
		newcomer := tenant("newcomer", tenancy.Active)
		host := resolve.Sources{Host: "newcomer.localhost"}
		require.Equal(t, "tenant_not_found", outcome(t, r, host))
		asked := w.questions()

		w.put(newcomer)
		time.Sleep(2*time.Second - time.Nanosecond)
		require.Equal(t, "tenant_not_found", outcome(t, r, host))
		assert.Equal(t, asked, w.questions(), "the store was asked again at once")

		time.Sleep(time.Nanosecond)
		assert.Equal(t, "newcomer", outcome(t, r, host))
	})
}

func TestARestoredTenantIsSeenAfterTheShorterTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r := resolve.New(w, resolve.Options{TTL: time.Minute})
		host := resolve.Sources{Host: "gone.localhost"}
		require.Equal(t, "tenant_not_found", outcome(t, r, host))

		restored := deleted
		restored.State = tenancy.Active
		w.put(restored)
		time.Sleep(2 * time.Second)
		assert.Equal(t, "gone", outcome(t, r, host))
	})
}

func TestInvalidateIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	w := everyone()
	r := resolve.New(w, resolve.Options{})
	bySlug, byID := acmeHost, resolve.Sources{Key: acme.ID}
	require.Equal(t, "acme", outcome(t, r, bySlug))
	require.Equal(t, "acme", outcome(t, r, byID))

	gone := acme
	gone.State = tenancy.Deleted
	w.put(gone)
	r.Invalidate(acme.ID, "")
	assert.Equal(t, "tenant_not_found", outcome(t, r, bySlug),
		"the id alone is enough for a tenant that was there")
	assert.Equal(t, "tenant_not_found", outcome(t, r, byID))

	newcomer := tenant("newcomer", tenancy.Active)
	host := resolve.Sources{Host: "newcomer.localhost"}
	require.Equal(t, "tenant_not_found", outcome(t, r, host))
	w.put(newcomer)
	r.Invalidate(newcomer.ID, newcomer.Slug)
	assert.Equal(t, "newcomer", outcome(t, r, host))
}

func TestInvalidateDuringALookupIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		gone := acme
		gone.State = tenancy.Deleted
		w := &slowStore{world: everyone()}
		r := resolve.New(w, resolve.Options{})

		first := make(chan string)
		go func() { first <- outcome(t, r, resolve.Sources{Key: acme.ID}) }()
		time.Sleep(time.Second / 2) // the store has read, and not yet answered
		w.put(gone)
		r.Invalidate(acme.ID, acme.Slug)
		<-first
		assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Key: acme.ID}),
			"what was read before the invalidation is remembered after it")
	})
}

// slowStore reads at once and answers after a second.
type slowStore struct{ *world }

func (s *slowStore) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	t, err := s.world.Get(ctx, id)
	time.Sleep(time.Second)
	return t, err
}

func TestConcurrentLookupsAreOneQuestion(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		w.onAsk(func(context.Context) error { time.Sleep(time.Second); return nil })
		r := resolve.New(w, resolve.Options{})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() { assert.Equal(t, "acme", outcome(t, r, resolve.Sources{Key: acme.ID})) })
			all.Go(func() {
				assert.Equal(t, "tenant_not_found",
					outcome(t, r, resolve.Sources{Path: "ghost"}))
			})
		}
		all.Wait()
		assert.Equal(t, 2, w.questions(), "one for the tenant, one for the ghost's slug")
	})
}

func TestACallerWhoGivesUpDoesNotFailTheOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		w.onAsk(func(ctx context.Context) error {
			select {
			case <-ctx.Done():
				return tenancy.Errorf(tenancy.CodeUnavailable, "the store gave up").
					Because(ctx.Err())
			case <-time.After(time.Second):
				return nil
			}
		})
		r := resolve.New(w, resolve.Options{})
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()

		var all sync.WaitGroup
		all.Go(func() { // the one that asks
			_, err := r.Resolve(impatient, acmeHost)
			assert.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
		})
		synctest.Wait()
		for range 10 {
			all.Go(func() { assert.Equal(t, "acme", outcome(t, r, acmeHost)) })
		}
		all.Go(func() { // one that waits for the others
			_, err := r.Resolve(impatient, acmeHost)
			assert.Equal(t, tenancy.CodeUnavailable, tenancy.CodeOf(err))
			assert.ErrorIs(t, err, context.DeadlineExceeded)
		})
		all.Wait()
	})
}

func TestAnErrorOfTheStoreIsAnsweredAndNotRemembered(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection refused")
	for name, fault := range map[string]error{
		"with a code": tenancy.Errorf(tenancy.CodeUnavailable, "the database is out of reach"),
		"without":     broken,
		"wrapped":     fmt.Errorf("a query: %w", broken),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := everyone()
			r := resolve.New(w, resolve.Options{})
			w.onAsk(func(context.Context) error { return fault })
			for _, s := range []resolve.Sources{acmeHost, {Key: acme.ID}, {Path: "ghost"}} {
				_, err := r.Resolve(t.Context(), s)
				require.ErrorIs(t, err, fault)
				require.Equal(t, tenancy.CodeOf(fault), tenancy.CodeOf(err))
			}
			w.onAsk(nil)
			assert.Equal(t, "acme", outcome(t, r, acmeHost))
			assert.Equal(t, "acme", outcome(t, r, resolve.Sources{Key: acme.ID}))
			assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Path: "ghost"}))
		})
	}
}

// foldingStore finds slugs as a database with a careless collation would: one
// for another.
type foldingStore struct{ *world }

func (s foldingStore) BySlug(ctx context.Context, _ tenancy.Slug) (tenancy.Tenant, error) {
	return s.world.BySlug(ctx, acme.Slug)
}

func (s foldingStore) Get(ctx context.Context, _ tenancy.ID) (tenancy.Tenant, error) {
	return s.world.Get(ctx, acme.ID)
}

func TestAStoreThatAnswersAnotherTenantIsNotBelieved(t *testing.T) {
	t.Parallel()
	r := resolve.New(foldingStore{everyone()}, resolve.Options{})
	assert.Equal(t, "internal", outcome(t, r, resolve.Sources{Path: "globex"}))
	assert.Equal(t, "internal", outcome(t, r, resolve.Sources{Key: globex.ID}))
	assert.Equal(t, "acme", outcome(t, r, acmeHost))
}

func TestATenantInAnUnknownStateIsNotFound(t *testing.T) {
	t.Parallel()
	odd := tenant("odd", "purged")
	r := resolve.New(newWorld(odd), resolve.Options{})
	assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Path: "odd"}))
}

func TestUnknownNamesDoNotFillTheMemory(t *testing.T) {
	t.Parallel()
	w := everyone()
	r := resolve.New(w, resolve.Options{CacheSize: 10})
	for i := range 2000 {
		require.Equal(t, "tenant_not_found",
			outcome(t, r, resolve.Sources{Path: fmt.Sprintf("ghost-%d", i)}))
	}
	asked := w.questions()
	for i := range 2000 {
		require.Equal(t, "tenant_not_found",
			outcome(t, r, resolve.Sources{Path: fmt.Sprintf("ghost-%d", i)}))
	}
	assert.Greater(t, w.questions()-asked, 1500, "most of the names must have been forgotten")
}
