package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenants is [ports.Tenants] on the system role's pool: listing and finding tenants crosses
// tenants by design.
type tenants struct {
	pool     *pool.Pool
	declared *declare.Set
}

var _ ports.Tenants = (*tenants)(nil)

// tenantRow is a row of bailiwick.tenants.
type tenantRow struct {
	ID        tenancy.ID
	Slug      string
	Name      string
	State     string
	Settings  json.RawMessage `bun:"type:jsonb"`
	Quotas    json.RawMessage `bun:"type:jsonb"`
	Version   int64
	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt bun.NullTime
}

const tenantColumns = "id, slug, name, state, settings, quotas, version, created_at, updated_at," +
	" deleted_at"

func (r tenantRow) tenant() tenancy.Tenant {
	return tenancy.Tenant{
		ID: r.ID, Slug: tenancy.Slug(r.Slug), Name: r.Name, State: tenancy.State(r.State),
		Settings: r.Settings, Quotas: unmarshalQuotas(r.Quotas), Version: r.Version,
		CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
		DeletedAt: utc(r.DeletedAt.Time),
	}
}

// Create runs as the system role, scoped to the new tenant: row security also applies to the
// rows of its singletons.
func (s *tenants) Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	if err := pool.RequireTenant(t.ID); err != nil {
		return tenancy.Tenant{}, err
	}
	ctx = pool.CrossTenantFor(ctx, "create a tenant", t.ID)
	var row tenantRow
	err := s.pool.CrossTenantTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		err := tx.NewRaw("INSERT INTO bailiwick.tenants"+
			" (id, slug, name, state, settings, quotas, deleted_at)"+
			" VALUES (?, ?, ?, ?, ?::jsonb, ?::jsonb, ?) RETURNING "+tenantColumns,
			t.ID, string(t.Slug), t.Name, string(t.State), settingsJSON(t), quotasJSON(t),
			bun.NullTime{Time: t.DeletedAt}).Scan(ctx, &row)
		if err != nil {
			return err
		}
		if err := s.createSingletons(ctx, tx, t.ID); err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.CreateTenantEvent(row.tenant()))
	})
	if err != nil {
		return tenancy.Tenant{}, createError(err, t.Slug)
	}
	return row.tenant(), nil
}

// createSingletons inserts the one item of each singleton kind of a new tenant.
func (s *tenants) createSingletons(ctx context.Context, tx bun.IDB, tenant tenancy.ID) error {
	for _, t := range s.declared.KindTables {
		if t.Singleton == "" {
			continue
		}
		insert := tx.NewRaw("INSERT INTO "+t.SQL+" ("+t.Tenant()+", id) VALUES (?, ?)", tenant,
			pool.NewID())
		if t.NewID != "" {
			insert = tx.NewRaw("INSERT INTO "+t.SQL+" ("+t.Tenant()+") VALUES (?)", tenant)
		}
		if _, err := insert.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// settingsJSON returns the settings for their column, an empty object if there are none.
func settingsJSON(t tenancy.Tenant) string {
	if len(t.Settings) == 0 {
		return "{}"
	}
	return string(t.Settings)
}

// quotasJSON returns the quotas for their column, an object even if there are none.
func quotasJSON(t tenancy.Tenant) string {
	raw, err := json.Marshal(t.Quotas.Clone())
	if err != nil {
		return "null" // for NaN or infinity; the column refuses what isn't an object
	}
	return string(raw)
}

// unmarshalQuotas decodes the column. It leaves out quotas that it can't decode, which another
// program wrote: the database still enforces those that it understands.
func unmarshalQuotas(raw json.RawMessage) tenancy.Quotas {
	var q tenancy.Quotas
	_ = json.Unmarshal(raw, &q)
	return q.Clone()
}

// createError translates the error of the transaction that creates a tenant with this slug. The
// ids and slugs of purged tenants violate the same unique keys.
func createError(err error, slug tenancy.Slug) error {
	switch {
	case pgerr.State(err) != pgerr.StateUnique:
		return pgerr.Translate(err)
	case pgerr.Constraint(err) == "tenants_pkey":
		return tenancy.Errorf(tenancy.CodeAlreadyExists, "a tenant with this id exists already").
			Because(err)
	}
	return tenancy.Errorf(tenancy.CodeSlugTaken, "the slug %q is taken", slug).Because(err)
}

func (s *tenants) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	if err := pool.RequireTenant(id); err != nil {
		return tenancy.Tenant{}, err
	}
	return s.readOne(ctx, "get a tenant", "id = ?", id)
}

func (s *tenants) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	return s.readOne(ctx, "resolve a slug", "slug = ?", string(slug))
}

