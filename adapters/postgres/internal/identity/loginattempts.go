package identity

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// loginAttempts is [ports.LoginAttempts], upon the system role's pool.
type loginAttempts struct{ pool *pool.Pool }

var _ ports.LoginAttempts = (*loginAttempts)(nil)

type attemptRow struct {
	Subject  []byte
	Count    int
	OpenAt   bun.NullTime
	ForgetAt bun.NullTime
}

// errWaits takes a transaction back in which nothing is to be counted.
var errWaits = errors.New("an attempt has to wait")

// Begin takes the rows of all subjects, in one order everywhere, before it looks
// at them: of attempts at once each sees what the one before has counted.
func (s *loginAttempts) Begin(
	ctx context.Context, now time.Time, subjects ...ports.Subject,
) (wait time.Duration, err error) {
	subjects = slices.Clone(subjects)
	slices.SortFunc(subjects,
		func(a, b ports.Subject) int { return bytes.Compare(a.Key[:], b.Key[:]) })
	err = s.pool.System.RunInTx(pool.CrossTenant(ctx, "count an attempt"), nil,
		func(ctx context.Context, tx bun.Tx) error {
			wait = 0
			for _, subject := range subjects {
				before, err := lockAttempts(ctx, tx, subject.Key)
				if err != nil {
					return err
				}
				after, more := before.Add(subject.Backoff, now)
				wait = max(wait, more)
				_, err = tx.NewRaw("UPDATE bailiwick.attempts"+
					" SET count = ?, open_at = ?, forget_at = ? WHERE subject = ?",
					after.Count, after.OpenAt, after.ForgetAt, subject.Key[:]).Exec(ctx)
				if err != nil {
					return err
				}
			}
			if wait > 0 {
				return errWaits
			}
			return sweepAttempts(ctx, tx, now)
		})
	if errors.Is(err, errWaits) {
		return wait, nil
	}
	return 0, pgerr.Translate(err)
}

// lockAttempts locks the row of a subject, which it makes if there is none.
func lockAttempts(
	ctx context.Context, tx bun.IDB, key ports.SubjectKey,
) (identity.AttemptState, error) {
	var row attemptRow
	err := tx.NewRaw("INSERT INTO bailiwick.attempts AS a (subject) VALUES (?)"+
		" ON CONFLICT (subject) DO UPDATE SET count = a.count"+
		" RETURNING subject, count, nullif(open_at, '-infinity') AS open_at, nullif(forget_at,"+
		" '-infinity') AS forget_at", key[:]).Scan(ctx, &row)
	return identity.AttemptState{Count: row.Count, OpenAt: row.OpenAt.Time,
		ForgetAt: row.ForgetAt.Time}, err
}

// sweepAttempts removes some of what is forgotten: more than an attempt adds.
func sweepAttempts(ctx context.Context, tx bun.IDB, now time.Time) error {
	_, err := tx.NewRaw("DELETE FROM bailiwick.attempts WHERE subject IN"+
		" (SELECT subject FROM bailiwick.attempts WHERE forget_at <= ? ORDER BY forget_at"+
		" LIMIT 10 FOR UPDATE SKIP LOCKED)", now).Exec(ctx)
	return err
}

func (s *loginAttempts) Clear(ctx context.Context, key ports.SubjectKey) error {
	_, err := s.pool.System.NewRaw("DELETE FROM bailiwick.attempts WHERE subject = ?", key[:]).
		Exec(pool.CrossTenant(ctx, "forget attempts"))
	return pgerr.Translate(err)
}

func (s *loginAttempts) Refund(ctx context.Context, key ports.SubjectKey) error {
	_, err := s.pool.System.NewRaw(
		"UPDATE bailiwick.attempts SET count = count - 1 WHERE subject = ? AND count > 0", key[:]).
		Exec(pool.CrossTenant(ctx, "take an attempt back"))
	return pgerr.Translate(err)
}
