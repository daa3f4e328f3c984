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

// passwords is [ports.Passwords], upon the system role's pool.
type passwords struct{ pool *pool.Pool }

// identities is [ports.Identities], upon the same.
type identities struct{ pool *pool.Pool }

var (
	_ ports.Passwords  = (*passwords)(nil)
	_ ports.Identities = (*identities)(nil)
)

func (s *passwords) Get(ctx context.Context, user string) (identity.Password, error) {
	id, err := userID(user)
	if err != nil {
		return identity.Password{}, errNoUser
	}
	var hashes []string
	err = s.pool.System.NewRaw(
		"SELECT coalesce(password_hash, '') FROM bailiwick.users WHERE id = ?",
		id).
		Scan(pool.CrossTenant(ctx, "verify a password"), &hashes)
	if err != nil {
		return identity.Password{}, pgerr.Translate(err)
	}
	if len(hashes) == 0 {
		return identity.Password{}, errNoUser
	}
	return identity.Password{User: id, Hash: hashes[0]}, nil
}

func (s *passwords) Set(ctx context.Context, user, hash, keep string) error {
	id, err := userID(user)
	if err != nil {
		return errNoUser
	}
	return s.pool.SystemTx(ctx, "set a password", func(ctx context.Context, tx bun.Tx) error {
		set, err := tx.NewRaw("UPDATE bailiwick.users SET password_hash = ?, updated_at = now()"+
			" WHERE id = ?", hash, id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := set.RowsAffected(); n == 0 {
			return errNoUser
		}
		ended, err := endSessions(ctx, tx, id, keep)
		if err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, identity.PasswordSet(id, ended))
	})
}

func (s *passwords) Rehash(ctx context.Context, user, from, to string) error {
	id, err := userID(user)
	if err != nil {
		return nil
	}
	return s.pool.SystemTx(ctx, "hash a password anew", func(ctx context.Context, tx bun.Tx) error {
		improved, err := tx.NewRaw(
			"UPDATE bailiwick.users SET password_hash = ? WHERE id = ? AND password_hash = ?", to,
			id, from).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := improved.RowsAffected(); n == 0 {
			return nil
		}
		return audit.RecordPlatform(ctx, tx, identity.PasswordRehashed(id))
	})
}

func (s *identities) Find(ctx context.Context, i identity.Identity) (string, error) {
	var users []string
	err := s.pool.System.NewRaw(
		"SELECT user_id FROM bailiwick.identities WHERE issuer = ? AND subject = ?", i.Issuer,
		i.Subject).
		Scan(pool.CrossTenant(ctx, "find whose an identity is"), &users)
	if err != nil {
		return "", pgerr.Translate(err)
	}
	if len(users) == 0 {
		return "", tenancy.Errorf(tenancy.CodeNotFound, "this identity is nobody's")
	}
	return users[0], nil
}

func (s *identities) Bind(ctx context.Context, i identity.Identity, user string) error {
	id, err := userID(user)
	if err != nil {
		return errNoUser
	}
	return s.pool.SystemTx(ctx, "bind an identity", func(ctx context.Context, tx bun.Tx) error {
		first, ended, err := forgetPassword(ctx, tx, id)
		if err != nil {
			return err
		}
		_, err = tx.NewRaw("INSERT INTO bailiwick.identities (issuer, subject, user_id)"+
			" VALUES (?, ?, ?)", i.Issuer, i.Subject, id).Exec(ctx)
		switch pgerr.State(err) {
		case pgerr.StateUnique:
			return tenancy.Errorf(tenancy.CodeAlreadyExists, "this identity is bound already").
				Because(err)
		case pgerr.StateForeignKey:
			return errNoUser.Because(err)
		}
		if err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, identity.IdentityBound(id, i, first, ended))
	})
}

// forgetPassword takes the password of a user who has no identity yet, and their
// sessions. It holds the user, so that of two identities one comes first.
func forgetPassword(
	ctx context.Context, tx bun.Tx, user string,
) (first bool, ended int, err error) {
	if _, err := tx.NewRaw("SELECT FROM bailiwick.users WHERE id = ? FOR NO KEY UPDATE", user).
		Exec(ctx); err != nil {
		return false, 0, err
	}
	forgotten, err := tx.NewRaw(
		"UPDATE bailiwick.users SET password_hash = NULL, updated_at = now()"+
			" WHERE id = ?0 AND NOT EXISTS (SELECT FROM bailiwick.identities WHERE user_id = ?0)",
		user).Exec(ctx)
	if err != nil {
		return false, 0, err
	}
	if n, _ := forgotten.RowsAffected(); n == 0 {
		return false, 0, nil
	}
	ended, err = endSessions(ctx, tx, user, "")
	return true, ended, err
}
