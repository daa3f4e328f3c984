package resolve_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// fakeNotifier delivers notifications at once. It is healthy unless late.
type fakeNotifier struct {
	late    bool
	receive func(ports.ChangeNotification)
}

func (c *fakeNotifier) Subscribe(receive func(ports.ChangeNotification)) func() {
	c.receive = receive
	return func() {}
}

func (c *fakeNotifier) Healthy() bool               { return !c.late }
func (c *fakeNotifier) Flush(context.Context) error { return nil }

// change stores a tenant and notifies of the change.
func (c *fakeNotifier) change(store *fakeStore, t tenancy.Tenant) {
	store.put(t)
	c.receive(ports.ChangeNotification{Kind: ports.TenantChanged, ID: t.ID})
}

func withNotifier(store resolve.Tenants) (*resolve.Resolver, *fakeNotifier) {
	c := &fakeNotifier{}
	return resolve.New(store, resolve.Options{ChangeNotifier: c}), c
}

func with(t tenancy.Tenant, state tenancy.State) tenancy.Tenant {
	t.State = state
	return t
}

func TestNotifiedChangeIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	store := allTenants()
	r, c := withNotifier(store)
	byID := resolve.Sources{Path: acme.ID.String()}
	require.Equal(t, "acme", outcome(t, r, acmeHost))
	require.Equal(t, "acme", outcome(t, r, byID))
	require.Equal(t, "acme", outcomeFor(t, r, anonymous, acmeHost))

	c.change(store, with(acme, tenancy.Deleted))
	for _, s := range []resolve.Sources{acmeHost, byID} {
		assert.Equal(t, "tenant_not_found", outcome(t, r, s))
		assert.Equal(t, "tenant_not_found", outcomeFor(t, r, anonymous, s))
	}
	c.change(store, acme)
	for _, s := range []resolve.Sources{acmeHost, byID} {
		assert.Equal(t, "acme", outcome(t, r, s))
		assert.Equal(t, "acme", outcomeFor(t, r, anonymous, s))
	}
}

func TestNewTenantIsFoundAlthoughItsSlugWasCachedAsUnknown(t *testing.T) {
	t.Parallel()
	store := allTenants()
	r, c := withNotifier(store)
	host := resolve.Sources{Host: "newcomer.localhost"}
	require.Equal(t, "tenant_not_found", outcome(t, r, host))
	c.change(store, tenant("newcomer", tenancy.Active))
	assert.Equal(t, "newcomer", outcome(t, r, host))
}

func TestTenantIsCachedForMinutesWhileNotifierIsHealthy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r, _ := withNotifier(store)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		loads := store.loads()
		time.Sleep(5*time.Minute - time.Nanosecond)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, loads, store.loads())
		time.Sleep(time.Nanosecond)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Greater(t, store.loads(), loads)
	})
}

func TestLostNotificationIsSeenWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r, c := withNotifier(store)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		time.Sleep(time.Minute)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		c.late = true
		store.put(with(acme, tenancy.Deleted)) // without a notification
		time.Sleep(500 * time.Millisecond)
		assert.Equal(t, "tenant_not_found", outcome(t, r, acmeHost))
	})
}

func TestNotifiedChangeDuringALookupIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{fakeStore: allTenants()}
		r, c := withNotifier(store)
		var first sync.WaitGroup
		first.Go(func() { outcome(t, r, resolve.Sources{Key: acme.ID}) })
		time.Sleep(time.Second / 2) // the store has read and not yet returned
		c.change(store.fakeStore, with(acme, tenancy.Deleted))
		assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Key: acme.ID}))
		first.Wait()
		assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Key: acme.ID}),
			"a value from before the change is cached after it")
	})
}

// Any tenant's change invalidates all inactive and unknown tenants together.
// Otherwise the number of loads would reveal the changes of a hidden tenant.
func TestChangesOfOtherTenantsDoNotRevealHiddenTenants(t *testing.T) {
	t.Parallel()
	for _, changed := range []tenancy.Tenant{suspended, deleted, globex} {
		var counts []int
		for _, target := range []tenancy.Tenant{suspended, deleted, tenant("ghost", "")} {
			store := allTenants()
			r, c := withNotifier(store)
			s := resolve.Sources{Path: string(target.Slug)}
			require.Equal(t, "tenant_not_found", outcomeFor(t, r, anonymous, s))
			c.change(store, changed)
			before := store.loads()
			require.Equal(t, "tenant_not_found", outcomeFor(t, r, anonymous, s))
			counts = append(counts, store.loads()-before)
		}
		assert.Equal(t, []int{1, 1, 1}, counts, "after a change of %s", changed.Slug)
	}
}

// Not parallel: AllocsPerRun counts what the whole process allocates.
func TestWarmResolutionWithNotifierAllocatesNothing(t *testing.T) {
	r, c := withNotifier(allTenants())
	ctx := t.Context()
	s := resolve.Sources{Host: "acme.localhost:8080", Path: "acme"}
	_, err := r.Resolve(ctx, s)
	require.NoError(t, err)
	c.receive(ports.ChangeNotification{Kind: ports.TenantChanged, ID: globex.ID})
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = r.Resolve(ctx, s) }))
}
