package adopt

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// copyBatch is the number of users or keys in a batch.
const copyBatch = 500

// copyUsers copies every user and makes it a member of the tenant.
func (e *Engine) copyUsers(ctx context.Context, _ *Engine, report func(int64)) error {
	p := *e.spec.Users
	table := sqltext.Qualified(p.Schema, p.Table)
	return e.copyRows(ctx, table, fmt.Sprintf(`WITH batch AS (
		SELECT %s AS id, %s AS email, %s AS name, %s AS password_hash, %s AS role
		FROM %s o WHERE %s LIMIT %d FOR SHARE OF o
	), copied AS (
		INSERT INTO bailiwick.users (id, email, name, password_hash)
		SELECT id, email, name, password_hash FROM batch ON CONFLICT DO NOTHING RETURNING id
	) INSERT INTO bailiwick.members (tenant_id, user_id, role)
	  SELECT %s, b.id, b.role FROM batch b JOIN copied USING (id)`,
		uuidOf("o", p.ID), sqltext.Quote(p.Email), sqltext.Quote(p.Name), sqltext.Quote(p.Password),
		roleOf("o", p.Admin),
		table, userMissing(p), copyBatch, sqltext.Literal(e.spec.Tenant)), report)
}

// copyKeys copies every key that isn't revoked to the tenant, with the role of its user.
func (e *Engine) copyKeys(ctx context.Context, _ *Engine, report func(int64)) error {
	k, p := *e.spec.Keys, *e.spec.Users
	table := sqltext.Qualified(k.Schema, k.Table)
	lastUsed := "NULL::timestamptz"
	if k.LastUsedAt != "" {
		lastUsed = "o." + sqltext.Quote(k.LastUsedAt)
	}
	return e.copyRows(ctx, table, fmt.Sprintf(`WITH batch AS (
		SELECT %s AS id, o.%s AS name, %s AS role, o.%s AS hash, o.%s AS created_at,
		  %s AS last_used_at
		FROM %s o JOIN %s u ON u.%s = o.%s WHERE %s LIMIT %d FOR SHARE OF o
	) INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash, created_at, last_used_at)
	  SELECT %s, id, name, role, hash, created_at, last_used_at FROM batch ON CONFLICT DO NOTHING`,
		uuidOf("o", k.ID), sqltext.Quote(k.Name), roleOf("u", p.Admin), sqltext.Quote(k.Hash),
		sqltext.Quote(k.CreatedAt), lastUsed,
		table, sqltext.Qualified(p.Schema, p.Table), sqltext.Quote(p.ID),
		sqltext.Quote(k.User), keyMissing(k), copyBatch, sqltext.Literal(e.spec.Tenant)), report)
}

// copyRows repeats a statement until it copies no row. Then it records that the table has been
// copied: rows deleted later must not be copied again.
func (e *Engine) copyRows(ctx context.Context, table, statement string, report func(int64)) error {
	for {
		var n int64
		err := e.withRetry(ctx, func(ctx context.Context) error {
			return e.conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.ExecContext(ctx, e.lockLimits()); err != nil {
					return err
				}
				result, err := tx.ExecContext(ctx, statement)
				if err != nil {
					return err
				}
				n, err = result.RowsAffected()
				return err
			})
		})
		if err != nil {
			return err
		}
		if n == 0 {
			_, err := e.conn.NewRaw(
				"INSERT INTO bailiwick.former (object, shape) VALUES (?, '{}')"+
					" ON CONFLICT DO NOTHING", formerCopied+table).Exec(ctx)
			return err
		}
		report(n)
	}
}
