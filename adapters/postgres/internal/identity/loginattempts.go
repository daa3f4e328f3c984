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

// loginAttempts is [ports.LoginAttempts] on the system role's pool.
type loginAttempts struct{ pool *pool.Pool }

var _ ports.LoginAttempts = (*loginAttempts)(nil)

// attemptRow is a row of bailiwick.attempts. The table is unlogged: after a crash of the server
// every count is 0.
type attemptRow struct {
	Subject  []byte
	Count    int
	OpenAt   bun.NullTime
	ForgetAt bun.NullTime
}

// errMustWait rolls a transaction back, so that none of its subjects is counted.
var errMustWait = errors.New("the attempt must wait")

// Begin locks the rows of all subjects, in the order of their keys so that calls don't deadlock,
// and reads each after locking it: attempts at the same time are counted one after the other.
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
				subjectWait, err := countAttempt(ctx, tx, subject, now)
				if err != nil {
					return err
				}
				wait = max(wait, subjectWait)
			}
			if wait > 0 {
				return errMustWait
			}
			return deleteForgotten(ctx, tx, now)
		})
	if errors.Is(err, errMustWait) {
		return wait, nil
	}
	return 0, pgerr.Translate(err)
}

// countAttempt counts an attempt for a subject, and returns how long the attempt has to wait.
func countAttempt(
	ctx context.Context, tx bun.IDB, subject ports.Subject, now time.Time,
) (wait time.Duration, err error) {
	before, err := lockAttempts(ctx, tx, subject.Key)
	if err != nil {
		return 0, err
	}
	after, wait := before.Add(subject.Backoff, now)
	_, err = tx.NewRaw("UPDATE bailiwick.attempts"+
		" SET count = ?, open_at = ?, forget_at = ? WHERE subject = ?",
		after.Count, after.OpenAt, after.ForgetAt, subject.Key[:]).Exec(ctx)
	return wait, err
}

// lockAttempts locks the row of a subject, and inserts it if there is none.
func lockAttempts(
	ctx context.Context, tx bun.IDB, key ports.SubjectKey,
) (identity.AttemptState, error) {
	var row attemptRow
	// The update changes nothing, but locks a row that exists already. The column's -infinity is a
	// zero time.
	err := tx.NewRaw("INSERT INTO bailiwick.attempts AS a (subject) VALUES (?)"+
		" ON CONFLICT (subject) DO UPDATE SET count = a.count"+
		" RETURNING subject, count, nullif(open_at, '-infinity') AS open_at,"+
		" nullif(forget_at, '-infinity') AS forget_at", key[:]).Scan(ctx, &row)
	return identity.AttemptState{Count: row.Count, OpenAt: row.OpenAt.Time,
		ForgetAt: row.ForgetAt.Time}, err
}

// deleteForgotten deletes up to ten forgotten rows: more than one attempt inserts, so that the
// table doesn't grow.
func deleteForgotten(ctx context.Context, tx bun.IDB, now time.Time) error {
	_, err := tx.NewRaw("DELETE FROM bailiwick.attempts WHERE subject IN"+
		" (SELECT subject FROM bailiwick.attempts WHERE forget_at <= ? ORDER BY forget_at"+
		" LIMIT 10 FOR UPDATE SKIP LOCKED)", now).Exec(ctx)
	return err
}

// Clear deletes the row, which also ends a wait.
func (s *loginAttempts) Clear(ctx context.Context, key ports.SubjectKey) error {
	_, err := s.pool.System.NewRaw("DELETE FROM bailiwick.attempts WHERE subject = ?", key[:]).
		Exec(pool.CrossTenant(ctx, "forget attempts"))
	return pgerr.Translate(err)
}

func (s *loginAttempts) Refund(ctx context.Context, key ports.SubjectKey) error {
	_, err := s.pool.System.NewRaw(
		"UPDATE bailiwick.attempts SET count = count - 1 WHERE subject = ? AND count > 0", key[:]).
		Exec(pool.CrossTenant(ctx, "refund an attempt"))
	return pgerr.Translate(err)
}
