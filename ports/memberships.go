package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Memberships finds the tenants of a user before any tenant is known.
type Memberships interface {
	// ForUser returns the user's memberships in the order of the tenants' ids. It leaves
	// out those of deleted tenants. A user that doesn't exist has none.
	ForUser(ctx context.Context, user string) ([]tenancy.Membership, error)

	// Search returns at most q.Limit of the user's tenants that match q, each with the
	// user's role in it, in the order of the tenants' slugs, byte by byte. Deleted tenants
	// never match. A user that doesn't exist has no tenants.
	Search(ctx context.Context, user string, q MembershipQuery) ([]TenantRole, error)
}

// MembershipQuery selects tenants of a user. The zero State and Search select all; Limit must
// be positive.
type MembershipQuery struct {
	State  tenancy.State // only tenants in this state
	Search string        // a case-insensitive substring of the tenant's slug or name
	After  tenancy.Slug  // only tenants with slugs after this one
	Limit  int
}

// TenantRole is a tenant with a user's role in it.
type TenantRole struct {
	Tenant tenancy.Tenant
	Role   tenancy.Role
}
