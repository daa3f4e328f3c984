package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Members stores the memberships of a tenant. Each write is in the tenant's audit
// log: member.add, member.update, member.remove.
type Members interface {
	// Get returns a user's membership; [tenancy.CodeNotFound] if the user has none in
	// the tenant, even if they have one in another tenant.
	Get(ctx context.Context, tenant tenancy.ID, user string) (tenancy.Membership, error)

	// List returns at most limit of the tenant's memberships whose users' ids are
	// greater than after ("" for the first page), in the order of the users' ids.
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]tenancy.Membership,
		error)

	// Put gives the user the role in the tenant, and returns the membership and
	// whether it is new. CreatedAt is set once. A role that the user has already
	// changes nothing. A role that [tenancy.CheckMemberRole] refuses is
	// [tenancy.CodeInvalid]; a user that doesn't exist is [tenancy.CodeNotFound]. If
	// the user is the only admin and would lose that role, nothing changes:
	// [tenancy.CodeLastAdmin]. After any number of changes at once, the last admin
	// remains.
	Put(ctx context.Context, tenant tenancy.ID, user string,
		role tenancy.Role) (m tenancy.Membership, created bool, err error)

	// Change gives a member another role, as Put does, but adds no member:
	// [tenancy.CodeNotFound] if the user has no membership in the tenant, whether such a
	// user exists or not.
	Change(ctx context.Context, tenant tenancy.ID, user string,
		role tenancy.Role) (tenancy.Membership, error)

	// Remove removes the user's membership in the tenant. [tenancy.CodeLastAdmin] if the
	// user is the only admin, as with Put; [tenancy.CodeNotFound] if the user has none
	// in the tenant, even if they have one in another tenant.
	Remove(ctx context.Context, tenant tenancy.ID, user string) error
}
