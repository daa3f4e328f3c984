package memory

import (
	"context"
	"maps"
	"time"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// keys is [ports.Keys].
type keys struct{ s *Store }

// keyFinder is [ports.KeyFinder].
type keyFinder struct{ s *Store }

var (
	_ ports.Keys      = keys{}
	_ ports.KeyFinder = keyFinder{}
)

var (
	errNoKey    = tenancy.Errorf(tenancy.CodeNotFound, "no such key")
	errKeyTaken = tenancy.Errorf(tenancy.CodeAlreadyExists, "the key exists already")
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
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.APIKey{}, err
	}
	if p.s.keyTaken(k) {
		return tenancy.APIKey{}, errKeyTaken
	}
	k.CreatedAt = p.s.time()
	k.ExpiresAt, k.LastUsedAt = storedTime(k.ExpiresAt), storedTime(k.LastUsedAt)
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
	if err := p.s.checkRight(ctx); err != nil {
		return tenancy.APIKey{}, err
	}
	old, ok := p.s.keys[id]
	if !ok || old.Tenant != tenant {
		return tenancy.APIKey{}, errNoKey
	}
	if err := old.CheckRotate(); err != nil {
		return tenancy.APIKey{}, err
	}
	if p.s.keyTaken(next) {
		return tenancy.APIKey{}, errKeyTaken
	}
	old, made = old.Rotate(next, p.s.time(), storedTime(until))
	if err := p.s.record(ctx, tenant, tenancy.RotateKeyEvent(old, made)); err != nil {
		return tenancy.APIKey{}, err
	}
	p.s.keys[old.ID], p.s.keys[made.ID], p.s.hashes[made.Hash] = old, made, made.ID
	return made, nil
}

// keyTaken reports whether a key of any tenant has k's id or hash. The caller holds
// s.mu.
func (s *Store) keyTaken(k tenancy.APIKey) bool {
	_, idTaken := s.keys[k.ID]
	_, hashTaken := s.hashes[k.Hash]
	return idTaken || hashTaken
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

// remove removes a key. It releases the store's lock before Revoke notifies.
func (p keys) remove(ctx context.Context, tenant tenancy.ID, id string) error {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	if err := p.s.checkRight(ctx); err != nil {
		return err
	}
	k, ok := p.s.keys[id]
	if !ok || k.Tenant != tenant {
		return errNoKey
	}
	if err := p.s.record(ctx, tenant, tenancy.RevokeKeyEvent(k)); err != nil {
		return err
	}
	delete(p.s.hashes, k.Hash)
	delete(p.s.keys, id)
	return nil
}

// Find locks the store for writing: it records the use.
func (p keyFinder) Find(_ context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	p.s.mu.Lock()
	defer p.s.mu.Unlock()
	k, ok := p.s.keys[p.s.hashes[hash]]
	if !ok || p.s.tenants[k.Tenant].IsDeleted() {
		return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "no such API key")
	}
	k.LastUsedAt = p.s.time().Truncate(time.Minute)
	p.s.keys[k.ID] = k
	return k, nil
}
