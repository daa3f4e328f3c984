package instance

import (
	"context"
	"crypto/sha256"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// PlatformToken keeps the hash of the platform token. It stores the hash that
// is offered if there is none yet, and answers the one that is stored.
func PlatformToken(
	ctx context.Context, p *pool.Pool, offered [sha256.Size]byte,
) (stored [sha256.Size]byte, err error) {
	ctx = pool.CrossTenant(ctx, "keep the platform token's hash")
	err = p.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw(
			"UPDATE bailiwick.instance SET platform_token = ? WHERE platform_token IS NULL",
			offered[:]).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := result.RowsAffected(); n == 0 {
			return nil
		}
		return audit.RecordPlatform(ctx, tx, tenancy.Event{Action: "platform_token.set",
			Target: tenancy.AuditTarget{Kind: "platform_token"}})
	})
	if err != nil {
		return stored, pgerr.Translate(err)
	}
	var hash []byte
	if err := p.System.NewRaw("SELECT platform_token FROM bailiwick.instance").
		Scan(ctx, &hash); err != nil {
		return stored, pgerr.Translate(err)
	}
	copy(stored[:], hash)
	return stored, nil
}

// Instance reads the installation's id.
func Instance(ctx context.Context, p *pool.Pool) (id string, err error) {
	ctx = pool.CrossTenant(ctx, "read the instance's identity at start")
	err = p.System.NewRaw("SELECT id::text FROM bailiwick.instance").Scan(ctx, &id)
	return id, pgerr.Translate(err)
}
