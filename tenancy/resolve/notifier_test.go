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

// channel is a host's announcements, which can be late.
type channel struct {
	late  bool
	heard func(ports.ChangeNotification)
}

func (c *channel) Subscribe(heard func(ports.ChangeNotification)) func() {
	c.heard = heard
	return func() {}
}

func (c *channel) Healthy() bool               { return !c.late }
func (c *channel) Flush(context.Context) error { return nil }

// changes puts a tenant, and announces it.
func (c *channel) changes(w *world, t tenancy.Tenant) {
	w.put(t)
	c.heard(ports.ChangeNotification{Kind: ports.TenantChanged, ID: t.ID})
}

func announced(w resolve.Tenants) (*resolve.Resolver, *channel) {
	c := &channel{}
	return resolve.New(w, resolve.Options{ChangeNotifier: c}), c
}

func with(t tenancy.Tenant, state tenancy.State) tenancy.Tenant {
	t.State = state
	return t
}

func TestAnAnnouncedChangeIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	w := everyone()
	r, c := announced(w)
	byID := resolve.Sources{Path: acme.ID.String()}
	require.Equal(t, "acme", outcome(t, r, acmeHost))
	require.Equal(t, "acme", outcome(t, r, byID))
	require.Equal(t, "acme", outcomeFor(t, r, nobody, acmeHost))

	c.changes(w, with(acme, tenancy.Deleted))
	for _, s := range []resolve.Sources{acmeHost, byID} {
		assert.Equal(t, "tenant_not_found", outcome(t, r, s))
		assert.Equal(t, "tenant_not_found", outcomeFor(t, r, nobody, s))
	}
	c.changes(w, acme)
	for _, s := range []resolve.Sources{acmeHost, byID} {
		assert.Equal(t, "acme", outcome(t, r, s))
		assert.Equal(t, "acme", outcomeFor(t, r, nobody, s))
	}
}

func TestANewTenantIsFoundAlthoughItsSlugWasNobodys(t *testing.T) {
	t.Parallel()
	w := everyone()
	r, c := announced(w)
	host := resolve.Sources{Host: "newcomer.localhost"}
	require.Equal(t, "tenant_not_found", outcome(t, r, host))
	c.changes(w, tenant("newcomer", tenancy.Active))
	assert.Equal(t, "newcomer", outcome(t, r, host))
}

func TestWhileAllIsHeardATenantIsRememberedForMinutes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r, _ := announced(w)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		asked := w.questions()
		time.Sleep(5*time.Minute - time.Nanosecond)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, asked, w.questions())
		time.Sleep(time.Nanosecond)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Greater(t, w.questions(), asked)
	})
}

func TestALostAnnouncementIsMadeUpForWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r, c := announced(w)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		time.Sleep(time.Minute)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		c.late = true
		w.put(with(acme, tenancy.Deleted)) // and nobody says so
		time.Sleep(500 * time.Millisecond)
		assert.Equal(t, "tenant_not_found", outcome(t, r, acmeHost))
	})
}

func TestAChangeThatIsAnnouncedDuringALookupIsNotLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &slowStore{world: everyone()}
		r, c := announced(w)
		var first sync.WaitGroup
		first.Go(func() { outcome(t, r, resolve.Sources{Key: acme.ID}) })
		time.Sleep(time.Second / 2) // the store has read, and not yet answered
		c.changes(w.world, with(acme, tenancy.Deleted))
		assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Key: acme.ID}))
		first.Wait()
		assert.Equal(t, "tenant_not_found", outcome(t, r, resolve.Sources{Key: acme.ID}),
			"what was read before the change is remembered after it")
	})
}

// TestChangesElsewhereDoNotTellAHiddenTenantFromNone: what isn't active is
// forgotten together, or its own changes would show in how long its name takes.
func TestChangesElsewhereDoNotTellAHiddenTenantFromNone(t *testing.T) {
	t.Parallel()
	for _, changed := range []tenancy.Tenant{suspended, deleted, globex} {
		var costs []int
		for _, target := range []tenancy.Tenant{suspended, deleted, tenant("ghost", "")} {
			w := everyone()
			r, c := announced(w)
			s := resolve.Sources{Path: string(target.Slug)}
			require.Equal(t, "tenant_not_found", outcomeFor(t, r, nobody, s))
			c.changes(w, changed)
			before := w.questions()
			require.Equal(t, "tenant_not_found", outcomeFor(t, r, nobody, s))
			costs = append(costs, w.questions()-before)
		}
		assert.Equal(t, []int{1, 1, 1}, costs, "after a change of %s", changed.Slug)
	}
}

// Not parallel: AllocsPerRun counts what the whole process allocates.
func TestAWarmResolutionAllocatesNothingAlthoughItListens(t *testing.T) {
	r, c := announced(everyone())
	ctx := t.Context()
	s := resolve.Sources{Host: "acme.localhost:8080", Path: "acme"}
	_, err := r.Resolve(ctx, s)
	require.NoError(t, err)
	c.heard(ports.ChangeNotification{Kind: ports.TenantChanged, ID: globex.ID})
	assert.Zero(t, testing.AllocsPerRun(1000, func() { _, _ = r.Resolve(ctx, s) }))
}
