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
}
