package portstest_test

import (
	"context"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type blindUpdate struct{ ports.Tenants }

func (b blindUpdate) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	if stored, err := b.Tenants.Get(ctx, t.ID); err == nil {
		t.Version = stored.Version
	}
	return b.Tenants.Update(ctx, t)
}

type inclusiveTenants struct{ ports.Tenants }

func (b inclusiveTenants) List(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	found, err := b.Tenants.List(ctx, q)
	if at, missing := b.BySlug(ctx, q.After); missing == nil && err == nil {
		found = append([]tenancy.Tenant{at}, found...)
	}
	return found, err
}

type forgetDeleted struct{ ports.Tenants }

func (b forgetDeleted) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	t, err := b.Tenants.BySlug(ctx, slug)
	if t.State == tenancy.Deleted {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return t, err
}

type noneIsAll struct{ ports.Tenants }

func (b noneIsAll) List(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	if len(q.IDs) == 0 {
		q.IDs = nil
	}
	return b.Tenants.List(ctx, q)
}

// aliasing keeps the tenants that it was given, memory and all.
type aliasing struct {
	ports.Tenants
	kept *sync.Map
}

func newAliasing(inner ports.Tenants) aliasing { return aliasing{inner, &sync.Map{}} }

func (b aliasing) Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	made, err := b.Tenants.Create(ctx, t)
	made.Settings = t.Settings
	b.kept.Store(t.ID, made)
	return made, err
}

func (b aliasing) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if t, ok := b.kept.Load(id); ok {
		return t.(tenancy.Tenant), nil
	}
	return b.Tenants.Get(ctx, id)
}

// keyLog remembers every key, to misuse what it knows.
type keyLog struct {
	ports.Keys
	finder                     ports.KeyFinder
	find, revoke, hashes, list bool // what is broken

	mu   sync.Mutex
	keys []tenancy.APIKey
}

// newKeyLog puts itself into s.
func newKeyLog(s *ports.Services) *keyLog {
	k := &keyLog{Keys: s.Keys, finder: s.KeyFinder}
	s.Keys, s.KeyFinder = k, k
	return k
}

func (b *keyLog) known(admit func(tenancy.APIKey) bool) []tenancy.APIKey {
	b.mu.Lock()
	defer b.mu.Unlock()
	var found []tenancy.APIKey
	for _, k := range b.keys {
		if admit(k) {
			found = append(found, k)
		}
	}
	return found
}

func (b *keyLog) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	made, err := b.Keys.Create(ctx, tenant, k)
	if err == nil {
		b.mu.Lock()
		b.keys = append(b.keys, made)
		b.mu.Unlock()
	}
	return made, err
}

func (b *keyLog) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, until time.Time,
) (tenancy.APIKey, error) {
	if b.revoke {
		for _, k := range b.known(func(k tenancy.APIKey) bool { return k.ID == id }) {
			tenant = k.Tenant
		}
	}
	made, err := b.Keys.Rotate(ctx, tenant, id, next, until)
	if err == nil {
		b.mu.Lock()
		b.keys = append(b.keys, made)
		b.mu.Unlock()
	}
	return made, err
}

func (b *keyLog) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.APIKey, error) {
	found, err := b.Keys.List(ctx, tenant, after, limit)
	if b.list && err == nil {
		found = b.known(func(tenancy.APIKey) bool { return true })
	}
	if b.hashes {
		for i := range found {
			found[i].Hash = b.known(func(k tenancy.APIKey) bool {
				return k.ID == found[i].ID
			})[0].Hash
		}
	}
	return found, err
}

func (b *keyLog) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	if b.revoke {
		for _, k := range b.known(func(k tenancy.APIKey) bool { return k.ID == id }) {
			tenant = k.Tenant
		}
	}
	return b.Keys.Revoke(ctx, tenant, id)
}

func (b *keyLog) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	found, err := b.finder.Find(ctx, hash)
	if err != nil && b.find {
		for _, k := range b.known(func(k tenancy.APIKey) bool { return k.Hash == hash }) {
			return k, nil
		}
	}
	return found, err
}

// endlessKeys lets a key that was rotated work on for ever.
type endlessKeys struct{ ports.Keys }

func (b endlessKeys) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, _ time.Time,
) (tenancy.APIKey, error) {
	return b.Keys.Rotate(ctx, tenant, id, next, time.Now().Add(1000*time.Hour))
}

// hidesPurged only says that it has purged.
type hidesPurged struct {
	ports.Tenants
	gone *sync.Map
}

func (b hidesPurged) Purge(_ context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error) {
	b.gone.Store(id, true)
	return federation.Certify(tenancy.PurgeCertificate{Tenant: id, Slug: "acme",
		PurgedAt: time.Now().Truncate(time.Microsecond)})
}

func (b hidesPurged) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if _, gone := b.gone.Load(id); gone {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return b.Tenants.Get(ctx, id)
}

// rashPurge deletes whatever it is to purge.
type rashPurge struct{ ports.Tenants }

func (b rashPurge) Purge(ctx context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error) {
	if t, err := b.Tenants.Get(ctx, id); err == nil && t.State != tenancy.Deleted {
		t.State, t.DeletedAt = tenancy.Deleted, time.Now()
		_, _ = b.Tenants.Update(ctx, t) // what Purge says next counts
	}
	return b.Tenants.Purge(ctx, id)
}

// generous forgets what quotas it is told.
type generous struct{ ports.Tenants }

func (b generous) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	quotas := t.Quotas
	t.Quotas = tenancy.Quotas{}
	stored, err := b.Tenants.Update(ctx, t)
	stored.Quotas = quotas
	return stored, err
}

type sharedVault struct{ ports.Vault }

func (b sharedVault) Set(ctx context.Context, _ tenancy.ID, name string, value []byte) error {
	return b.Vault.Set(ctx, tenancy.DefaultID, name, value)
}

func (b sharedVault) Get(ctx context.Context, _ tenancy.ID, name string) ([]byte, error) {
	return b.Vault.Get(ctx, tenancy.DefaultID, name)
}

// openVault answers the same memory again and again.
type openVault struct {
	ports.Vault
	values *sync.Map
}

func newOpenVault(inner ports.Vault) openVault { return openVault{inner, &sync.Map{}} }

func (b openVault) Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error {
	b.values.Store(name, value)
	return b.Vault.Set(ctx, tenant, name, value)
}

func (b openVault) Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	value, err := b.Vault.Get(ctx, tenant, name)
	if kept, ok := b.values.Load(name); ok && err == nil {
		return kept.([]byte), nil
	}
	return value, err
}
