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

// PlatformToken returns the stored hash of the platform token. If none is stored, it stores
// offered first, and records that in the platform's audit log.
func PlatformToken(
	ctx context.Context, p *pool.Pool, offered [sha256.Size]byte,
) (stored [sha256.Size]byte, err error) {
	ctx = pool.CrossTenant(ctx, "store and read the platform token's hash")
	if err := p.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		return storeFirstToken(ctx, tx, offered)
	}); err != nil {
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

// storeFirstToken stores the hash unless one is stored already.
func storeFirstToken(ctx context.Context, tx bun.IDB, hash [sha256.Size]byte) error {
	result, err := tx.NewRaw(
		"UPDATE bailiwick.instance SET platform_token = ? WHERE platform_token IS NULL",
		hash[:]).Exec(ctx)
	if err != nil {
		return err
	}
	if n, _ := result.RowsAffected(); n == 0 {
		return nil
	}
	return audit.RecordPlatform(ctx, tx, tenancy.Event{Action: "platform_token.set",
		Target: tenancy.AuditTarget{Kind: "platform_token"}})
}
