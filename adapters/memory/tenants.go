package memory

import (
	"context"
	"maps"
	"slices"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenants is [ports.Tenants].
type tenants struct{ s *Store }

var _ ports.Tenants = tenants{}

func (p tenants) Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	if t.ID.IsZero() {
		return tenancy.Tenant{}, tenancy.ErrNoTenant
	}
	made, err := p.create(ctx, t)
	if err == nil {
		p.s.notifier.notify(ports.TenantChanged, made.ID.String())
	}
	return made, err
}

// create stores a tenant. It releases the store's lock before Create notifies.
func (p tenants) create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.Tenant{}, err
	}
	if _, taken := p.s.slugs[t.Slug]; taken {
		return tenancy.Tenant{},
			tenancy.Errorf(tenancy.CodeSlugTaken, "the slug %q is taken", t.Slug)
	}
	if _, taken := p.s.tenants[t.ID]; taken || p.s.purged[t.ID] {
		return tenancy.Tenant{},
			tenancy.Errorf(tenancy.CodeAlreadyExists, "a tenant with this id exists already")
	}
	p.s.log.setSlug(t.ID, t.Slug)
	if err := p.s.record(ctx, t.ID, tenancy.CreateTenantEvent(t)); err != nil {
		return tenancy.Tenant{}, err
	}
	return copyTenant(p.s.addTenant(t)), nil
}

func (p tenants) Get(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	t, ok := p.s.tenants[id]
	if !ok {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return copyTenant(t), nil
}

func (p tenants) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	p.s.mu.RLock()
	id := p.s.slugs[slug]
	p.s.mu.RUnlock()
	return p.Get(ctx, id)
}

func (p tenants) List(_ context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	found, err := keysetPage(maps.Values(p.s.tenants),
		func(t tenancy.Tenant) bool { return matchesTenant(q, t) },
		func(t tenancy.Tenant) tenancy.Slug { return t.Slug }, q.After, q.Limit)
	for i, t := range found {
		found[i] = copyTenant(t)
	}
	return found, err
}

func (p tenants) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	stored, err := p.update(ctx, t)
	if err == nil {
		p.s.notifier.notify(ports.TenantChanged, stored.ID.String())
	}
	return stored, err
}

// update stores a change. It releases the store's lock before Update notifies.
func (p tenants) update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.Tenant{}, err
	}
	stored, ok := p.s.tenants[t.ID]
	if !ok {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	if stored.Version != t.Version {
		return tenancy.Tenant{}, tenancy.VersionMismatch("it", stored.Version)
	}
	before := stored
	stored.Name, stored.State = t.Name, t.State
	stored.Settings, stored.Quotas = slices.Clone(t.Settings), t.Quotas.Clone()
	stored.DeletedAt = storedTime(t.DeletedAt)
	stored.Version++
	stored.UpdatedAt = p.s.time()
	if err := p.s.record(ctx, t.ID, tenancy.UpdateTenantEvent(before, stored)); err != nil {
		return tenancy.Tenant{}, err
	}
	p.s.tenants[t.ID] = stored
	return copyTenant(stored), nil
}

// addTenant stores a new tenant and its singletons. The caller holds s.mu, or is New.
func (s *Store) addTenant(t tenancy.Tenant) tenancy.Tenant {
	now := s.time()
	t = copyTenant(t)
	t.Version, t.CreatedAt, t.UpdatedAt = 1, now, now
	t.DeletedAt = storedTime(t.DeletedAt)

	data := newTenantData()
	for _, item := range s.singletons {
		item = copyItem(item)
		item.Version, item.UpdatedAt = 1, now
		data.rows[item.Ref] = row{
			Resource: federation.Resource{Item: item, ID: s.newID(), CreatedAt: now},
		}
	}
	s.tenants[t.ID] = t
	s.slugs[t.Slug] = t.ID
	s.tenantData[t.ID] = data
	s.log.setSlug(t.ID, t.Slug)
	return t
}

// matchesTenant reports whether q selects t, apart from q.After.
func matchesTenant(q ports.TenantQuery, t tenancy.Tenant) bool {
	return (q.State == "" || t.State == q.State) &&
		(q.IDs == nil || slices.Contains(q.IDs, t.ID)) &&
		containsFold(q.Search, string(t.Slug), t.Name)
}

// copyTenant copies what the caller could change.
func copyTenant(t tenancy.Tenant) tenancy.Tenant {
	t.Settings, t.Quotas = slices.Clone(t.Settings), t.Quotas.Clone()
	return t
}
