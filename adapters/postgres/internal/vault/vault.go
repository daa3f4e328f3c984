package vault

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"maps"
	"slices"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Vault is [ports.Vault] on the scoped pool. The database stores sealed values only.
type Vault struct {
	pool   *pool.Pool
	sealer *Sealer
}

var _ ports.Vault = (*Vault)(nil)

var errNoSecret = tenancy.Errorf(tenancy.CodeNotFound, "the secret has no value")

// New returns the vault of the database of p, whose values s seals.
func New(p *pool.Pool, s *Sealer) *Vault { return &Vault{pool: p, sealer: s} }

// Set stores a value and records that in the tenant's audit log.
func (v *Vault) Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if err := tenancy.CheckName(name); err != nil {
		return err
	}
	return v.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := v.SetTx(ctx, tx, tenant, name, value); err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.SetSecretEvent(name))
	})
}

// SetTx stores a value in the transaction tx. It doesn't check the name and doesn't write to the
// audit log.
func (v *Vault) SetTx(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, name string, value []byte,
) error {
	return v.setTx(ctx, tx, tenant, name, value, sealedText)
}

func (v *Vault) setTx(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, name string, value []byte, format byte,
) error {
	sealed, err := v.sealer.sealAs(format, tenant, name, value)
	if err != nil {
		return err
	}
	// overwriting a value is not an error
	_, err = tx.NewRaw("INSERT INTO bailiwick.secrets (tenant_id, name, sealed) VALUES (?, ?, ?)"+
		" ON CONFLICT (tenant_id, name) DO UPDATE SET sealed = excluded.sealed, updated_at = now()",
		tenant, name, sealed).Exec(ctx)
	return err
}

// Get returns a value. [tenancy.CodeNotFound] if the tenant has no secret with this name.
func (v *Vault) Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	var sealed []byte
	err = v.pool.App.NewRaw("SELECT sealed FROM bailiwick.secrets WHERE tenant_id = ? AND name = ?",
		tenant, name).Scan(ctx, &sealed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, errNoSecret
	}
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	return v.sealer.open(tenant, name, sealed)
}

// Unset removes a value and records that in the tenant's audit log.
func (v *Vault) Unset(ctx context.Context, tenant tenancy.ID, name string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	return v.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		removed, err := tx.NewRaw("DELETE FROM bailiwick.secrets WHERE tenant_id = ? AND name = ?",
			tenant, name).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := removed.RowsAffected(); n == 0 {
			return errNoSecret
		}
		return audit.Record(ctx, tx, tenancy.UnsetSecretEvent(name))
	})
}

// List returns the secrets that have a value, also those that the key can't decrypt.
func (v *Vault) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) (found []ports.StoredSecret, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return nil, err
	}
	if err := tenancy.CheckLimit(limit); err != nil {
		return nil, err
	}
	err = v.pool.App.NewRaw(`SELECT name, updated_at FROM bailiwick.secrets WHERE tenant_id = ?
		AND name COLLATE "C" > ? ORDER BY name COLLATE "C" LIMIT ?`, tenant, after, limit).
		Scan(ctx, &found)
	for i := range found {
		found[i].UpdatedAt = found[i].UpdatedAt.UTC()
	}
	return found, pgerr.Translate(err)
}

// HasAll reports whether the tenant has each of the secrets with this value, in the
// transaction tx. The comparison takes the same time for every value of the same length.
func (v *Vault) HasAll(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, values map[string]string,
) (bool, error) {
	if len(values) == 0 {
		return true, nil
	}
	var stored []struct {
		Name   string
		Sealed []byte
	}
	err := tx.NewRaw("SELECT name, sealed FROM bailiwick.secrets WHERE tenant_id = ?"+
		" AND name IN (?)", tenant, bun.List(slices.Collect(maps.Keys(values)))).Scan(ctx, &stored)
	if err != nil || len(stored) < len(values) {
		return false, err
	}
	for _, s := range stored {
		value, err := v.sealer.open(tenant, s.Name, s.Sealed)
		if err != nil {
			return false, nil // sealed with another key: the new value replaces it
		}
		if subtle.ConstantTimeCompare(value, []byte(values[s.Name])) != 1 {
			return false, nil
		}
	}
	return true, nil
}
