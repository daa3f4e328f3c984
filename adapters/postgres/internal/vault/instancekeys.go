package vault

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/federation/trust"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// InstanceKeys is [ports.InstanceKeys]. The database stores private keys sealed.
type InstanceKeys struct {
	pool   *pool.Pool
	sealer *Sealer
}

var _ ports.InstanceKeys = (*InstanceKeys)(nil)

// NewInstanceKeys returns the keys of the database of p, which s seals.
func NewInstanceKeys(p *pool.Pool, s *Sealer) *InstanceKeys {
	return &InstanceKeys{pool: p, sealer: s}
}

var errUnsealed = tenancy.Errorf(tenancy.CodeInvalidState,
	"a key that signs bundles can't be stored: set SECRETS_KEY, which encrypts it")

var errLostKey = tenancy.Errorf(tenancy.CodeInternal,
	"the key that signs bundles is missing or can't be decrypted: start this server again")

// Ensure creates a key, unless there is one that the sealer opens: after the loss of SECRETS_KEY
// there is none, and the new key takes the place of the old one. Several instances may call it at
// once. Without a key that seals, it does nothing.
func (k *InstanceKeys) Ensure(ctx context.Context) error {
	if !k.sealer.CanOpen() {
		return nil
	}
	ctx = pool.CrossTenant(ctx, "create the key that signs bundles")
	newest, _, err := k.newest(ctx, k.pool.System)
	if err != nil || newest.private != nil {
		return pgerr.Translate(err)
	}
	return pgerr.Translate(k.pool.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := lockInstanceKeys(ctx, tx); err != nil {
			return err
		}
		newest, exists, err := k.newest(ctx, tx)
		switch {
		case err != nil || newest.private != nil:
			return err
		case exists:
			_, err = k.replace(ctx, tx)
		default:
			_, err = k.add(ctx, tx)
		}
		return err
	}))
}

// instanceKey is a stored key. private is nil if the sealer can't open it.
type instanceKey struct {
	id      string
	private ed25519.PrivateKey
}

// newest returns the key that signs.
func (k *InstanceKeys) newest(
	ctx context.Context, db bun.IDB,
) (key instanceKey, exists bool, err error) {
	var rows []struct {
		ID     string
		Sealed []byte
	}
	err = db.NewRaw("SELECT id, sealed FROM bailiwick.instance_keys ORDER BY number DESC LIMIT 1").
		Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return key, false, err
	}
	key.id = rows[0].ID
	seed, err := k.sealer.open(tenancy.ID{}, instanceKeyName(key.id), rows[0].Sealed)
	if err == nil && len(seed) == ed25519.SeedSize {
		key.private = ed25519.NewKeyFromSeed(seed)
	}
	return key, true, nil
}

// lockInstanceKeys lets one transaction at a time add a key. The ones that wait see its key.
func lockInstanceKeys(ctx context.Context, tx bun.Tx) error {
	_, err := tx.ExecContext(ctx, "LOCK TABLE bailiwick.instance_keys IN SHARE ROW EXCLUSIVE MODE")
	return err
}

// add stores a new key, which is the newest one.
func (k *InstanceKeys) add(ctx context.Context, tx bun.Tx) (trust.PublicKey, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return trust.PublicKey{}, err
	}
	key := trust.NewPublicKey(public)
	sealed, err := k.sealer.seal(tenancy.ID{}, instanceKeyName(key.ID), private.Seed())
	if err != nil {
		return trust.PublicKey{}, err
	}
	_, err = tx.NewRaw("INSERT INTO bailiwick.instance_keys (number, id, public_key, sealed)"+
		" SELECT coalesce(max(number), 0) + 1, ?, ?, ? FROM bailiwick.instance_keys",
		key.ID, []byte(public), sealed).Exec(ctx)
	return key, err
}

// instanceKeyName is the name under which a key is sealed. It isn't a valid name of a secret.
func instanceKeyName(id string) string { return "\x00instance key " + id }

// Rotate creates a new key, and deletes the private part of the earlier ones.
func (k *InstanceKeys) Rotate(ctx context.Context) (key trust.PublicKey, err error) {
	if !k.sealer.CanOpen() {
		return key, errUnsealed
	}
	ctx = pool.CrossTenant(ctx, "rotate the key that signs bundles")
	err = k.pool.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := lockInstanceKeys(ctx, tx); err != nil {
			return err
		}
		key, err = k.replace(ctx, tx)
		return err
	})
	return key, pgerr.Translate(err)
}

func (k *InstanceKeys) replace(ctx context.Context, tx bun.Tx) (key trust.PublicKey, err error) {
	if key, err = k.add(ctx, tx); err != nil {
		return key, err
	}
	_, err = tx.NewRaw("UPDATE bailiwick.instance_keys SET sealed = NULL"+
		" WHERE id <> ? AND sealed IS NOT NULL", key.ID).Exec(ctx)
	if err != nil {
		return key, err
	}
	return key, audit.RecordPlatform(ctx, tx, tenancy.Event{Action: "platform.instance_key_rotate",
		Target: tenancy.AuditTarget{Kind: "instance_key", Name: key.ID}})
}

// Sign reads the key each time, so that every instance signs with a new key at once.
func (k *InstanceKeys) Sign(
	ctx context.Context, m federation.Manifest,
) (federation.Signature, error) {
	if !k.sealer.CanOpen() {
		return federation.Signature{}, nil
	}
	key, _, err := k.newest(pool.CrossTenant(ctx, "sign a bundle"), k.pool.System)
	if err != nil {
		return federation.Signature{}, pgerr.Translate(err)
	}
	if key.private == nil {
		return federation.Signature{}, errLostKey
	}
	return trust.Sign(m, key.private), nil
}

// PublicKeys returns all keys, the newest first.
func (k *InstanceKeys) PublicKeys(ctx context.Context) ([]trust.PublicKey, error) {
	ctx = pool.CrossTenant(ctx, "read the keys that sign bundles")
	var rows []struct {
		ID        string
		PublicKey []byte
	}
	err := k.pool.System.NewRaw("SELECT id, public_key FROM bailiwick.instance_keys"+
		" ORDER BY number DESC").Scan(ctx, &rows)
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	keys := make([]trust.PublicKey, len(rows))
	for i, row := range rows {
		keys[i] = trust.PublicKey{ID: row.ID, Key: row.PublicKey}
	}
	return keys, nil
}
