package httpapitest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/httpapi"
	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/internal/httpapitest/apitest"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// lookupCounter counts the lookups of credentials, and how many there are at once.
type lookupCounter struct {
	ports.KeyFinder
	ports.SessionFinder
	lookups, running, atOnce atomic.Int64
	hold                     func() // called during each lookup
}

func (c *lookupCounter) begin() (end func()) {
	c.lookups.Add(1)
	running := c.running.Add(1)
	for most := c.atOnce.Load(); running > most && !c.atOnce.CompareAndSwap(most, running); {
		most = c.atOnce.Load()
	}
	if c.hold != nil {
		c.hold()
	}
	return func() { c.running.Add(-1) }
}

// countedKeys and countedSessions are the ports of a lookupCounter: both have a method Find.
type countedKeys struct{ *lookupCounter }
type countedSessions struct {
	ports.SessionFinder
	counter *lookupCounter
}

func (c countedKeys) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	defer c.begin()()
	return c.KeyFinder.Find(ctx, hash)
}

func (c countedSessions) Find(
	ctx context.Context, hash identity.SessionHash, now time.Time,
) (identity.Session, error) {
	defer c.counter.begin()()
	return c.SessionFinder.Find(ctx, hash, now)
}

// countingRegistry returns a registry whose clock never moves, and the counter of its lookups.
func countingRegistry(t *testing.T, options ...apitest.Option) (*apitest.Registry, *lookupCounter) {
	t.Helper()
	services := memory.New(apitest.Kinds(), memory.Options{}).Services()
	counter := &lookupCounter{KeyFinder: services.KeyFinder}
	services.KeyFinder = countedKeys{counter}
	services.SessionFinder = countedSessions{services.SessionFinder, counter}
	now := time.Now()
	reg := apitest.Wrap(services, append(options, func(o *httpapi.Options) {
		o.Clock = func() time.Time { return now }
		o.Resolver = nil
	})...)
	reg.AddTenant(t, "acme")
	return reg, counter
}

// from sends a request for acme with a header, from an address.
func from(reg *apitest.Registry, address, header, value string) *httptest.ResponseRecorder {
	req := httptest.NewRequest(http.MethodGet, "/api/v1/prompts", nil)
	req.RemoteAddr = address
	req.Header.Set(header, value)
	req.Header.Set("X-Tenant-ID", "acme")
	w := httptest.NewRecorder()
	reg.Handler.ServeHTTP(w, req)
	return w
}

func TestUnknownCredentialsOfOneAddressAreNotAllLookedUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		header string
		make   func() string
		option apitest.Option
	}{
		"API keys": {"Authorization", func() string { return "Bearer " + tenancy.NewKeySecret() },
			func(*httpapi.Options) {}},
		"adopted keys": {"Authorization",
			func() string { return "Bearer " + tenancy.NewID().String() },
			func(o *httpapi.Options) { o.AdoptedKeys = true }},
		"sessions": {"Cookie", func() string { return "bailiwick=" + identity.NewSessionSecret() },
			func(*httpapi.Options) {}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reg, counter := countingRegistry(t, c.option)
			used := "Bearer " + reg.Tokens["acme-viewer"]
			require.Equal(t, 200, from(reg, "192.0.2.7:1", "Authorization", used).Code)
			require.Equal(t, 401, from(reg, "192.0.2.7:1", c.header, c.make()).Code)
			refused := 0
			for n := range 3000 {
				w := from(reg, fmt.Sprintf("192.0.2.7:%d", 1000+n), c.header, c.make())
				if w.Code == http.StatusTooManyRequests {
					refused++
					require.NotEmpty(t, w.Header().Get("Retry-After"))
				}
			}
			assert.Greater(t, refused, 1900)
			assert.Less(t, counter.lookups.Load(), int64(1100))
			assert.Equal(t, 200, from(reg, "192.0.2.7:2", "Authorization", used).Code,
				"a key that was valid before")
			assert.Equal(t, 200, from(reg, "192.0.2.8:1", "Authorization",
				"Bearer "+reg.Tokens["acme-admin"]).Code, "a new key from another address")
			assert.Equal(t, 401, from(reg, "[2001:db8::1]:1", c.header, c.make()).Code)
		})
	}
}

func TestMalformedKeysAreRefusedWithoutALookup(t *testing.T) {
	t.Parallel()
	reg, counter := countingRegistry(t)
	secret := tenancy.NewKeySecret()
	for range 300 {
		for _, token := range []string{"x", secret[:len(secret)-1] + "g", "Bearer"} {
			require.Equal(t, 401, from(reg, "192.0.2.7:1", "Authorization", "Bearer "+token).Code)
		}
	}
	assert.Zero(t, counter.lookups.Load())
}

func TestRevokedKeyIsLimitedLikeAnUnknownOne(t *testing.T) {
	t.Parallel()
	reg, counter := countingRegistry(t)
	secret := reg.Tokens["acme-viewer"]
	require.Equal(t, 200, from(reg, "192.0.2.7:1", "Authorization", "Bearer "+secret).Code)
	hash, err := tenancy.HashKeySecret(secret)
	require.NoError(t, err)
	key, err := reg.Services.KeyFinder.Find(t.Context(), hash)
	require.NoError(t, err)
	before := counter.lookups.Load()
	w := httptest.NewRecorder()
	req := httptest.NewRequest(http.MethodDelete, "/api/v1/tenants/acme/keys/"+key.ID, nil)
	req.Header.Set("Authorization", "Bearer "+reg.Tokens["acme-admin"])
	reg.Handler.ServeHTTP(w, req)
	require.Equal(t, 204, w.Code)
	for range 3000 {
		from(reg, "192.0.2.7:1", "Authorization", "Bearer "+secret)
	}
	assert.Less(t, counter.lookups.Load()-before, int64(1100))
}

// Strangers with random keys from many addresses use few of the store's connections.
func TestLookupsOfUnknownKeysFromManyAddressesAreFewAtOnce(t *testing.T) {
	t.Parallel()
	reg, counter := countingRegistry(t)
	used := "Bearer " + reg.Tokens["acme-viewer"]
	require.Equal(t, 200, from(reg, "192.0.2.7:1", "Authorization", used).Code)
	begun, release := make(chan struct{}, 1000), make(chan struct{})
	counter.hold = func() { begun <- struct{}{}; <-release }
	var strangers sync.WaitGroup
	for n := range 200 {
		strangers.Go(func() {
			w := from(reg, fmt.Sprintf("198.51.%d.%d:1", n/100, n%100), "Authorization",
				"Bearer "+tenancy.NewKeySecret())
			assert.Equal(t, 401, w.Code)
		})
	}
	<-begun
	assert.Equal(t, 200, from(reg, "192.0.2.7:1", "Authorization", used).Code)
	close(release)
	strangers.Wait()
	assert.LessOrEqual(t, counter.atOnce.Load(), int64(4))
}
