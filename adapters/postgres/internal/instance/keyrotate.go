package instance

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// retireKeys sets when the present keys expire, and deletes the expired ones. It locks the table
// first, so that rotations run one after the other: two at the same time wouldn't see each
// other's new key, and it would never expire.
//
// Parameters: 0 the seconds before the next key signs, 1 the seconds that a signature is valid.
const retireKeys = `LOCK TABLE bailiwick.signing_keys IN SHARE ROW EXCLUSIVE MODE;
	UPDATE bailiwick.signing_keys
	   SET expires_at = least(expires_at, now() + make_interval(secs => ?0) + make_interval(secs => ?1));
	DELETE FROM bailiwick.signing_keys WHERE expires_at < now()`

// RotateSigningKey creates a new key that signs tenants. It begins to sign after
// [pool.KeyNotice], when all instances have loaded it. Signatures by older keys stay valid until
// they expire: no statement is refused, and no instance has to restart.
func RotateSigningKey(ctx context.Context, p *pool.Pool) error {
	ctx = pool.CrossTenant(ctx, "rotate the key that signs tenants")
	err := p.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(retireKeys, pool.KeyNotice.Seconds(), pool.SignatureLifetime.Seconds()).
			Exec(ctx)
		if err != nil {
			return err
		}
		if err := pool.AddKey(ctx, tx, pool.KeyNotice); err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, tenancy.Event{Action: "signing_key.rotate",
			Target: tenancy.AuditTarget{Kind: "signing_key"}})
	})
	if err != nil {
		return pgerr.Translate(err)
	}
	return p.Keyring.Load(ctx)
}
