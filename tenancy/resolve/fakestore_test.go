package resolve_test

import (
	"context"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fakeStore is a store of a few tenants that counts its loads and can fail or wait.
type fakeStore struct {
	mu     sync.Mutex
	byID   map[tenancy.ID]tenancy.Tenant
	bySlug map[tenancy.Slug]tenancy.ID
	count  int
	before func(ctx context.Context) error // if not nil, runs before each load
}

func newStore(tenants ...tenancy.Tenant) *fakeStore {
	store := &fakeStore{byID: map[tenancy.ID]tenancy.Tenant{},
		bySlug: map[tenancy.Slug]tenancy.ID{}}
	for _, t := range tenants {
		store.put(t)
	}
	return store
}

func (store *fakeStore) put(t tenancy.Tenant) {
	store.mu.Lock()
	defer store.mu.Unlock()
	store.byID[t.ID], store.bySlug[t.Slug] = t, t.ID
}

func (store *fakeStore) loads() int {
	store.mu.Lock()
	defer store.mu.Unlock()
	return store.count
}

func (store *fakeStore) beforeLoad(f func(ctx context.Context) error) {
	store.mu.Lock()
	defer store.mu.Unlock()
	store.before = f
}

func (store *fakeStore) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	return store.load(ctx, func() tenancy.ID { return id })
}

func (store *fakeStore) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	return store.load(ctx, func() tenancy.ID { return store.bySlug[slug] })
}

func (store *fakeStore) load(ctx context.Context, id func() tenancy.ID) (tenancy.Tenant, error) {
	store.mu.Lock()
	store.count++
	before := store.before
	store.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			return tenancy.Tenant{}, err
		}
	}
	store.mu.Lock()
	defer store.mu.Unlock()
	t, found := store.byID[id()]
	if !found {
		return tenancy.Tenant{},
			tenancy.Errorf(tenancy.CodeTenantNotFound, "the message of the store")
	}
	return t, nil
}

func tenant(slug tenancy.Slug, state tenancy.State) tenancy.Tenant {
	return tenancy.Tenant{ID: tenancy.NewID(), Slug: slug, Name: string(slug), State: state,
		Version: 1}
}

// The tenants of most tests.
var (
	acme          = tenant("acme", tenancy.Active)
	globex        = tenant("globex", tenancy.Active)
	suspended     = tenant("frozen", tenancy.Suspended)
	deleted       = tenant("gone", tenancy.Deleted)
	defaultTenant = tenancy.Tenant{ID: tenancy.DefaultID, Slug: tenancy.DefaultSlug,
		State: tenancy.Active, Version: 1}
)

func allTenants() *fakeStore { return newStore(acme, globex, suspended, deleted, defaultTenant) }

// outcome is the result of a resolution: a slug or the code of an error.
func outcome(t *testing.T, r *resolve.Resolver, s resolve.Sources) string {
	t.Helper()
	got, err := r.Resolve(t.Context(), s)
	if err != nil {
		require.Zero(t, got, "a tenant with an error")
		return string(tenancy.CodeOf(err))
	}
	return string(got.Slug)
}
