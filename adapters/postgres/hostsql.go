package postgres

import (
	"context"
	"database/sql"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// IDB returns a [bun.IDB] that is bound to the tenant in ctx, for code that asks for one. Its
// queries are those of [DB.Scoped], with the tenant's condition. The [bun.Tx] of its BeginTx and
// RunInTx can't add the condition: row-level security alone confines the statements there (and
// nothing does with tenancy off), an INSERT is stamped by the default of tenant_id if it leaves
// the column out, and a row with another tenant_id is refused. Prefer the RunInTx of
// [DB.Scoped], whose transaction keeps the condition.
//
// A transaction belongs to the tenant of its BeginTx or RunInTx: a statement whose context names
// another tenant or none is refused. If that first context carries the right of a call
// ([tenancy.Right]), the transaction is committed only if the caller still has it, also by the
// Commit of the bun.Tx.
func (db *DB) IDB(ctx context.Context) bun.IDB { return db.factory.IDB(ctx) }

// SQL returns a [sql.DB] whose statements are confined to the tenant of their context by
// row-level security, for code that isn't written for bun. A context without a tenant is refused
// with [tenancy.CodeNoTenant], and one that names another tenant than its transaction with
// [tenancy.CodeTenantMismatch]. With tenancy off a context without a tenant works for the default
// tenant, and nothing else confines the statements: [DB.Scoped] does, too.
//
// Placeholders are $1, $2, …; an argument has the type that PostgreSQL finds for it, and a
// []byte is a bytea (pass JSON as a string). An INSERT needs no tenant_id. A prepared statement
// is sent anew, with the tenant of each execution. A method without a context has no tenant.
// Statements that would change the connection for its next user are refused (SET, LISTEN,
// COPY, …), as for [DB.Scoped]; the deadline of the context, or [Options].StatementTimeout,
// holds. Commit checks the right of the call in the context of BeginTx, as [DB.IDB] says.
//
// Every call returns the same pool. It borrows the connections of MaxConns: its limits have no
// effect, and its Close ends only itself. [DB.Close] closes it.
func (db *DB) SQL() *sql.DB { return db.pool.Host }

// AppURL returns the connection string of the role to which row-level security applies, with its
// password: for a driver that isn't the library's. Without a setting of the tenant ([DB.TenantSetting])
// its sessions see no tenant's rows. With tenancy off it is [Options].URL, and nothing confines
// its sessions.
func (db *DB) AppURL() string { return db.config.AppURL }

// TenantSetting returns the SQL statement (SET LOCAL …) that binds a transaction of another
// driver to the tenant in ctx:
//
//	tx, err := pgxPool.Begin(ctx) // of db.AppURL()
//	…
//	_, err = tx.Exec(ctx, setting) // before anything else
//
// Send it as the first statement of each transaction, in a message that isn't prepared. It
// lasts until the transaction ends; nothing remains on the connection, so a pool or PgBouncer
// in transaction mode may be between. A transaction can begin with it for five minutes: later
// the database refuses each statement on a tenant's rows. A transaction that began in time
// isn't limited. Call TenantSetting for each transaction, which costs microseconds.
//
// The text is signed, and is the tenant's access for that time: don't log or store it.
// Outside of a transaction it does nothing. The library doesn't see these transactions: no
// filter, no deadline, and the right of the call isn't checked. Without a tenant in ctx the
// error is [tenancy.CodeNoTenant]; with tenancy off the tenant is then the default one.
func (db *DB) TenantSetting(ctx context.Context) (string, error) {
	tenant, err := tenancy.FromContext(ctx)
	if err != nil && db.config.MultiTenant {
		return "", err
	}
	if err != nil {
		tenant = tenancy.DefaultID
	}
	return db.pool.Keyring.Setting(tenant)
}
