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

// countingKeyFinder counts its calls.
type countingKeyFinder struct {
	ports.KeyFinder
	calls atomic.Int64
	delay time.Duration // between reading and returning
}

func (c *countingKeyFinder) Find(
	ctx context.Context, hash tenancy.KeyHash,
) (tenancy.APIKey, error) {
	c.calls.Add(1)
	key, err := c.KeyFinder.Find(ctx, hash)
	time.Sleep(c.delay)
	return key, err
}

// instances are two services over one store.
type instances struct {
	store    ports.Services
	finder   *countingKeyFinder
	one, two *admin.Service
	acme     tenancy.Tenant
}

// newInstances makes two services. Unless they are connected, neither is notified
// of the changes of the other.
func newInstances(t *testing.T, connected bool) *instances {
	t.Helper()
	store := memory.New(nil, memory.Options{}).Services()
	i := &instances{store: store, finder: &countingKeyFinder{KeyFinder: store.KeyFinder}}
	store.KeyFinder = i.finder
	if !connected {
		store.ChangeNotifier = nil
	}
	i.one, i.two = admin.New(store, admin.Options{}), admin.New(store, admin.Options{})
	var err error
	i.acme, err = i.one.CreateTenant(t.Context(), superAdmin,
		admin.NewTenant{Slug: "acme", Name: "Acme"})
	require.NoError(t, err)
	return i
}

func (i *instances) key(t *testing.T, k admin.NewKey) (tenancy.APIKey, string) {
	t.Helper()
	k.Name, k.Role = "a key", tenancy.Editor
	key, secret, err := i.one.CreateKey(t.Context(), superAdmin, "acme", k)
	require.NoError(t, err)
	return key, secret
}

func requireAccepted(t *testing.T, s *admin.Service, secret string) {
	t.Helper()
	_, err := s.Authenticate(t.Context(), secret)
	require.NoError(t, err)
}

func assertRefused(t *testing.T, s *admin.Service, secret, why string) {
	t.Helper()
	_, err := s.Authenticate(t.Context(), secret)
	assert.Equal(t, tenancy.CodeUnauthenticated, tenancy.CodeOf(err), why)
}

func TestKeyIsLoadedOnce(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	_, secret := i.key(t, admin.NewKey{})
	for range 100 {
		requireAccepted(t, i.one, secret)
	}
	assert.EqualValues(t, 1, i.finder.calls.Load())
}

func TestRevokedKeyIsRefusedOnEveryInstance(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	key, secret := i.key(t, admin.NewKey{})
	requireAccepted(t, i.one, secret)
	requireAccepted(t, i.two, secret)
	require.NoError(t, i.one.RevokeKey(t.Context(), superAdmin, "acme", key.ID))
	assertRefused(t, i.one, secret, "on the instance that revoked it")
	assertRefused(t, i.two, secret, "on the other one")
}

func TestKeysOfDeletedTenantAreRefusedOnEveryInstance(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	_, secret := i.key(t, admin.NewKey{})
	requireAccepted(t, i.one, secret)
	requireAccepted(t, i.two, secret)
	_, err := i.one.DeleteTenant(t.Context(), superAdmin, "acme")
	require.NoError(t, err)
	assertRefused(t, i.one, secret, "on the instance that deleted it")
	assertRefused(t, i.two, secret, "on the other one")
	_, err = i.two.RestoreTenant(t.Context(), superAdmin, "acme")
	require.NoError(t, err)
	requireAccepted(t, i.one, secret)
}

func TestRevocationWithoutNotifierTakesEffectElsewhereWithinASecond(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, false)
		key, secret := i.key(t, admin.NewKey{})
		requireAccepted(t, i.one, secret)
		requireAccepted(t, i.two, secret)
		require.NoError(t, i.one.RevokeKey(t.Context(), superAdmin, "acme", key.ID))
		assertRefused(t, i.one, secret, "on the instance that revoked it")
		requireAccepted(t, i.two, secret)
		time.Sleep(500 * time.Millisecond)
		assertRefused(t, i.two, secret, "on the other one")
	})
}

func TestCachedKeyIsRefusedOnceItExpires(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, true)
		_, secret := i.key(t, admin.NewKey{ExpiresAt: time.Now().Add(10 * time.Second)})
		requireAccepted(t, i.one, secret)
		time.Sleep(10*time.Second - time.Nanosecond)
		requireAccepted(t, i.one, secret)
		assert.EqualValues(t, 1, i.finder.calls.Load())
		time.Sleep(time.Nanosecond)
		assertRefused(t, i.one, secret, "expired")
	})
}

func TestLastUseOfKeyIsRecordedAboutEachMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, true)
		_, secret := i.key(t, admin.NewKey{})
		for range 600 {
			requireAccepted(t, i.one, secret)
			time.Sleep(time.Second)
		}
		keys, err := i.one.ListKeys(t.Context(), superAdmin, "acme", "", 10)
		require.NoError(t, err)
		require.Len(t, keys, 1)
		assert.Less(t, time.Since(keys[0].LastUsedAt), 2*time.Minute+time.Second)
		assert.LessOrEqual(t, i.finder.calls.Load(), int64(11))
	})
}

func TestRevocationDuringALookupTakesEffect(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		i := newInstances(t, true)
		i.finder.delay = time.Second
		key, secret := i.key(t, admin.NewKey{})
		var lookup sync.WaitGroup
		lookup.Go(func() { _, _ = i.two.Authenticate(t.Context(), secret) })
		time.Sleep(time.Second / 2) // the store has read and not yet returned
		require.NoError(t, i.one.RevokeKey(t.Context(), superAdmin, "acme", key.ID))
		assertRefused(t, i.two, secret, "read before the revocation")
		lookup.Wait()
		assertRefused(t, i.two, secret, "cached from before the revocation")
	})
}

// An outsider must not be able to make every caller's lookup go to the database.
func TestFloodOfUnknownKeysEvictsNoValidKey(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	var valid []string
	for range 20 {
		_, secret := i.key(t, admin.NewKey{})
		valid = append(valid, secret)
		requireAccepted(t, i.one, secret)
	}
	for range 50_000 {
		assertRefused(t, i.one, tenancy.NewKeySecret(), "unknown")
	}
	calls := i.finder.calls.Load()
	for _, secret := range valid {
		requireAccepted(t, i.one, secret)
	}
	assert.Equal(t, calls, i.finder.calls.Load(), "valid keys were evicted")
}

// Each key must be its own tenant's, whatever other keys are cached.
func TestCachedKeysKeepTheirOwnTenants(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	secrets := map[tenancy.ID]string{}
	for n := range 10 {
		made, err := i.one.CreateTenant(t.Context(), superAdmin,
			admin.NewTenant{Slug: fmt.Sprintf("tenant-%d", n), Name: "One of ten"})
		require.NoError(t, err)
		_, secret, err := i.one.CreateKey(t.Context(), superAdmin, made.ID.String(),
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

func TestForgetInvalidatesCachedKeys(t *testing.T) {
	t.Parallel()
	i := newInstances(t, true)
	_, secret := i.key(t, admin.NewKey{})
	requireAccepted(t, i.one, secret)
	i.one.ClearCache()
	requireAccepted(t, i.one, secret)
	assert.EqualValues(t, 2, i.finder.calls.Load())
}
