package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Invitations stores the open invitations of a tenant. Each write is in the
// tenant's audit log: invitation.create, invitation.revoke.
type Invitations interface {
	// Create stores i for tenant, which must equal i.Tenant, else
	// [tenancy.CodeTenantMismatch]. It sets CreatedAt. It replaces the tenant's
	// other invitation to the same address, which is removed. A hash or an id that
	// exists already, in any tenant, is [tenancy.CodeAlreadyExists].
	Create(ctx context.Context, tenant tenancy.ID, i tenancy.Invitation) (tenancy.Invitation, error)

	// List returns at most limit of the tenant's invitations, expired ones too, whose
	// ids are greater than after ("" for the first page), in the order of their ids.
	// It leaves Hash zero.
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]tenancy.Invitation,
		error)

	// Revoke removes an invitation. [tenancy.CodeNotFound] if the tenant has no such
	// invitation, even if another tenant has it.
	Revoke(ctx context.Context, tenant tenancy.ID, id string) error
}
