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

// identities is [ports.Identities] on the system role's pool.
type identities struct{ pool *pool.Pool }

var _ ports.Identities = (*identities)(nil)

// Find uses issuer and subject, which together identify an account (OpenID Connect Core 1.0,
// section 5.7). Other claims, such as the address, don't.
func (s *identities) Find(ctx context.Context, i identity.Identity) (string, error) {
	var users []string
	err := s.pool.System.NewRaw(
		"SELECT user_id FROM bailiwick.identities WHERE issuer = ? AND subject = ?",
		i.Issuer, i.Subject).
		Scan(pool.CrossTenant(ctx, "find the user of an identity"), &users)
	if err != nil {
		return "", pgerr.Translate(err)
	}
	if len(users) == 0 {
		return "", tenancy.Errorf(tenancy.CodeNotFound, "this identity isn't bound to a user")
	}
	return users[0], nil
}

// Bind relies on two unique keys: (issuer, subject), and (user_id, issuer) for at most one
// identity of an issuer for each user.
func (s *identities) Bind(ctx context.Context, i identity.Identity, user string) error {
	id, err := userID(user)
	if err != nil {
		return errNoUser
	}
	return s.pool.SystemTx(ctx, "bind an identity", func(ctx context.Context, tx bun.Tx) error {
		first, ended, err := removePassword(ctx, tx, id)
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

// removePassword removes the password of a user who has no identity yet, and ends their
// sessions. It locks the user, so that of two identities bound at the same time only one is the
// first. It returns whether the user had no identity, and how many sessions it ended.
func removePassword(
	ctx context.Context, tx bun.Tx, user string,
) (first bool, ended int, err error) {
	if _, err := tx.NewRaw("SELECT FROM bailiwick.users WHERE id = ? FOR NO KEY UPDATE", user).
		Exec(ctx); err != nil {
		return false, 0, err
	}
	removed, err := tx.NewRaw(
		"UPDATE bailiwick.users SET password_hash = NULL, updated_at = now()"+
			" WHERE id = ?0 AND NOT EXISTS (SELECT FROM bailiwick.identities WHERE user_id = ?0)",
		user).Exec(ctx)
	if err != nil {
		return false, 0, err
	}
	if n, _ := removed.RowsAffected(); n == 0 {
		return false, 0, nil
	}
	ended, err = endSessions(ctx, tx, user, "")
	return true, ended, err
}
