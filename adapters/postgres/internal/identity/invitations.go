package identity

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// invitations is [ports.Invitations], upon the scoped pool.
type invitations struct{ pool *pool.Pool }

var _ ports.Invitations = (*invitations)(nil)

const invitationColumns = "tenant_id, id, email, role, invited_by_kind, invited_by, inviter," +
	" created_at, expires_at"

var invitationList = pool.Listing{
	Table: "bailiwick.invitations", Columns: invitationColumns, ID: "id",
	InvalidCursor: "a page of invitations begins after an invitation's id",
}

type invitationRow struct {
	TenantID      tenancy.ID
	ID            string
	Email         string
	Role          string
	InvitedByKind string
	InvitedBy     string
	Inviter       string
	CreatedAt     time.Time
	ExpiresAt     time.Time
}

func (r invitationRow) invitation() tenancy.Invitation {
	return tenancy.Invitation{
		ID: r.ID, Tenant: r.TenantID, Email: r.Email, Role: tenancy.Role(r.Role),
		InvitedBy: tenancy.Actor{Kind: tenancy.PrincipalKind(r.InvitedByKind), ID: r.InvitedBy,
			Name: r.Inviter},
		CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
	}
}

func (s *invitations) Create(
	ctx context.Context, tenant tenancy.ID, i tenancy.Invitation,
) (tenancy.Invitation, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.Invitation{}, err
	}
	if i.Tenant != tenant {
		return tenancy.Invitation{},
			tenancy.Errorf(tenancy.CodeTenantMismatch, "the invitation is of another tenant")
	}
	var row invitationRow
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM bailiwick.invitations WHERE tenant_id = ? AND email = ?", tenant, i.Email).Exec(ctx); err != nil {
			return err
		}
		err := tx.NewRaw("INSERT INTO bailiwick.invitations (tenant_id, id, email, role, hash,"+
			" invited_by_kind, invited_by, inviter, expires_at)"+
			" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING "+invitationColumns,
			tenant, i.ID, i.Email, string(i.Role), i.Hash[:], string(i.InvitedBy.Kind),
			i.InvitedBy.ID, i.InvitedBy.Name, i.ExpiresAt).Scan(ctx, &row)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.InvitationCreated(i))
	})
	if err != nil {
		return tenancy.Invitation{}, err
	}
	created := row.invitation()
	created.Hash = i.Hash
	return created, nil
}

func (s *invitations) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.Invitation, error) {
	rows, err := pool.ReadPage[invitationRow](ctx, s.pool, tenant,
		invitationList, after, limit)
	if err != nil {
		return nil, err
	}
	return pool.MapRows(rows, invitationRow.invitation), nil
}

func (s *invitations) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	parsed, err := uuid.Parse(id)
	if err != nil {
		return errNoInvitation
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		gone, err := takeInvitation(ctx, tx, "id = ?", tenant, parsed.String())
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.InvitationRevoked(gone))
	})
}

var errNoInvitation = tenancy.Errorf(tenancy.CodeNotFound, "no such invitation")

// takeInvitation removes the tenant's invitation that the condition finds, and
// answers it.
func takeInvitation(
	ctx context.Context, tx bun.IDB, condition string, tenant tenancy.ID, arg any,
) (tenancy.Invitation, error) {
	var gone []invitationRow
	err := tx.NewRaw("DELETE FROM bailiwick.invitations WHERE tenant_id = ? AND "+condition+
		" RETURNING "+invitationColumns, tenant, arg).Scan(ctx, &gone)
	if err != nil {
		return tenancy.Invitation{}, err
	}
	if len(gone) == 0 {
		return tenancy.Invitation{}, errNoInvitation
	}
	return gone[0].invitation(), nil
}
