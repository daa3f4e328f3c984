package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// sessionFinder is [ports.SessionFinder] on the system role's pool.
type sessionFinder struct{ pool *pool.Pool }

var _ ports.SessionFinder = (*sessionFinder)(nil)

// Find compares the hash with the newest secret's and, during the overlap after a renewal, with
// the one before (former). The foreign key deletes the sessions of a removed user.
func (f *sessionFinder) Find(
	ctx context.Context, hash identity.SessionHash, now time.Time,
) (identity.Session, error) {
	var rows []sessionRow
	err := f.pool.System.NewRaw("SELECT "+sessionColumns+", hash, rights FROM bailiwick.sessions"+
		" WHERE (hash = ?0 OR former = ?0 AND former_until > ?1) AND expires_at > ?1",
		hash[:], now).
		Scan(pool.CrossTenant(ctx, "find the user of a session"), &rows)
	if err != nil {
		return identity.Session{}, pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return identity.Session{}, errNotSignedIn
	}
	return rows[0].session(), nil
}

// Touch writes at most once a minute for each session, and never sets the time back.
func (f *sessionFinder) Touch(ctx context.Context, id string, at time.Time) error {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	_, err = f.pool.System.NewRaw(
		"UPDATE bailiwick.sessions SET seen_at = date_trunc('minute', ?0::timestamptz, 'UTC')"+
			" WHERE id = ?1 AND seen_at < date_trunc('minute', ?0::timestamptz, 'UTC')",
		at, parsed.String()).
		Exec(pool.CrossTenant(ctx, "record the use of a session"))
	return pgerr.Translate(err)
}

// Renew has the old hash in the condition: of several renewals at the same time one succeeds.
func (f *sessionFinder) Renew(
	ctx context.Context, id string, from identity.SessionHash, to ports.SessionRenewal,
) error {
	return f.pool.SystemTx(ctx, "renew a session", func(ctx context.Context, tx bun.Tx) error {
		var users []string
		err := tx.NewRaw("UPDATE bailiwick.sessions"+
			" SET former = hash, former_until = ?, hash = ?, rights = ? WHERE id::text = ?"+
			" AND hash = ? RETURNING user_id",
			to.Overlap, to.Hash[:], to.Rights[:], id, from[:]).Scan(ctx, &users)
		if err != nil {
			return err
		}
		if len(users) == 0 {
			return tenancy.Errorf(tenancy.CodeVersionMismatch, "the session was renewed meanwhile")
		}
		return audit.RecordPlatform(ctx, tx, identity.SessionRenewed(users[0], id))
	})
}
