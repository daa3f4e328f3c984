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

func TestStatsCountWhatWasKnownAndWhatWasAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := everyone()
		r := resolve.New(w, resolve.Options{})
		assert.Zero(t, r.Stats())
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, resolve.Stats{Loads: 2}, r.Stats(), "whose the slug is, and the tenant")
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, resolve.Stats{Loads: 2, Hits: 2}, r.Stats())

		w.onAsk(func(context.Context) error { return errors.New("down") })
		_, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{"globex"}})
		require.Error(t, err)
		assert.Equal(t, resolve.Stats{Loads: 3, Hits: 2, Failures: 1}, r.Stats())

		w.onAsk(nil)
		time.Sleep(31 * time.Second)
		require.Equal(t, "acme", outcome(t, r, acmeHost))
		assert.Equal(t, uint64(5), r.Stats().Loads)
	})
}

func TestStatsTellOfEvictions(t *testing.T) {
	t.Parallel()
	r := resolve.New(everyone(), resolve.Options{CacheSize: 1})
	require.Eventually(t, func() bool {
		for range 100 {
			_, err := r.Resolve(t.Context(),
				resolve.Sources{Headers: []string{tenancy.NewID().String()}})
			require.ErrorIs(t, err, tenancy.ErrTenantNotFound)
		}
		return r.Stats().Evictions > 0
	}, 10*time.Second, time.Millisecond)
}

// Whoever may read the counts must not learn from them what no answer tells.
func TestStatsDoNotTellNobodyWhatStandsBehindAName(t *testing.T) {
	t.Parallel()
	initech, gone := tenant("initech", tenancy.Suspended), tenant("gone", tenancy.Deleted)
	w := newWorld(acme, initech, gone)
	r := resolve.New(w, resolve.Options{})
	// insiders are at work
	_, err := r.Resolve(t.Context(), resolve.Sources{Headers: []string{"initech"}})
	require.NoError(t, err)
	_, err = r.ResolveFor(t.Context(), keyOf(acme), resolve.Sources{})
	require.NoError(t, err)
	for _, names := range [][]string{{"initech", "gone", "unknown"},
		{initech.ID.String(), gone.ID.String(), tenancy.NewID().String()}} {
		for _, by := range []tenancy.Principal{nobody, keyOf(acme)} {
			var rises []resolve.Stats
			for _, name := range names {
				before := r.Stats()
				_, err := r.ResolveFor(t.Context(), by, resolve.Sources{Headers: []string{name}})
				require.Error(t, err)
				after := r.Stats()
				rises = append(rises, resolve.Stats{Hits: after.Hits - before.Hits,
					Loads: after.Loads - before.Loads})
			}
			assert.Equal(t, rises[0], rises[1], names)
			assert.Equal(t, rises[0], rises[2], names)
		}
	}
}
