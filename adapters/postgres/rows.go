package postgres

import (
	"context"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// errConcurrentWrite says that another write came between a transaction's look at a
// row and its own write.
var errConcurrentWrite = tenancy.Errorf(tenancy.CodeUnavailable,
	"somebody else wrote the same item; try again")

// lockedRow is what a write finds under its name.
type lockedRow struct {
	ID      string
	Version int64
}

// target is the row's id for SQL, NULL if there is none.
func (r lockedRow) target() any {
	if r.there() {
		return r.ID
	}
	return nil
}

func (r lockedRow) there() bool { return r.ID != "" }

func (r lockedRow) check(cond ports.Condition) error {
	switch {
	case cond.Absent && r.there():
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "it exists already")
	case cond.Exists && !r.there(), cond.Version != 0 && cond.Version != r.Version:
		return errVersion
	}
	return nil
}

// lockRow locks the row of a name. The strength is NO KEY UPDATE for a change,
// which lets others refer to the row meanwhile, and UPDATE for its removal.
func lockRow(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, t *table, name, strength string,
) (lockedRow, error) {
	var rows []lockedRow
	query := "SELECT t.id, t.version FROM " + t.sql + " AS t WHERE t.tenant_id = ? AND " +
		t.nameEquals("t", "?") + " FOR " + strength
	err := tx.NewRaw(query, tenant, name).Scan(ctx, &rows)
	if err != nil || len(rows) == 0 {
		return lockedRow{}, err
	}
	return rows[0], nil
}

const txTries = 5

// inTx runs fn in a transaction of the tenant in ctx. What a concurrent write
// undid (a name that was taken meanwhile, a row that was referred to or
// removed, a deadlock) is tried again: the second look finds the right answer.
func (db *DB) inTx(ctx context.Context, fn func(context.Context, bun.Tx) error) error {
	return retryTx(ctx, db.app, fn)
}

// retryTx is inTx, of a pool.
func retryTx(ctx context.Context, pool *bun.DB, fn func(context.Context, bun.Tx) error) error {
	for try := 1; ; try++ {
		err := pool.RunInTx(ctx, nil, fn)
		if err == nil || try == txTries || !retryable(err) {
			return translate(err)
		}
	}
}

func retryable(err error) bool {
	if err == error(errConcurrentWrite) { // itself, not its code
		return true
	}
	switch sqlState(err) {
	case stateUnique, stateForeignKey, stateSerialization, stateDeadlock:
		return true
	}
	return false
}
