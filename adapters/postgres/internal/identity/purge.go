package identity

import (
	"context"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/federation/certificate"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Purge is one transaction: if it is interrupted, nothing is removed. The database finds the
// tenant's tables in its catalog, and removes nothing if there are rows that it can't remove.
func (s *tenants) Purge(ctx context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error) {
	if err := pool.RequireTenant(id); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	// the pool's own timeout is too short for a large tenant
	if _, bounded := ctx.Deadline(); !bounded {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, pool.BulkTimeout)
		defer stop()
	}
	leave, err := s.pool.Purges.Enter(ctx, id)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	defer leave()
	ctx = pool.CrossTenantFor(ctx, "purge a tenant", id)
	var certificate tenancy.PurgeCertificate
	err = s.pool.CrossTenantTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, purgeSettings); err != nil {
			return err
		}
		slug, err := checkPurge(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := s.refuseLeftovers(ctx, tx, slug); err != nil {
			return err
		}
		if certificate, err = s.purge(ctx, tx, id); err != nil {
			return err
		}
		// a row may have been added since, where no foreign key prevents it
		if err := s.refuseLeftovers(ctx, tx, slug); err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, tenancy.PurgeTenantEvent(certificate))
	})
	if err != nil {
		return tenancy.PurgeCertificate{}, purgeError(err)
	}
	return certificate, nil
}

// purgeSettings limit how long a purge waits for a transaction that has written to the tenant, and
// turn off the JIT compiler, which would take longer than it saves.
const purgeSettings = "SET LOCAL lock_timeout = '30s';SET LOCAL jit = off"

// checkPurge returns the tenant's slug, and a helpful error if the tenant can't be purged. The
// function bailiwick.purge checks that again, after it has locked the tenant.
func checkPurge(ctx context.Context, tx bun.IDB, id tenancy.ID) (tenancy.Slug, error) {
	var rows []tenantRow
	err := tx.NewRaw("SELECT "+tenantColumns+" FROM bailiwick.tenants WHERE id = ?", id).
		Scan(ctx, &rows)
	if err != nil {
		return "", err
	}
	if len(rows) == 0 {
		return "", tenancy.ErrTenantNotFound
	}
	t := rows[0].tenant()
	return t.Slug, t.CheckPurge()
}

// refuseLeftovers refuses a purge that would leave rows of the tenant in tables that aren't
// declared: the certificate would be wrong, and the library must not remove rows of tables that it
// doesn't know.
func (s *tenants) refuseLeftovers(ctx context.Context, tx bun.IDB, slug tenancy.Slug) error {
	var refusal sql.NullString
	tables := declare.OwnedTables(s.declared.Tables)
	err := tx.NewRaw("SELECT bailiwick.purge_leftovers(ARRAY[?]::text[], ARRAY[?]::text[],"+
		" ARRAY[?]::text[], ?)", bun.List(tables), bun.List(s.declared.TenantColumns(tables)),
		bun.List(s.declared.WithoutTenants), slug).Scan(ctx, &refusal)
	if err != nil || !refusal.Valid {
		return err
	}
	return tenancy.Errorf(tenancy.CodeInvalidState, "nothing was purged: %s;"+
		" tables without tenants are those in Options.WithoutTenants (TABLES_WITHOUT_TENANTS)",
		refusal.String)
}

// purge removes the rows of the tenant that ctx is scoped to, and certifies what it removed.
func (s *tenants) purge(
	ctx context.Context, tx bun.IDB, id tenancy.ID,
) (tenancy.PurgeCertificate, error) {
	// The function purges the tenant of the statement's scope, so that it needs no argument for it.
	var raw []byte
	tables := declare.OwnedTables(s.declared.Tables)
	err := tx.NewRaw("SELECT bailiwick.purge(ARRAY[?]::text[], ARRAY[?]::text[])",
		bun.List(tables), bun.List(s.declared.TenantColumns(tables))).Scan(ctx, &raw)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	// the certificate has the end of the tenant's audit chain, as (seq, hash)
	var result struct {
		Slug     tenancy.Slug
		Rows     map[string]int64
		Seq      int64
		Hash     string
		PurgedAt time.Time `json:"purged_at"`
	}
	if err := json.Unmarshal(raw, &result); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	c := tenancy.PurgeCertificate{Tenant: id, Slug: result.Slug, Rows: result.Rows,
		PurgedAt: result.PurgedAt.UTC()}
	c.Audit.Seq = result.Seq
	if _, err := hex.Decode(c.Audit.Hash[:], []byte(result.Hash)); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	return certificate.Seal(c)
}

// purgeError translates the error of a purge. It names what prevents the purge as the database
// names it: only super-admins can purge, and they need those names.
func purgeError(err error) error {
	e, ok := errors.AsType[pgdriver.Error](err)
	if !ok {
		return pgerr.Translate(err)
	}
	switch e.Field('C') {
	case pgerr.StatePurgeRefused:
		return tenancy.Errorf(tenancy.CodeInvalidState, "nothing was purged: %s", e.Field('M')).
			Because(err)
	case pgerr.StateLockNotAvailable:
		return tenancy.Errorf(tenancy.CodeUnavailable,
			"another write to the tenant is in progress; try again").Because(err)
	case pgerr.StateForeignKey:
		constraint := fmt.Sprintf("%s.%s (constraint %s)", e.Field('s'), e.Field('t'), e.Field('n'))
		return tenancy.Errorf(tenancy.CodeInvalidState,
			"nothing was purged: a row of %s refers to a row of the tenant", constraint).
			Because(err)
	}
	return pgerr.Translate(err)
}
