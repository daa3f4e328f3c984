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
)

// keys is [ports.Keys], upon the scoped pool.
type keys struct{ pool *pool.Pool }

// keyFinder is [ports.KeyFinder]: a function of the database finds the one row,
// so that no role reads keys across tenants.
type keyFinder struct{ pool *pool.Pool }

var (
	_ ports.Keys      = (*keys)(nil)
	_ ports.KeyFinder = (*keyFinder)(nil)
)

const keyColumns = "tenant_id, id, name, role, created_at, expires_at, last_used_at"

// shownColumns are what [keyFinder] doesn't answer: they are for people.
const shownColumns = keyColumns + ", prefix, created_by, rotated_to"

var keyList = pool.Listing{
	Table: "bailiwick.api_keys", Columns: shownColumns, ID: "id",
	InvalidCursor: "a page of keys begins after a key's id",
}

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
		CreatedAt: r.CreatedAt.UTC(),
		ExpiresAt: utc(r.ExpiresAt.Time), LastUsedAt: utc(r.LastUsedAt.Time), Prefix: r.Prefix,
		CreatedBy: readActor(r.CreatedBy),
		RotatedTo: textOf(r.RotatedTo),
	}
}

func (s *keys) Create(
	ctx context.Context, tenant tenancy.ID, k tenancy.APIKey,
) (tenancy.APIKey, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.APIKey{}, err
	}
	if k.Tenant != tenant {
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeTenantMismatch, "the key is of another tenant")
	}
	var row keyRow
	err = s.pool.App.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("INSERT INTO bailiwick.api_keys (tenant_id, id, name, role, hash,"+
			" expires_at, prefix, created_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?::jsonb) RETURNING "+
			shownColumns,
			tenant, k.ID, k.Name, string(k.Role), k.Hash[:], bun.NullTime{Time: k.ExpiresAt},
			k.Prefix, actorOf(k.CreatedBy)).Scan(ctx, &row)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.CreateKeyEvent(row.key()))
	})
	if pgerr.State(err) == pgerr.StateUnique {
		return tenancy.APIKey{},
			tenancy.Errorf(tenancy.CodeAlreadyExists, "this key exists already").Because(err)
	}
	if err != nil {
		return tenancy.APIKey{}, pgerr.Translate(err)
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

func (s *keys) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return tenancy.ErrNotFound
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		var rows []keyRow
		err := tx.NewRaw("DELETE FROM bailiwick.api_keys WHERE tenant_id = ? AND id = ? RETURNING "+
			keyColumns, tenant, parsed.String()).Scan(ctx, &rows)
		if err != nil {
			return err
		}
		if len(rows) == 0 {
			return tenancy.ErrNotFound
		}
		return audit.Record(ctx, tx, tenancy.RevokeKeyEvent(rows[0].key()))
	})
}

func (s *keyFinder) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	var rows []keyRow
	err := s.pool.System.NewRaw("SELECT "+keyColumns+" FROM bailiwick.find_key(?)", hash[:]).
		Scan(pool.CrossTenant(ctx, "find the tenant of an API key"), &rows)
	if err != nil {
		return tenancy.APIKey{}, pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "no such key")
	}
	key := rows[0].key()
	key.Hash = hash
	return key, nil
}
