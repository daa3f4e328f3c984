package identity

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/audit"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// invitations is [ports.Invitations] on the scoped pool.
type invitations struct{ pool *pool.Pool }

var _ ports.Invitations = (*invitations)(nil)

// invitationColumns are all columns but the hash, which no statement returns.
const invitationColumns = "tenant_id, id, email, role, invited_by_kind, invited_by, inviter," +
	" created_at, expires_at"

// invitationList pages invitations by id, expired ones too.
var invitationList = pool.Listing{
	Table: "bailiwick.invitations", Columns: invitationColumns, ID: "id",
	Invalid: "invalid cursor: it isn't the id of an invitation",
}

// invitationRow is a row of bailiwick.invitations. The inviter is three columns: the kind and
// the id of an actor, and the name that the actor had then.
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

var errNoInvitation = tenancy.Errorf(tenancy.CodeNotFound, "no such invitation")

// Create returns the hash from i, because it doesn't read the column.
func (s *invitations) Create(
	ctx context.Context, tenant tenancy.ID, i tenancy.Invitation,
) (tenancy.Invitation, error) {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return tenancy.Invitation{}, err
	}
	if i.Tenant != tenant {
		return tenancy.Invitation{},
			tenancy.Errorf(tenancy.CodeTenantMismatch, "the invitation belongs to another tenant")
	}
	var row invitationRow
	err = s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if row, err = replaceInvitation(ctx, tx, i); err != nil {
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

// replaceInvitation deletes the tenant's other invitation to the address, and inserts i.
func replaceInvitation(
	ctx context.Context, tx bun.IDB, i tenancy.Invitation,
) (row invitationRow, err error) {
	_, err = tx.NewRaw("DELETE FROM bailiwick.invitations WHERE tenant_id = ? AND email = ?",
		i.Tenant, i.Email).Exec(ctx)
	if err != nil {
		return row, err
	}
	err = tx.NewRaw("INSERT INTO bailiwick.invitations (tenant_id, id, email, role, hash,"+
		" invited_by_kind, invited_by, inviter, expires_at)"+
		" VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING "+invitationColumns,
		i.Tenant, i.ID, i.Email, string(i.Role), i.Hash[:], string(i.InvitedBy.Kind),
		i.InvitedBy.ID, i.InvitedBy.Name, i.ExpiresAt).Scan(ctx, &row)
	return row, err
}

func (s *invitations) List(
	ctx context.Context, tenant tenancy.ID, after string, limit int,
) ([]tenancy.Invitation, error) {
	rows, err := pool.ReadPage[invitationRow](ctx, s.pool, tenant, invitationList, after, limit)
	if err != nil {
		return nil, err
	}
	return pool.MapRows(rows, invitationRow.invitation), nil
}

// Revoke deletes the invitation. Of a revocation and an acceptance at the same time, the one
// that deletes the row first succeeds.
func (s *invitations) Revoke(ctx context.Context, tenant tenancy.ID, id string) error {
	ctx, err := pool.BindTenant(ctx, tenant)
	if err != nil {
		return err
	}
	if id, err = parseID(id, errNoInvitation); err != nil {
		return err
	}
	return s.pool.InTx(ctx, func(ctx context.Context, tx bun.Tx) error {
		revoked, err := deleteInvitation(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		return audit.Record(ctx, tx, tenancy.InvitationRevoked(revoked))
	})
}

// deleteInvitation deletes the tenant's invitation with this id, and returns it.
func deleteInvitation(
	ctx context.Context, tx bun.IDB, tenant tenancy.ID, id string,
) (tenancy.Invitation, error) {
	var deleted []invitationRow
	err := tx.NewRaw("DELETE FROM bailiwick.invitations WHERE tenant_id = ? AND id = ?"+
		" RETURNING "+invitationColumns, tenant, id).Scan(ctx, &deleted)
	if err != nil {
		return tenancy.Invitation{}, err
	}
	if len(deleted) == 0 {
		return tenancy.Invitation{}, errNoInvitation
	}
	return deleted[0].invitation(), nil
}
