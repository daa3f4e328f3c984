package resolve_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestStatsCountHitsLoadsAndFailures(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := allTenants()
		r := resolve.New(store, resolve.Options{})
		assert.Zero(t, r.Stats())
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, resolve.Stats{Loads: 2}, r.Stats(), "one for the slug, one for the tenant")
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, resolve.Stats{Loads: 2, Hits: 2}, r.Stats())

		store.beforeLoad(func(context.Context) error { return errors.New("down") })
		_, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{"globex"}})
		require.Error(t, err)
		assert.Equal(t, resolve.Stats{Loads: 3, Hits: 2, Failures: 1}, r.Stats())

		store.beforeLoad(nil)
		time.Sleep(31 * time.Second)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, uint64(5), r.Stats().Loads)
	})
}

func TestStatsCountEvictions(t *testing.T) {
	t.Parallel()
	r := resolve.New(allTenants(), resolve.Options{CacheSize: 1})
	require.Eventually(t, func() bool {
		for range 100 {
			_, err := r.Resolve(t.Context(),
				resolve.Sources{Headers: []string{tenancy.NewID().String()}})
			require.ErrorIs(t, err, tenancy.ErrTenantNotFound)
		}
		return r.Stats().Evictions > 0
	}, 10*time.Second, time.Millisecond)
}

// A reader of the counts must not learn from them what no response reveals.
func TestStatsDoNotRevealHiddenTenants(t *testing.T) {
	t.Parallel()
	initech, gone := tenant("initech", tenancy.Suspended), tenant("gone", tenancy.Deleted)
	store := newStore(acme, initech, gone)
	r := resolve.New(store, resolve.Options{})
	// insiders fill the caches
	_, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{"initech"}})
	require.NoError(t, err)
	_, err = r.ResolveFor(t.Context(), keyOf(acme), resolve.Sources{})
	require.NoError(t, err)
	for _, names := range [][]string{{"initech", "gone", "unknown"},
		{initech.ID.String(), gone.ID.String(), tenancy.NewID().String()}} {
		for _, by := range []tenancy.Principal{anonymous, keyOf(acme)} {
			var increases []resolve.Stats
			for _, name := range names {
				before := r.Stats()
				_, err := r.ResolveFor(t.Context(), by, resolve.Sources{Headers: []string{name}})
				require.Error(t, err)
				after := r.Stats()
				increases = append(increases, resolve.Stats{Hits: after.Hits - before.Hits,
					Loads: after.Loads - before.Loads})
			}
			assert.Equal(t, increases[0], increases[1], names)
			assert.Equal(t, increases[0], increases[2], names)
		}
	}
}
