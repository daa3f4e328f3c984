package memory

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// vault is [ports.Vault].
type vault struct{ s *Store }

var _ ports.Vault = vault{}

var errNoSecret = tenancy.Errorf(tenancy.CodeNotFound, "the secret has no value")

func (p vault) Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error {
	d, err := p.s.data(tenant)
	if err != nil {
		return err
	}
	if err := tenancy.CheckName(name); err != nil {
		return err
	}
	release, err := p.s.holdRight(ctx)
	if err != nil {
		return err
	}
	defer release()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := p.s.record(ctx, tenant, tenancy.SetSecretEvent(name)); err != nil {
		return err
	}
	d.secrets[name] = storedSecret{copyBytes(value), p.s.time()}
	return nil
}

func (p vault) Unset(ctx context.Context, tenant tenancy.ID, name string) error {
	d, err := p.s.data(tenant)
	if err != nil {
		return err
	}
	release, err := p.s.holdRight(ctx)
	if err != nil {
		return err
	}
	defer release()
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, ok := d.secrets[name]; !ok {
		return errNoSecret
	}
	if err := p.s.record(ctx, tenant, tenancy.UnsetSecretEvent(name)); err != nil {
		return err
	}
	delete(d.secrets, name)
	return nil
}

func (p vault) List(
	_ context.Context, tenant tenancy.ID, after string, limit int,
) ([]ports.StoredSecret, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	all := func(yield func(ports.StoredSecret) bool) {
		for name, secret := range d.secrets {
			if !yield(ports.StoredSecret{Name: name, UpdatedAt: secret.updatedAt}) {
				return
			}
		}
	}
	return keysetPage(all, func(ports.StoredSecret) bool { return true },
		func(s ports.StoredSecret) string { return s.Name }, after, limit)
}

func (p vault) Get(_ context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	secret, ok := d.secrets[name]
	if !ok {
		return nil, errNoSecret
	}
	return copyBytes(secret.value), nil
}

// copyBytes returns a copy that is never nil: an empty secret is a secret.
func copyBytes(b []byte) []byte { return append([]byte{}, b...) }
