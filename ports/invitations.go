package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// Invitations stores the open invitations of a tenant. Each write is in the
// tenant's audit log: invitation.create, invitation.revoke.
type Invitations interface {
	// Create stores i for tenant, which must be i.Tenant or it is
	// [tenancy.CodeTenantMismatch]. CreatedAt is set. It takes the place of the
	// tenant's other invitation of the same address, which is gone then. A hash or an
	// id that is there already, in any tenant, is [tenancy.CodeAlreadyExists].
	Create(ctx context.Context, tenant tenancy.ID, i tenancy.Invitation) (tenancy.Invitation, error)

	// List answers at most limit of the tenant's invitations in the order of their
	// ids, those behind the id after ("" for the first page), expired ones too. Hash
	// is not answered: it is zero.
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]tenancy.Invitation,
		error)

	// Revoke removes an invitation. [tenancy.CodeNotFound] if the tenant has no such
	// invitation, also when another tenant has.
	Revoke(ctx context.Context, tenant tenancy.ID, id string) error
}

// InvitationFinder finds the invitation of a token, before any tenant is known, and
// uses it up.
type InvitationFinder interface {
	// Find answers the invitation with this hash. [tenancy.CodeNotFound] if there is
	// none, if its tenant isn't active, or if who invited may invite no longer: the
	// platform may, a user who is an admin of the tenant or a super-admin, and an API
	// key of the tenant that has the role and hasn't expired. An expired invitation is
	// found: the caller looks at the clock.
	Find(ctx context.Context, hash tenancy.InvitationHash) (tenancy.Invitation, error)

	// Accept removes the invitation with this hash and gives the user its role in its
	// tenant, in one transaction: of any number at once, one succeeds. With fresh the
	// user is stored first, as [Users.Create] does it. A member keeps a role that
	// includes the invitation's. What Find doesn't find is [tenancy.CodeNotFound], and
	// so is a user who isn't there by u.ID or hasn't the invitation's address. On an
	// error nothing has happened, and the invitation stands. The audit logs say that
	// the user did it: invitation.accept, member.add or member.update, user.create.
	Accept(ctx context.Context, hash tenancy.InvitationHash, u identity.User,
		fresh bool) (tenancy.Membership, error)
}
