package adopt

import (
	"context"
	"fmt"

	"github.com/uptrace/bun"
)

// copyBatch is how many users or keys are brought along at a time.
const copyBatch = 500

// copyUsers makes every user a member of the tenant.
func (e *Engine) copyUsers(ctx context.Context, _ *Engine, tell func(int64)) error {
	p := *e.spec.Users
	table := quote(p.Schema) + "." + quote(p.Table)
	return e.copyRows(ctx, table, fmt.Sprintf(`WITH batch AS (
		SELECT %s AS id, %s AS email, %s AS name, %s AS password_hash, %s AS role FROM %s o WHERE %s LIMIT %d FOR SHARE OF o
	), people AS (
		INSERT INTO bailiwick.users (id, email, name, password_hash) SELECT id, email, name, password_hash FROM batch ON CONFLICT DO NOTHING RETURNING id
	) INSERT INTO bailiwick.members (tenant_id, user_id, role) SELECT %s, b.id, b.role FROM batch b JOIN people USING (id)`,
		asID("o", p.ID), quote(p.Email), quote(p.Name), quote(p.Password), role("o", p.Admin),
		table, missingPerson(p), copyBatch, literal(e.spec.Tenant)), tell)
}

// copyKeys makes every key that isn't revoked one of the tenant's, with its
// user's role.
func (e *Engine) copyKeys(ctx context.Context, _ *Engine, tell func(int64)) error {
	k, p := *e.spec.Keys, *e.spec.Users
	table := quote(k.Schema) + "." + quote(k.Table)
	lastUsed := "NULL::timestamptz"
	if k.LastUsedAt != "" {
		lastUsed = "o." + quote(k.LastUsedAt)
	}
	return e.copyRows(ctx, table, fmt.Sprintf(`WITH batch AS (
		SELECT %s AS id, o.%s AS name, %s AS role, o.%s AS hash, o.%s AS created_at, %s AS last_used_at
		FROM %s o JOIN %s u ON u.%s = o.%s WHERE %s LIMIT %d FOR SHARE OF o
	) INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash, created_at, last_used_at)
	  SELECT %s, id, name, role, hash, created_at, last_used_at FROM batch ON CONFLICT DO NOTHING`,
		asID("o", k.ID), quote(k.Name), role("u", p.Admin), quote(k.Hash), quote(k.CreatedAt),
		lastUsed,
		table, quote(p.Schema)+"."+quote(p.Table), quote(p.ID), quote(k.User), missingKey(k),
		copyBatch, literal(e.spec.Tenant)), tell)
}

// copyRows repeats a statement until it finds nothing, and notes then that the
// table has been brought along: what is taken away later must stay away.
func (e *Engine) copyRows(ctx context.Context, table, statement string, tell func(int64)) error {
	for {
		var n int64
		err := e.patiently(ctx, func(ctx context.Context) error {
			return e.conn.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
				if _, err := tx.ExecContext(ctx, e.limits()); err != nil {
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
					" ON CONFLICT DO NOTHING", copiedMark+table).Exec(ctx)
			return err
		}
		tell(n)
	}
}
