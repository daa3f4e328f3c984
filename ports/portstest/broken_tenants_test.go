package portstest_test

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/bailiwick-go/bailiwick/federation/certificate"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type ignoresTenantVersion struct{ ports.Tenants }

func (b ignoresTenantVersion) Update(
	ctx context.Context, t tenancy.Tenant,
) (tenancy.Tenant, error) {
	if stored, err := b.Tenants.Get(ctx, t.ID); err == nil {
		t.Version = stored.Version
	}
	return b.Tenants.Update(ctx, t)
}

type inclusiveTenantCursor struct{ ports.Tenants }

func (b inclusiveTenantCursor) List(
	ctx context.Context, q ports.TenantQuery,
) ([]tenancy.Tenant, error) {
	found, err := b.Tenants.List(ctx, q)
	if at, missing := b.BySlug(ctx, q.After); missing == nil && err == nil {
		found = append([]tenancy.Tenant{at}, found...)
	}
	return found, err
}

type hidesDeletedSlugs struct{ ports.Tenants }

func (b hidesDeletedSlugs) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	t, err := b.Tenants.BySlug(ctx, slug)
	if t.State == tenancy.Deleted {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return t, err
}

type emptyIDsSelectAll struct{ ports.Tenants }

func (b emptyIDsSelectAll) List(
	ctx context.Context, q ports.TenantQuery,
) ([]tenancy.Tenant, error) {
	if len(q.IDs) == 0 {
		q.IDs = nil
	}
	return b.Tenants.List(ctx, q)
}

// sharesSettings keeps the caller's tenants without copying their settings.
type sharesSettings struct {
	ports.Tenants
	kept *sync.Map
}

func newSharesSettings(inner ports.Tenants) sharesSettings {
	return sharesSettings{inner, &sync.Map{}}
}

func (b sharesSettings) Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	made, err := b.Tenants.Create(ctx, t)
	made.Settings = t.Settings
	b.kept.Store(t.ID, made)
	return made, err
}

func (b sharesSettings) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if t, ok := b.kept.Load(id); ok {
		return t.(tenancy.Tenant), nil
	}
	return b.Tenants.Get(ctx, id)
}

// keyRecorder keeps every key, so that its faults can use them.
type keyRecorder struct {
	ports.Keys
	finder                                     ports.KeyFinder
	findsAny, anyTenant, listsHashes, listsAll bool // the faults

	mu   sync.Mutex
	keys []tenancy.APIKey
}

// newKeyRecorder makes a recorder and puts it into s.
func newKeyRecorder(s *ports.Services) *keyRecorder {
	k := &keyRecorder{Keys: s.Keys, finder: s.KeyFinder}
	s.Keys, s.KeyFinder = k, k
	return k
}

func (b *keyRecorder) known(admit func(tenancy.APIKey) bool) []tenancy.APIKey {
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

func (b *keyRecorder) Create(
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

func (b *keyRecorder) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, until time.Time,
) (tenancy.APIKey, error) {
	if b.anyTenant {
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

func (b *keyRecorder) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.APIKey, error) {
	found, err := b.Keys.List(ctx, tenant, after, limit)
	if b.listsAll && err == nil {
		found = b.known(func(tenancy.APIKey) bool { return true })
	}
	if b.listsHashes {
		for i := range found {
			found[i].Hash = b.known(func(k tenancy.APIKey) bool {
				return k.ID == found[i].ID
			})[0].Hash
		}
	}
	return found, err
}

func (b *keyRecorder) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	if b.anyTenant {
		for _, k := range b.known(func(k tenancy.APIKey) bool { return k.ID == id }) {
			tenant = k.Tenant
		}
	}
	return b.Keys.Revoke(ctx, tenant, id)
}

func (b *keyRecorder) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	found, err := b.finder.Find(ctx, hash)
	if err != nil && b.findsAny {
		for _, k := range b.known(func(k tenancy.APIKey) bool { return k.Hash == hash }) {
			return k, nil
		}
	}
	return found, err
}

// rotatedKeysStayValid lets a rotated key live for another 1000 hours.
type rotatedKeysStayValid struct{ ports.Keys }

func (b rotatedKeysStayValid) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, _ time.Time,
) (tenancy.APIKey, error) {
	return b.Keys.Rotate(ctx, tenant, id, next, time.Now().Add(1000*time.Hour))
}

// purgesNothing returns a certificate but only hides the tenant.
type purgesNothing struct {
	ports.Tenants
	gone *sync.Map
}

func (b purgesNothing) Purge(_ context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error) {
	b.gone.Store(id, true)
	return certificate.Seal(tenancy.PurgeCertificate{Tenant: id, Slug: "acme",
		PurgedAt: time.Now().Truncate(time.Microsecond)})
}

func (b purgesNothing) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if _, gone := b.gone.Load(id); gone {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return b.Tenants.Get(ctx, id)
}

// purgeDeletesFirst deletes a tenant that isn't deleted, so that it can be purged.
type purgeDeletesFirst struct{ ports.Tenants }

func (b purgeDeletesFirst) Purge(
	ctx context.Context, id tenancy.ID,
) (tenancy.PurgeCertificate, error) {
	if t, err := b.Tenants.Get(ctx, id); err == nil && t.State != tenancy.Deleted {
		t.State, t.DeletedAt = tenancy.Deleted, time.Now()
		_, _ = b.Tenants.Update(ctx, t) // Purge's result counts
	}
	return b.Tenants.Purge(ctx, id)
}

// dropsQuotas returns the quotas but doesn't store them.
type dropsQuotas struct{ ports.Tenants }

func (b dropsQuotas) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
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

// sharesValues returns the caller's memory instead of a copy.
type sharesValues struct {
	ports.Vault
	values *sync.Map
}

func newSharesValues(inner ports.Vault) sharesValues { return sharesValues{inner, &sync.Map{}} }

func (b sharesValues) Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error {
	b.values.Store(name, value)
	return b.Vault.Set(ctx, tenant, name, value)
}

func (b sharesValues) Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	value, err := b.Vault.Get(ctx, tenant, name)
	if kept, ok := b.values.Load(name); ok && err == nil {
		return kept.([]byte), nil
	}
	return value, err
}

type unsetsForAll struct {
	ports.Vault
	tenants ports.Tenants
}

func (b unsetsForAll) Unset(ctx context.Context, tenant tenancy.ID, name string) error {
	all, err := b.tenants.List(ctx, ports.TenantQuery{Limit: 100})
	if err != nil {
		return err
	}
	for _, t := range all {
		_ = b.Vault.Unset(ctx, t.ID, name)
	}
	return b.Vault.Unset(ctx, tenant, name)
}

type inclusiveSecretCursor struct{ ports.Vault }

func (b inclusiveSecretCursor) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]ports.StoredSecret, error) {
	return b.Vault.List(ctx, tenant, strings.TrimSuffix(after, "a"), limit)
}

type hidesMoreUses struct{ ports.Resources }

func (b hidesMoreUses) SecretUses(
	ctx context.Context, tenant tenancy.ID, q ports.SecretQuery,
) ([]ports.UsedSecret, error) {
	found, err := b.Resources.SecretUses(ctx, tenant, q)
	for i := range found {
		found[i].More = false
	}
	return found, err
}
