package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Members stores who belongs to a tenant. Each write is in the tenant's audit
// log: member.add, member.update, member.remove.
type Members interface {
	// Get answers a user's membership; [tenancy.CodeNotFound] if the user has none in
	// the tenant, also when another tenant has it.
	Get(ctx context.Context, tenant tenancy.ID, user string) (tenancy.Membership, error)

	// List answers at most limit of the tenant's memberships in the order of the
	// users' ids, those behind the id after ("" for the first page).
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]tenancy.Membership,
		error)

	// Put gives the user the role in the tenant, and answers the membership and
	// whether it is a new one. CreatedAt is set once. A role that the user has already
	// changes nothing. One that [tenancy.CheckMemberRole] refuses is
	// [tenancy.CodeInvalid]; a user that doesn't exist is [tenancy.CodeNotFound]. If
	// the user is the only admin and wouldn't be any more, nothing changes:
	// [tenancy.CodeLastAdmin]. Of any number of changes at once the last admin is left.
	Put(ctx context.Context, tenant tenancy.ID, user string,
		role tenancy.Role) (m tenancy.Membership, created bool, err error)

	// Remove takes the user's place in the tenant away. The only admin's is
	// [tenancy.CodeLastAdmin], as with Put; a user who has none in the tenant is
	// [tenancy.CodeNotFound], also when another tenant has it.
	Remove(ctx context.Context, tenant tenancy.ID, user string) error
}

// Memberships answers in which tenants a user is, before any tenant is known.
type Memberships interface {
	// Of answers the user's memberships in the order of the tenants' ids. Those of
	// deleted tenants are left out. A user that doesn't exist has none.
	Of(ctx context.Context, user string) ([]tenancy.Membership, error)
}
