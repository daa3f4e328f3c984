package vault

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"errors"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Vault is [ports.Vault]: the database holds what the sealer made of a value.
type Vault struct {
	pool   *pool.Pool
	sealer *Sealer
}

var _ ports.Vault = (*Vault)(nil)

// New makes the vault of a database.
func New(p *pool.Pool, s *Sealer) *Vault { return &Vault{pool: p, sealer: s} }

func (v *Vault) Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if err := tenancy.CheckName(name); err != nil {
		return err
	}
	return v.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := v.SetIn(ctx, tx, tenant, name, value); err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.SetSecretEvent(name))
	})
}

// SetIn is Set within a transaction, without an entry in the audit log.
func (v *Vault) SetIn(
	ctx context.Context, db bun.IDB, tenant tenancy.ID, name string, value []byte,
) error {
	sealed, err := v.sealer.seal(tenant, name, value)
	if err != nil {
		return err
	}
	_, err = db.NewRaw("INSERT INTO bailiwick.secrets (tenant_id, name, sealed) VALUES (?, ?, ?)"+
		" ON CONFLICT (tenant_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = now()",
		tenant, name, sealed).Exec(ctx)
	return err
}

func (v *Vault) Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var sealed []byte
	err = v.pool.App.NewRaw("SELECT sealed FROM bailiwick.secrets WHERE tenant_id = ? AND name = ?",
		tenant, name).Scan(ctx, &sealed)
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	return v.sealer.open(tenant, name, sealed)
}

// Sealer encrypts with AES-256-GCM (NIST SP 800-38D) under random nonces. The
// tenant and the name are bound in: a sealed value that is moved to another row
// doesn't open. The first byte tells the format.
type Sealer struct{ aead cipher.AEAD }

const sealedFormat = 1

var errNoKey = tenancy.Errorf(tenancy.CodeInternal, "secrets can't be kept: SECRETS_KEY is not set")

func NewSealer(key []byte) (*Sealer, error) {
	if len(key) == 0 {
		return &Sealer{}, nil
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return &Sealer{aead: aead}, err
}

func (s *Sealer) seal(tenant tenancy.ID, name string, value []byte) ([]byte, error) {
	if s.aead == nil {
		return nil, errNoKey
	}
	return s.aead.Seal([]byte{sealedFormat}, nil, value, bound(tenant, name)), nil
}

func (s *Sealer) open(tenant tenancy.ID, name string, sealed []byte) ([]byte, error) {
	if s.aead == nil {
		return nil, errNoKey
	}
	if len(sealed) == 0 || sealed[0] != sealedFormat {
		return nil, errors.New("postgres: a sealed value of an unknown format")
	}
	return s.aead.Open(nil, nil, sealed[1:], bound(tenant, name))
}

func bound(tenant tenancy.ID, name string) []byte { return append(tenant[:], name...) }
