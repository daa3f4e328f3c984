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

// world is a store of a few tenants that counts what it is asked, and can be
// made to fail or to wait.
type world struct {
	mu     sync.Mutex
	byID   map[tenancy.ID]tenancy.Tenant
	bySlug map[tenancy.Slug]tenancy.ID
	asked  int
	ask    func(ctx context.Context) error // when set, is called before each answer
}

func newWorld(tenants ...tenancy.Tenant) *world {
	w := &world{byID: map[tenancy.ID]tenancy.Tenant{}, bySlug: map[tenancy.Slug]tenancy.ID{}}
	for _, t := range tenants {
		w.put(t)
	}
	return w
}

func (w *world) put(t tenancy.Tenant) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byID[t.ID], w.bySlug[t.Slug] = t, t.ID
}

func (w *world) questions() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.asked
}

func (w *world) onAsk(ask func(ctx context.Context) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ask = ask
}

func (w *world) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	return w.answer(ctx, func() tenancy.ID { return id })
}

func (w *world) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	return w.answer(ctx, func() tenancy.ID { return w.bySlug[slug] })
}

func (w *world) answer(ctx context.Context, id func() tenancy.ID) (tenancy.Tenant, error) {
	w.mu.Lock()
	w.asked++
	ask := w.ask
	w.mu.Unlock()
	if ask != nil {
		if err := ask(ctx); err != nil {
			return tenancy.Tenant{}, err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	t, found := w.byID[id()]
	if !found {
		return tenancy.Tenant{}, tenancy.Errorf(tenancy.CodeTenantNotFound, "the store's own words")
	}
	return t, nil
}

func tenant(slug tenancy.Slug, state tenancy.State) tenancy.Tenant {
	return tenancy.Tenant{ID: tenancy.NewID(), Slug: slug, Name: string(slug), State: state,
		Version: 1}
}

// The tenants that most tests have.
var (
	acme      = tenant("acme", tenancy.Active)
	globex    = tenant("globex", tenancy.Active)
	suspended = tenant("frozen", tenancy.Suspended)
	deleted   = tenant("gone", tenancy.Deleted)
	theirs    = tenancy.Tenant{ID: tenancy.DefaultID, Slug: tenancy.DefaultSlug,
		State: tenancy.Active, Version: 1}
)

func everyone() *world { return newWorld(acme, globex, suspended, deleted, theirs) }

// outcome is what a resolution came to: a slug, or the code of an error.
func outcome(t *testing.T, r *resolve.Resolver, s resolve.Sources) string {
	t.Helper()
	got, err := r.Resolve(t.Context(), s)
	if err != nil {
		require.Zero(t, got, "a tenant beside an error")
		return string(tenancy.CodeOf(err))
	}
	return string(got.Slug)
}
