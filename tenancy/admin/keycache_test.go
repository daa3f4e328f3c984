package admin_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// counted is a finder that counts its questions.
type counted struct {
	ports.KeyFinder
	asked atomic.Int64
	wait  time.Duration // between reading and answering
}

func (c *counted) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	c.asked.Add(1)
	key, err := c.KeyFinder.Find(ctx, hash)
	time.Sleep(c.wait)
	return key, err
}

// instances are two services upon one store.
type instances struct {
	store    ports.Services
	finder   *counted
	one, two *admin.Service
	acme     tenancy.Tenant
}

// newInstances makes two services. Unless they are connected neither hears of
// what the other does.
func newInstances(t *testing.T, connected bool) *instances {
	t.Helper()
	store := memory.New(nil, memory.Options{}).Services()
	i := &instances{store: store, finder: &counted{KeyFinder: store.KeyFinder}}
	store.KeyFinder = i.finder
	if !connected {
		store.ChangeNotifier = nil
	}
	i.one, i.two = admin.New(store, admin.Options{}), admin.New(store, admin.Options{})
	var err error
	i.acme, err = i.one.CreateTenant(t.Context(), super,
		admin.NewTenant{Slug: "acme", Name: "Acme"})
	require.NoError(t, err)
	return i
}

func (i *instances) key(t *testing.T, k admin.NewKey) (tenancy.APIKey, string) {
	t.Helper()
	k.Name, k.Role = "a key", tenancy.Editor
	key, secret, err := i.one.CreateKey(t.Context(), super, "acme", k)
	require.NoError(t, err)
	return key, secret
}

func lets(t *testing.T, s *admin.Service, secret string) {
	t.Helper()
	_, err := s.Authenticate(t.Context(), secret)
	require.NoError(t, err)
}

func refuses(t *testing.T, s *admin.Service, secret, why string) {
	t.Helper()
	_, err := s.Authenticate(t.Context(), secret)
	assert.Equal(t, tenancy.CodeUnauthenticated, tenancy.CodeOf(err), why)
}

func TestAKeyIsAskedForOnce(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	_, secret := i.key(t, admin.NewKey{})
	for range 100 {
		lets(t, i.one, secret)
	}
	assert.EqualValues(t, 1, i.finder.asked.Load())
}

func TestARevokedKeyIsRefusedOnEveryInstance(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	key, secret := i.key(t, admin.NewKey{})
	lets(t, i.one, secret)
	lets(t, i.two, secret)
	require.NoError(t, i.one.RevokeKey(t.Context(), super, "acme", key.ID))
	refuses(t, i.one, secret, "on the instance that revoked it")
	refuses(t, i.two, secret, "on the other one")
}

func TestTheKeysOfADeletedTenantAreRefusedOnEveryInstance(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	_, secret := i.key(t, admin.NewKey{})
	lets(t, i.one, secret)
	lets(t, i.two, secret)
	_, err := i.one.DeleteTenant(t.Context(), super, "acme")
	require.NoError(t, err)
	refuses(t, i.one, secret, "on the instance that deleted it")
	refuses(t, i.two, secret, "on the other one")
	_, err = i.two.RestoreTenant(t.Context(), super, "acme")
	require.NoError(t, err)
	lets(t, i.one, secret)
}

func TestWithoutAnnouncementsAChangeCountsHereAtOnceAndElsewhereWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, false)
		key, secret := i.key(t, admin.NewKey{})
		lets(t, i.one, secret)
		lets(t, i.two, secret)
		require.NoError(t, i.one.RevokeKey(t.Context(), super, "acme", key.ID))
		refuses(t, i.one, secret, "on the instance that revoked it")
		lets(t, i.two, secret)
		time.Sleep(500 * time.Millisecond)
		refuses(t, i.two, secret, "on the other one")
	})
}

func TestAKeyIsRefusedFromItsLastSecondOnAlthoughItIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, true)
		_, secret := i.key(t, admin.NewKey{ExpiresAt: time.Now().Add(10 * time.Second)})
		lets(t, i.one, secret)
		time.Sleep(10*time.Second - time.Nanosecond)
		lets(t, i.one, secret)
		assert.EqualValues(t, 1, i.finder.asked.Load())
		time.Sleep(time.Nanosecond)
		refuses(t, i.one, secret, "expired")
	})
}

func TestTheUseOfAKeyIsNotedAboutEachMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, true)
		_, secret := i.key(t, admin.NewKey{})
		for range 600 {
			lets(t, i.one, secret)
			time.Sleep(time.Second)
		}
		keys, err := i.one.ListKeys(t.Context(), super, "acme", "", 10)
		require.NoError(t, err)
		require.Len(t, keys, 1)
		assert.Less(t, time.Since(keys[0].LastUsedAt), 2*time.Minute+time.Second)
		assert.LessOrEqual(t, i.finder.asked.Load(), int64(11))
	})
}

func TestARevocationDuringALookupWins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, true)
		i.finder.wait = time.Second
		key, secret := i.key(t, admin.NewKey{})
		var under sync.WaitGroup
		under.Go(func() { _, _ = i.two.Authenticate(t.Context(), secret) })
		time.Sleep(time.Second / 2) // the store has read, and not yet answered
		require.NoError(t, i.one.RevokeKey(t.Context(), super, "acme", key.ID))
		refuses(t, i.two, secret, "what was read before the revocation")
		under.Wait()
		refuses(t, i.two, secret, "what was read before the revocation is remembered")
	})
}

// TestAFloodOfUnknownKeysLeavesTheGoodOnes: an outsider must not be able to make
// the database answer for everybody else.
func TestAFloodOfUnknownKeysLeavesTheGoodOnes(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	var good []string
	for range 20 {
		_, secret := i.key(t, admin.NewKey{})
		good = append(good, secret)
		lets(t, i.one, secret)
	}
	for range 50_000 {
		refuses(t, i.one, tenancy.NewKeySecret(), "unknown")
	}
	asked := i.finder.asked.Load()
	for _, secret := range good {
		lets(t, i.one, secret)
	}
	assert.Equal(t, asked, i.finder.asked.Load(), "good keys were forgotten")
}

// TestWhatOneKeyWarmedIsOfNoUseToAnother: each key is its own tenant's, whatever
// was remembered before.
func TestWhatOneKeyWarmedIsOfNoUseToAnother(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	secrets := map[tenancy.ID]string{}
	for n := range 10 {
		made, err := i.one.CreateTenant(t.Context(), super,
			admin.NewTenant{Slug: fmt.Sprintf("tenant-%d", n), Name: "One of ten"})
		require.NoError(t, err)
		_, secret, err := i.one.CreateKey(t.Context(), super, made.ID.String(),
			admin.NewKey{Name: "a key", Role: tenancy.Admin})
		require.NoError(t, err)
		secrets[made.ID] = secret
	}
	for range 3 {
		for tenant, secret := range secrets {
			p, err := i.one.Authenticate(t.Context(), secret)
			require.NoError(t, err)
			assert.Equal(t, tenant, p.KeyTenant)
			assert.Equal(t, map[tenancy.ID]tenancy.Role{tenant: tenancy.Admin}, p.Roles)
		}
	}
}

func TestForgetAsksAnew(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	_, secret := i.key(t, admin.NewKey{})
	lets(t, i.one, secret)
	i.one.Forget()
	lets(t, i.one, secret)
	assert.EqualValues(t, 2, i.finder.asked.Load())
}
