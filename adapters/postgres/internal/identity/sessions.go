package identity

import (
	"context"
	"database/sql"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// sessions is [ports.Sessions] on the system role's pool: a user belongs to no tenant.
type sessions struct{ pool *pool.Pool }

var _ ports.Sessions = (*sessions)(nil)

// sessionColumns are what a user sees of a session. hash and rights are read by [sessionFinder]
// only.
const sessionColumns = "id, user_id, created_at, seen_at, expires_at, address, agent"

// sessionRow is a row of bailiwick.sessions. Hash and Rights are empty unless the query has
// them.
type sessionRow struct {
	ID        string
	UserID    string
	Hash      []byte
	Rights    []byte
	CreatedAt time.Time
	SeenAt    time.Time
	ExpiresAt time.Time
	Address   string
	Agent     string
}

func (r sessionRow) session() identity.Session {
	s := identity.Session{
		ID: r.ID, User: r.UserID, CreatedAt: r.CreatedAt.UTC(), SeenAt: r.SeenAt.UTC(),
		ExpiresAt: r.ExpiresAt.UTC(), Address: r.Address, Agent: r.Agent,
	}
	copy(s.Hash[:], r.Hash)
	copy(s.Rights[:], r.Rights)
	return s
}

var (
	// the first is for a user's list of sessions, the second for sign-in; they have different codes
	errNoSession   = tenancy.Errorf(tenancy.CodeNotFound, "no such session")
	errNotSignedIn = tenancy.Errorf(tenancy.CodeUnauthenticated, "no such session")
)

// Create locks the user, so that neither the password changes nor the user is removed between the
// check of the password and the insertion of the session.
func (s *sessions) Create(ctx context.Context, created identity.Session, verified string) error {
	user, err := userID(created.User)
	if err != nil {
		return errNotSignedIn
	}
	return s.pool.SystemTx(ctx, "sign in", func(ctx context.Context, tx bun.Tx) error {
		if err := checkPasswordHash(ctx, tx, user, verified); err != nil {
			return err
		}
		if err := insertSession(ctx, tx, user, created); err != nil {
			return err
		}
		ended, err := endOldestSessions(ctx, tx, user, created.ID)
		if err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, identity.SessionCreated(created, ended))
	})
}

// checkPasswordHash locks the user and checks that their password still has the hash verified;
// "" skips the check.
func checkPasswordHash(ctx context.Context, tx bun.IDB, user, verified string) error {
	var hashes []string
	err := tx.NewRaw("SELECT coalesce(password_hash, '') FROM bailiwick.users WHERE id = ?"+
		" FOR NO KEY UPDATE", user).Scan(ctx, &hashes)
	if err != nil {
		return err
	}
	if len(hashes) == 0 || verified != "" && hashes[0] != verified {
		return identity.ErrPasswordChanged
	}
	return nil
}

// insertSession stores SeenAt to the minute, as Touch does.
func insertSession(ctx context.Context, tx bun.IDB, user string, s identity.Session) error {
	_, err := tx.NewRaw("INSERT INTO bailiwick.sessions (id, user_id, hash, rights,"+
		" created_at, seen_at, expires_at, address, agent)"+
		" VALUES (?, ?, ?, ?, ?, date_trunc('minute', ?::timestamptz, 'UTC'), ?, ?, ?)",
		s.ID, user, s.Hash[:], s.Rights[:], s.CreatedAt, s.SeenAt, s.ExpiresAt, s.Address, s.Agent).
		Exec(ctx)
	if pgerr.State(err) == pgerr.StateUnique {
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "the session exists already").Because(err)
	}
	return err
}

// endOldestSessions ends the user's oldest sessions beyond [identity.MaxSessions], but never the
// one with the id keep. It returns how many it ended.
func endOldestSessions(ctx context.Context, tx bun.IDB, user, keep string) (int, error) {
	return affected(tx.NewRaw(
		"DELETE FROM bailiwick.sessions WHERE user_id = ?0 AND id <> ?1 AND id NOT IN"+
			" (SELECT id FROM bailiwick.sessions WHERE user_id = ?0 AND id <> ?1"+
			" ORDER BY created_at DESC, id DESC LIMIT ?2)",
		user, keep, identity.KeptSessions).Exec(ctx))
}

// affected returns the number of rows that a statement has changed.
func affected(result sql.Result, err error) (int, error) {
	if err != nil {
		return 0, err
	}
	n, err := result.RowsAffected()
	return int(n), err
}

// List returns nothing for an id that isn't a UUID: no user has such an id.
func (s *sessions) List(
	ctx context.Context, user string, now time.Time,
) ([]identity.Session, error) {
	id, err := userID(user)
	if err != nil {
		return nil, nil
	}
	var rows []sessionRow
	err = s.pool.System.NewRaw("SELECT "+sessionColumns+
		" FROM bailiwick.sessions WHERE user_id = ? AND expires_at > ?"+
		" ORDER BY created_at DESC, id DESC", id, now).
		Scan(pool.CrossTenant(ctx, "list a user's sessions"), &rows)
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, sessionRow.session), nil
}

// Revoke has the owner in the condition, so that a user can't end another user's session.
func (s *sessions) Revoke(ctx context.Context, user, id string) error {
	owner, err := userID(user)
	if err != nil {
		return errNoSession
	}
	if id, err = parseID(id, errNoSession); err != nil {
		return err
	}
	return s.pool.SystemTx(ctx, "end a session", func(ctx context.Context, tx bun.Tx) error {
		if err := pool.CheckRightOf(ctx, tx, owner); err != nil {
			return err
		}
		ended, err := tx.NewRaw("DELETE FROM bailiwick.sessions WHERE user_id = ? AND id = ?",
			owner, id).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := ended.RowsAffected(); n == 0 {
			return errNoSession
		}
		return audit.RecordPlatform(ctx, tx, identity.SessionRevoked(owner, id))
	})
}

// RevokeAll leaves no audit entry if there was no session.
func (s *sessions) RevokeAll(ctx context.Context, user string) error {
	id, err := userID(user)
	if err != nil {
		return nil
	}
	return s.pool.SystemTx(ctx, "end a user's sessions",
		func(ctx context.Context, tx bun.Tx) error {
			if err := pool.CheckRightOf(ctx, tx, id); err != nil {
				return err
			}
			n, err := endSessions(ctx, tx, id, "")
			if err != nil || n == 0 {
				return err
			}
			return audit.RecordPlatform(ctx, tx, identity.SessionsRevoked(id, n))
		})
}

// endSessions ends all sessions of a user but the one with the id keep ("" keeps none). It
// returns how many it ended.
func endSessions(ctx context.Context, tx bun.IDB, user, keep string) (int, error) {
	return affected(tx.NewRaw("DELETE FROM bailiwick.sessions WHERE user_id = ? AND id::text <> ?",
		user, keep).Exec(ctx))
}
