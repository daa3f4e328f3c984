package memory

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// vault is [ports.Vault].
type vault struct{ s *Store }

var _ ports.Vault = vault{}

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
	d.secrets[name] = copyBytes(value)
	return nil
}

func (p vault) Get(_ context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	d, err := p.s.data(tenant)
	if err != nil {
		return nil, err
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	value, ok := d.secrets[name]
	if !ok {
		return nil, tenancy.Errorf(tenancy.CodeNotFound, "no such secret")
	}
	return copyBytes(value), nil
}

// copyBytes returns a copy that is never nil: an empty secret is a secret.
func copyBytes(b []byte) []byte { return append([]byte{}, b...) }
