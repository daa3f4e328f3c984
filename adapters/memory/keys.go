package memory

import (
	"context"
	"maps"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

type keys struct{ s *Store }

type keyFinder struct{ s *Store }

var (
	_ ports.Keys      = keys{}
	_ ports.KeyFinder = keyFinder{}
)

func (p keys) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	if _, err := p.s.data(tenant); err != nil {
		return tenancy.APIKey{}, err
	}
	if k.Tenant != tenant {
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeTenantMismatch, "the key belongs to another tenant")
	}
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	_, idTaken := p.s.keys[k.ID]
	_, hashTaken := p.s.hashes[k.Hash]
	if idTaken || hashTaken {
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeAlreadyExists, "the key exists already")
	}
	k.CreatedAt, k.ExpiresAt, k.LastUsedAt = p.s.time(), truncateToMicroseconds(k.ExpiresAt),
		truncateToMicroseconds(k.LastUsedAt)
	if err := p.s.record(ctx, tenant, tenancy.CreateKeyEvent(k)); err != nil {
		return tenancy.APIKey{}, err
	}
	p.s.keys[k.ID] = k
	p.s.hashes[k.Hash] = k.ID
	return k, nil
}

func (p keys) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, until time.Time,
) (made tenancy.APIKey, err error) {
	if _, err := p.s.data(tenant); err != nil {
		return tenancy.APIKey{}, err
	}
	defer p.s.notifier.notifyUnless(&err, ports.KeyChanged, id)
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	old, ok := p.s.keys[id]
	_, idTaken := p.s.keys[next.ID]
	_, hashTaken := p.s.hashes[next.Hash]
	switch {
	case !ok || old.Tenant != tenant:
		return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeNotFound, "no such key")
	case old.RotatedTo != "":
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeInvalidState,
				"the key was rotated already: rotate its successor")
	case idTaken || hashTaken:
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeAlreadyExists, "the key exists already")
	}
	made = tenancy.APIKey{
		ID: next.ID, Tenant: tenant, Name: old.Name, Role: old.Role, Hash: next.Hash,
		Prefix: next.Prefix, CreatedBy: next.CreatedBy,
		CreatedAt: p.s.time(),
	}
	if !old.ExpiresAt.IsZero() {
		made.ExpiresAt = made.CreatedAt.Add(old.ExpiresAt.Sub(old.CreatedAt))
	}
	if until = truncateToMicroseconds(until); old.ExpiresAt.IsZero() ||
		until.Before(old.ExpiresAt) {
		old.ExpiresAt = until
	}
	old.RotatedTo = made.ID
	if err := p.s.record(ctx, tenant, tenancy.RotateKeyEvent(old, made)); err != nil {
		return tenancy.APIKey{}, err
	}
	p.s.keys[old.ID], p.s.keys[made.ID], p.s.hashes[made.Hash] = old, made, made.ID
	return made, nil
}

func (p keys) List(
	_ context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.APIKey, error) {
	if _, err := p.s.data(tenant); err != nil {
		return nil, err
	}
	p.s.mu.RLock()
	defer p.s.mu.RUnlock()
	found, err := keysetPage(maps.Values(p.s.keys),
		func(k tenancy.APIKey) bool { return k.Tenant == tenant },
		func(k tenancy.APIKey) string { return k.ID }, after, limit)
	for i := range found {
		found[i].Hash = tenancy.KeyHash{}
	}
	return found, err
}

func (p keys) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	if _, err := p.s.data(tenant); err != nil {
		return err
	}
	if err := p.remove(ctx, tenant, id); err != nil {
		return err
	}
	p.s.notifier.notify(ports.KeyChanged, id)
	return nil
}

func (p keys) remove(ctx context.Context, tenant tenancy.ID, id string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	k, ok := p.s.keys[id]
	if !ok || k.Tenant != tenant {
		return tenancy.Errorf(tenancy.CodeNotFound, "no such key")
	}
	if err := p.s.record(ctx, tenant, tenancy.RevokeKeyEvent(k)); err != nil {
		return err
	}
	delete(p.s.hashes, k.Hash)
	delete(p.s.keys, id)
	return nil
}

func (p keyFinder) Find(_ context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	k, ok := p.s.keys[p.s.hashes[hash]]
	if !ok || p.s.tenants[k.Tenant].State == tenancy.Deleted {
		return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "no such API key")
	}
	k.LastUsedAt = p.s.time().Truncate(time.Minute)
	p.s.keys[k.ID] = k
	return k, nil
}
