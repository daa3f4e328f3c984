package instance

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// RotateSigningKey makes a new key for signing tenants. All instances have it
// before it signs, a minute from now, and what the keys before it signed stays
// good until it expires: no statement is refused, and nothing is restarted.
func RotateSigningKey(ctx context.Context, p *pool.Pool) error {
	ctx = pool.CrossTenant(ctx, "rotate the key that signs tenants")
	err := p.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		// Whoever else rotates waits: two at once would not see each other's key, and
		// it would never expire.
		_, err := tx.NewRaw(`LOCK TABLE bailiwick.signing_keys IN SHARE ROW EXCLUSIVE MODE;
			UPDATE bailiwick.signing_keys SET expires_at = least(expires_at, now() + make_interval(secs => ?0) + make_interval(secs => ?1));
			DELETE FROM bailiwick.signing_keys WHERE expires_at < now()`, pool.KeyActivationDelay.Seconds(), pool.SignatureLifetime.Seconds()).Exec(ctx)
		if err != nil {
			return err
		}
		if err := pool.AddSigningKey(ctx, tx, pool.KeyActivationDelay); err != nil {
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
