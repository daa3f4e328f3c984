package identity

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// passwords is [ports.Passwords] on the system role's pool.
type passwords struct{ pool *pool.Pool }

var _ ports.Passwords = (*passwords)(nil)

// Get returns an empty hash for NULL, which is a user without a password.
func (s *passwords) Get(ctx context.Context, user string) (identity.Password, error) {
	id, err := userID(user)
	if err != nil {
		return identity.Password{}, errNoUser
	}
	var hashes []string
	err = s.pool.System.NewRaw(
		"SELECT coalesce(password_hash, '') FROM bailiwick.users WHERE id = ?", id).
		Scan(pool.CrossTenant(ctx, "verify a password"), &hashes)
	if err != nil {
		return identity.Password{}, pgerr.Translate(err)
	}
	if len(hashes) == 0 {
		return identity.Password{}, errNoUser
	}
	return identity.Password{User: id, Hash: hashes[0]}, nil
}

// Set ends the user's other sessions in the same transaction: no session outlives the password
// that it was opened with, except the one that set the new password.
func (s *passwords) Set(ctx context.Context, user, hash, keep string) error {
	id, err := userID(user)
	if err != nil {
		return errNoUser
	}
	return s.pool.SystemTx(ctx, "set a password", func(ctx context.Context, tx bun.Tx) error {
		if err := pool.CheckRightOf(ctx, tx, id); err != nil {
			return err
		}
		event, err := setPassword(ctx, tx, id, hash, keep)
		if err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, event)
	})
}

// setPassword stores the hash and returns the event to record.
func setPassword(
	ctx context.Context, tx bun.IDB, id, hash, keep string,
) (tenancy.Event, error) {
	result, err := tx.NewRaw("UPDATE bailiwick.users SET password_hash = ?, updated_at = now()"+
		" WHERE id = ?", hash, id).Exec(ctx)
	if err != nil {
		return tenancy.Event{}, err
	}
	if n, _ := result.RowsAffected(); n == 0 {
		return tenancy.Event{}, errNoUser
	}
	ended, err := endSessions(ctx, tx, id, keep)
	return identity.PasswordSet(id, ended), err
}

// Rehash compares the old hash in the statement that replaces it, so that it never overwrites a
// password that was set meanwhile.
func (s *passwords) Rehash(ctx context.Context, user, from, to string) error {
	id, err := userID(user)
	if err != nil {
		return nil
	}
	return s.pool.SystemTx(ctx, "rehash a password", func(ctx context.Context, tx bun.Tx) error {
		result, err := tx.NewRaw(
			"UPDATE bailiwick.users SET password_hash = ? WHERE id = ? AND password_hash = ?",
			to, id, from).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := result.RowsAffected(); n == 0 {
			return nil
		}
		return audit.RecordPlatform(ctx, tx, identity.PasswordRehashed(id))
	})
}
