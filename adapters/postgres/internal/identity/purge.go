package identity

import (
	"context"
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
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Purge does all of it in one transaction: who kills it undoes it. The database
// finds the tenant's tables in its catalog, and removes nothing unless it can
// remove all.
func (s *tenants) Purge(ctx context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error) {
	if err := pool.RequireTenant(id); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	if id == tenancy.DefaultID {
		return tenancy.PurgeCertificate{}, errDefaultStays
	}
	if _, bounded := ctx.Deadline(); !bounded {
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, pool.BulkTimeout)
		defer stop()
	}
	ctx = pool.CrossTenantFor(ctx, "purge a tenant", id)
	var certificate tenancy.PurgeCertificate
	err := s.pool.System.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.ExecContext(ctx, purgePatience); err != nil {
			return err
		}
		if err := checkDeleted(ctx, tx, id); err != nil {
			return err
		}
		var err error
		if certificate, err = s.purge(ctx, tx, id); err != nil {
			return err
		}
		return audit.RecordPlatform(ctx, tx, tenancy.PurgeTenantEvent(certificate))
	})
	if err != nil {
		return tenancy.PurgeCertificate{}, purgeError(err)
	}
	return certificate, nil
}

var (
	errDefaultStays = tenancy.Errorf(tenancy.CodeInvalidState, "the default tenant can't be purged")
	errNotDeleted   = tenancy.Errorf(tenancy.CodeInvalidState,
		"the tenant is not deleted: delete it first")
)

// purgePatience is how long a purge waits for a transaction that has written to
// the tenant; jit would take longer to compile than it saves.
const purgePatience = "SET LOCAL lock_timeout = '30s';SET LOCAL jit = off"

// checkDeleted looks at the tenant's state, so that its error says what is wrong.
// The function of the database looks again when nobody can change it any more.
func checkDeleted(ctx context.Context, tx bun.IDB, id tenancy.ID) error {
	var states []string
	err := tx.NewRaw("SELECT state FROM bailiwick.tenants WHERE id = ?", id).Scan(ctx, &states)
	switch {
	case err != nil:
		return err
	case len(states) == 0:
		return tenancy.ErrTenantNotFound
	case states[0] != string(tenancy.Deleted):
		return errNotDeleted
	}
	return nil
}

func (s *tenants) purge(
	ctx context.Context, tx bun.IDB, id tenancy.ID,
) (tenancy.PurgeCertificate, error) {
	var raw []byte
	err := tx.NewRaw("SELECT bailiwick.purge(ARRAY[?]::text[])",
		bun.List(declare.OwnedTables(s.declared.Tables))).
		Scan(ctx, &raw)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	var done struct {
		Slug     tenancy.Slug
		Rows     map[string]int64
		Seq      int64
		Hash     string
		PurgedAt time.Time `json:"purged_at"`
	}
	if err := json.Unmarshal(raw, &done); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	c := tenancy.PurgeCertificate{Tenant: id, Slug: done.Slug, Rows: done.Rows,
		PurgedAt: done.PurgedAt.UTC()}
	c.Audit.Seq = done.Seq
	if _, err := hex.Decode(c.Audit.Hash[:], []byte(done.Hash)); err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	return federation.Certify(c)
}

// purgeError tells a super-admin what keeps the rows: nobody else can ask for a
// purge, and the database's own names are what they need.
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
			"somebody still writes to the tenant; try again").Because(err)
	case pgerr.StateForeignKey:
		constraint := fmt.Sprintf("%s.%s (constraint %s)", e.Field('s'), e.Field('t'), e.Field('n'))
		return tenancy.Errorf(tenancy.CodeInvalidState,
			"nothing was purged: a row of %s refers to one of the tenant's", constraint).
			Because(err)
	}
	return pgerr.Translate(err)
}
