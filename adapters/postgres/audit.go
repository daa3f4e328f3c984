package postgres

import (
	"context"
	"database/sql"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Execer is what [DB.Record] needs of a transaction: [*Scoped] within RunInTx, bun.Tx and
// *sql.Tx have it.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// Record adds an entry to the audit log of the tenant that tx is scoped to, in the transaction
// tx: it is rolled back with it, and joins the tenant's hash chain when it is committed. If
// the entry can't be written, the transaction fails.
//
//	err := db.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
//		_, err := tx.NewUpdate().Model(&note).WherePK().Exec(ctx)
//		if err != nil {
//			return err
//		}
//		return db.Record(ctx, tx, tenancy.Event{Action: "note.publish",
//			Target: tenancy.AuditTarget{Kind: "note", Name: note.Title}})
//	})
//
// The actor, the request and the address are those of the context with which the transaction
// began, whatever the statement says: SQL that somebody injects into a statement of the host
// can add an entry, but not in another caller's name, nor with an action of the library's.
// An event that [tenancy.Event.CheckHost] refuses is an error with [tenancy.CodeInvalid], and
// nothing is sent.
//
// Outside a transaction (db.Scoped(ctx) itself) the entry is a transaction alone: it says that
// something happened, whatever becomes of the writes next to it. A tx of another pool, which
// isn't scoped to a tenant, is refused by the database.
func (db *DB) Record(ctx context.Context, tx Execer, e tenancy.Event) error {
	return audit.RecordHost(ctx, tx, e)
}