// readOne returns the one tenant for which the condition holds. reason is that of the cross-tenant
// work.
func (s *tenants) readOne(
	ctx context.Context, reason, condition string, arg any,
) (tenancy.Tenant, error) {
	var rows []tenantRow
	err := s.pool.System.NewRaw("SELECT "+tenantColumns+" FROM bailiwick.tenants WHERE "+condition,
		arg).Scan(pool.CrossTenant(ctx, reason), &rows)
	if err != nil {
		return tenancy.Tenant{}, pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return rows[0].tenant(), nil
}

// List returns nothing for an empty list of ids, as the port demands; nil means all ids.
func (s *tenants) List(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	if err := tenancy.CheckLimit(q.Limit); err != nil {
		return nil, err
	}
	if q.IDs != nil && len(q.IDs) == 0 {
		return nil, nil
	}
	query := s.pool.System.NewSelect().TableExpr("bailiwick.tenants").ColumnExpr(tenantColumns).
		Where("slug > ?", string(q.After)).Order("slug").Limit(int64(q.Limit))
	if q.State != "" {
		query = query.Where("state = ?", string(q.State))
	}
	if q.IDs != nil {
		query = query.Where("id IN (?)", bun.List(q.IDs))
	}
	query = s.pool.ServerInfo.WhereContains(query, q.Search, "slug", "name")
	var rows []tenantRow
	if err := query.Scan(pool.CrossTenant(ctx, "list tenants"), &rows); err != nil {
		return nil, pgerr.Translate(err)
	}
	return pool.MapRows(rows, tenantRow.tenant), nil
}

// Update compares versions on the locked row (optimistic locking), and records the tenant
// before and after the change.
func (s *tenants) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	if err := pool.RequireTenant(t.ID); err != nil {
		return tenancy.Tenant{}, err
	}
	var row tenantRow
	ctx = pool.CrossTenantFor(ctx, "change a tenant", t.ID)
	err := s.pool.CrossTenantTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		before, err := lockTenant(ctx, tx, t.ID, t.Version)
		if err != nil {
			return err
		}
		err = tx.NewRaw("UPDATE bailiwick.tenants SET name = ?, state = ?, settings = ?::jsonb,"+
			" quotas = ?::jsonb, deleted_at = ?, version = version + 1, updated_at = now()"+
			" WHERE id = ? RETURNING "+tenantColumns,
			t.Name, string(t.State), settingsJSON(t), quotasJSON(t),
			bun.NullTime{Time: t.DeletedAt}, t.ID).Scan(ctx, &row)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.UpdateTenantEvent(before.tenant(), row.tenant()))
	})
	if err != nil {
		return tenancy.Tenant{}, pgerr.Translate(err)
	}
	return row.tenant(), nil
}

// lockTenant reads and locks a tenant. [tenancy.CodeVersionMismatch] if its version isn't version.
func lockTenant(
	ctx context.Context, tx bun.IDB, id tenancy.ID, version int64,
) (row tenantRow, err error) {
	err = tx.NewRaw("SELECT "+tenantColumns+
		" FROM bailiwick.tenants WHERE id = ? FOR NO KEY UPDATE", id).Scan(ctx, &row)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return row, tenancy.ErrTenantNotFound
	case err != nil:
		return row, err
	case row.Version != version:
		return row, tenancy.VersionMismatch("it", row.Version)
	}
	return row, nil
}
