package identity

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// keys is [ports.Keys] on the scoped pool.
type keys struct{ pool *pool.Pool }

var _ ports.Keys = (*keys)(nil)

// foundKeyColumns are the columns that the function bailiwick.find_key returns: what
// authentication needs.
const foundKeyColumns = "tenant_id, id, name, role, created_at, expires_at, last_used_at"

const keyColumns = foundKeyColumns + ", prefix, created_by, rotated_to"

// keyList pages keys in the order of their ids.
var keyList = pool.Listing{
	Table: "bailiwick.api_keys", Columns: keyColumns, ID: "id",
	InvalidCursor: "invalid cursor: it isn't the id of an API key",
}

// keyRow is a row of bailiwick.api_keys. It has no hash: no statement of this package reads the
// column, and the application's role has no right to.
type keyRow struct {
	TenantID   tenancy.ID
	ID         string
	Name       string
	Role       string
	CreatedAt  time.Time
	ExpiresAt  bun.NullTime
	LastUsedAt bun.NullTime
	Prefix     string
	CreatedBy  *string
	RotatedTo  *string
}

func (r keyRow) key() tenancy.APIKey {
	return tenancy.APIKey{
		ID: r.ID, Tenant: r.TenantID, Name: r.Name, Role: tenancy.Role(r.Role),
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: utc(r.ExpiresAt.Time),
		LastUsedAt: utc(r.LastUsedAt.Time), Prefix: r.Prefix,
		CreatedBy: unmarshalActor(r.CreatedBy), RotatedTo: orEmpty(r.RotatedTo),
	}
}

var errNoKey = tenancy.Errorf(tenancy.CodeNotFound, "no such key")

// keyError translates the error of a transaction that inserts a key.
func keyError(err error) error {
	if pgerr.State(err) == pgerr.StateUnique {
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "the key exists already").Because(err)
	}
	return pgerr.Translate(err)
}

// Create inserts the key and its audit entry in one transaction. It returns the hash from k,
// because it can't read the column.
func (s *keys) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	if k.Tenant != tenant {
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeTenantMismatch, "the key belongs to another tenant")
	}
	var row keyRow
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("INSERT INTO bailiwick.api_keys"+
			" (tenant_id, id, name, role, hash, expires_at, prefix, created_by)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb) RETURNING "+keyColumns,
			tenant, k.ID, k.Name, string(k.Role), k.Hash[:], bun.NullTime{Time: k.ExpiresAt},
			k.Prefix, marshalActor(k.CreatedBy)).Scan(ctx, &row)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.CreateKeyEvent(row.key()))
	})
	if err != nil {
		return tenancy.APIKey{}, keyError(err)
	}
	created := row.key()
	created.Hash = k.Hash
	return created, nil
}

func (s *keys) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.APIKey, error) {
	rows, err := pool.ReadPage[keyRow](ctx, s.pool, tenant, keyList, after, limit)
	if err != nil {
		return nil, err
	}
	return pool.MapRows(rows, keyRow.key), nil
}

// Rotate locks the old key, so that of several rotations at the same time one succeeds and the
// others find the key rotated.
func (s *keys) Rotate(
	ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey, until time.Time,
) (successor tenancy.APIKey, err error) {
	ctx, err = pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	if id, err = parseID(id, errNoKey); err != nil {
		return tenancy.APIKey{}, err
	}
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		old, err := lockKeyToRotate(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if err := pool.CheckRightOf(ctx, tx, id); err != nil {
			return err
		}
		successor, err = replaceKey(ctx, tx, old, next, until)
		return err
	})
	if err != nil {
		return tenancy.APIKey{}, keyError(err)
	}
	successor.Hash = next.Hash
	return successor, nil
}

// lockKeyToRotate reads and locks a key that wasn't rotated yet.
func lockKeyToRotate(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, id string,
) (keyRow, error) {
	var rows []keyRow
	err := tx.NewRaw("SELECT "+keyColumns+
		" FROM bailiwick.api_keys WHERE tenant_id = ? AND id = ? FOR NO KEY UPDATE", tenant, id).
		Scan(ctx, &rows)
	if err != nil {
		return keyRow{}, err
	}
	if len(rows) == 0 {
		return keyRow{}, errNoKey
	}
	return rows[0], rows[0].key().CheckRotate()
}

// replaceKey inserts the successor of the key old, and ends old at until or earlier. It is the
// SQL twin of [tenancy.APIKey.Rotate].
func replaceKey(
	ctx context.Context, tx bun.IDB, old keyRow, next tenancy.APIKey, until time.Time,
) (tenancy.APIKey, error) {
	var successor keyRow
	// The lifetime is the one that the old key was created with, counted from now. It is NULL,
	// which is no expiry, if the old key never expires.
	err := tx.NewRaw("INSERT INTO bailiwick.api_keys"+
		" (tenant_id, id, name, role, hash, expires_at, prefix, created_by)"+
		" SELECT tenant_id, ?0, name, role, ?1, now() + (expires_at - created_at), ?2, ?3::jsonb"+
		" FROM bailiwick.api_keys WHERE tenant_id = ?4 AND id = ?5"+
		" RETURNING "+keyColumns, next.ID, next.Hash[:], next.Prefix, marshalActor(next.CreatedBy),
		old.TenantID, old.ID).Scan(ctx, &successor)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	var replaced keyRow
	// least ignores NULL: a key without an expiry now expires at until.
	err = tx.NewRaw("UPDATE bailiwick.api_keys"+
		" SET rotated_to = ?, expires_at = least(expires_at, ?)"+
		" WHERE tenant_id = ? AND id = ? RETURNING "+keyColumns,
		successor.ID, until, old.TenantID, old.ID).Scan(ctx, &replaced)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	return successor.key(),
		audit.Record(ctx, tx, tenancy.RotateKeyEvent(replaced.key(), successor.key()))
}

// Revoke deletes the row, so that find_key doesn't find it from the commit on. A trigger
// notifies all instances.
func (s *keys) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if id, err = parseID(id, errNoKey); err != nil {
		return err
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := pool.CheckRightOf(ctx, tx, id); err != nil {
			return err
		}
		var revoked []keyRow
		err := tx.NewRaw("DELETE FROM bailiwick.api_keys WHERE tenant_id = ? AND id = ? RETURNING "+
			foundKeyColumns, tenant, id).Scan(ctx, &revoked)
		if err != nil {
			return err
		}
		if len(revoked) == 0 {
			return errNoKey
		}
		return audit.Record(ctx, tx, tenancy.RevokeKeyEvent(revoked[0].key()))
	})
}
