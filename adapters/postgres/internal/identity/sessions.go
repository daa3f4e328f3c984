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

// sessions is [ports.Sessions], upon the system role's pool: users are of no
// tenant.
type sessions struct{ pool *pool.Pool }

// sessionFinder is [ports.SessionFinder], upon the same.
type sessionFinder struct{ pool *pool.Pool }

var (
	_ ports.Sessions      = (*sessions)(nil)
	_ ports.SessionFinder = (*sessionFinder)(nil)
)

const sessionColumns = "id, user_id, created_at, seen_at, expires_at, address, agent"

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
		ExpiresAt: r.ExpiresAt.UTC(),
		Address:   r.Address, Agent: r.Agent,
	}
	copy(s.Hash[:], r.Hash)
	copy(s.Rights[:], r.Rights)
	return s
}

var (
	errNoSession   = tenancy.Errorf(tenancy.CodeNotFound, "no such session")
	errNotSignedIn = tenancy.Errorf(tenancy.CodeUnauthenticated, "no such session")
)

// Create locks the user, so that neither the password changes nor the user goes
// between the look at them and the session.
func (s *sessions) Create(ctx context.Context, given identity.Session, verified string) error {
	user, err := userID(given.User)
	if err != nil {
		return errNotSignedIn
	}
	return s.pool.SystemTx(ctx, "sign in", func(ctx context.Context, tx bun.Tx) error {
		var hashes []string
		err := tx.NewRaw("SELECT coalesce(password_hash, '') FROM bailiwick.users WHERE id = ?"+
			" FOR NO KEY UPDATE", user).Scan(ctx, &hashes)
		if err != nil {
			return err
		}
		if len(hashes) == 0 || verified != "" && hashes[0] != verified {
			return tenancy.Errorf(tenancy.CodeUnauthenticated, "the password has changed meanwhile")
		}
		_, err = tx.NewRaw("INSERT INTO bailiwick.sessions (id, user_id, hash, rights,"+
			" created_at, seen_at, expires_at, address, agent)"+
			" VALUES (?, ?, ?, ?, ?, date_trunc('minute', ?::timestamptz, 'UTC'), ?, ?, ?)",
			given.ID, user, given.Hash[:], given.Rights[:], given.CreatedAt, given.SeenAt,
			given.ExpiresAt, given.Address, given.Agent).Exec(ctx)
		if pgerr.State(err) == pgerr.StateUnique {
			return tenancy.Errorf(tenancy.CodeAlreadyExists, "this session exists already").
				Because(err)
		}
		if err != nil {
			return err
		}
		ended, err := tx.NewRaw(
			"DELETE FROM bailiwick.sessions WHERE user_id = ?0 AND id <> ?1 AND id NOT IN"+
				" (SELECT id FROM bailiwick.sessions WHERE user_id = ?0 AND id <> ?1"+
				" ORDER BY created_at DESC, id DESC LIMIT ?2)",
			user, given.ID, identity.MaxSessions-1).Exec(ctx)
		if err != nil {
			return err
		}
		n, err := ended.RowsAffected()
		if err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, identity.SessionCreated(given, int(n)))
	})
}

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
		" ORDER BY created_at DESC, id DESC",
		id, now).Scan(pool.CrossTenant(ctx, "list a user's sessions"), &rows)
	if err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, sessionRow.session), nil
}

func (s *sessions) Revoke(ctx context.Context, user, id string) error {
	owner, err := userID(user)
	if err != nil {
		return errNoSession
	}
	session, err := uuid.Parse(id)
	if err != nil {
		return errNoSession
	}
	return s.pool.SystemTx(ctx, "end a session", func(ctx context.Context, tx bun.Tx) error {
		ended, err := tx.NewRaw("DELETE FROM bailiwick.sessions WHERE user_id = ? AND id = ?",
			owner, session.String()).Exec(ctx)
		if err != nil {
			return err
		}
		if n, _ := ended.RowsAffected(); n == 0 {
			return errNoSession
		}
		return audit.RecordPlatform(ctx, tx, identity.SessionRevoked(owner, session.String()))
	})
}

func (s *sessions) RevokeAll(ctx context.Context, user string) error {
	id, err := userID(user)
	if err != nil {
		return nil
	}
	return s.pool.SystemTx(ctx, "end a user's sessions",
		func(ctx context.Context, tx bun.Tx) error {
			n, err := endSessions(ctx, tx, id, "")
			if err != nil || n == 0 {
				return err
			}
			return audit.RecordPlatform(ctx, tx, identity.SessionsRevoked(id, n))
		})
}

// endSessions ends the sessions of a user but the one with the id keep.
func endSessions(ctx context.Context, tx bun.IDB, user, keep string) (int, error) {
	ended, err := tx.NewRaw("DELETE FROM bailiwick.sessions WHERE user_id = ? AND id::text <> ?",
		user, keep).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := ended.RowsAffected()
	return int(n), err
}

func (s *sessionFinder) Find(
	ctx context.Context, hash identity.SessionHash, now time.Time,
) (identity.Session, error) {
	var rows []sessionRow
	err := s.pool.System.NewRaw("SELECT "+sessionColumns+", hash, rights FROM bailiwick.sessions"+
		" WHERE (hash = ?0 OR former = ?0 AND former_until > ?1) AND expires_at > ?1", hash[:],
		now).
		Scan(pool.CrossTenant(ctx, "find whose a session is"), &rows)
	if err != nil {
		return identity.Session{}, pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return identity.Session{}, errNotSignedIn
	}
	return rows[0].session(), nil
}

func (s *sessionFinder) Touch(ctx context.Context, id string, at time.Time) error {
	parsed, err := uuid.Parse(id)
	if err != nil {
		return nil
	}
	_, err = s.pool.System.NewRaw(
		"UPDATE bailiwick.sessions SET seen_at = date_trunc('minute', ?0::timestamptz, 'UTC')"+
			" WHERE id = ?1 AND seen_at < date_trunc('minute', ?0::timestamptz, 'UTC')", at,
		parsed.String()).
		Exec(pool.CrossTenant(ctx, "note the use of a session"))
	return pgerr.Translate(err)
}

func (s *sessionFinder) Renew(
	ctx context.Context, id string, from identity.SessionHash, to ports.SessionRenewal,
) error {
	return s.pool.SystemTx(ctx, "renew a session", func(ctx context.Context, tx bun.Tx) error {
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
