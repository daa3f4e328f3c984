package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Keys stores the API keys of a tenant.
type Keys interface {
	// Create stores k for tenant, which must equal k.Tenant, else
	// [tenancy.CodeTenantMismatch]. It sets CreatedAt. A hash or an id that exists
	// already, in any tenant, is [tenancy.CodeAlreadyExists].
	Create(ctx context.Context, tenant tenancy.ID, k tenancy.APIKey) (tenancy.APIKey, error)

	// List returns at most limit of the tenant's keys whose ids are greater than
	// after ("" for the first page), in the order of their ids. It leaves Hash zero.
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]tenancy.APIKey, error)

	// Rotate creates the successor of the tenant's key with this id, and returns it.
	// The successor has ID, Hash, Prefix and CreatedBy of next, and name and role of
	// the old key; its lifetime is the one that the old key was created with. The
	// old key's RotatedTo is the successor's id, and the old key expires at until
	// unless it expires earlier. [tenancy.CodeNotFound] if the tenant has no key with
	// this id, even if another tenant has it; [tenancy.CodeInvalidState] if the key
	// was rotated already; [tenancy.CodeAlreadyExists] if the hash or the id of next
	// exists already. On an error nothing changes.
	Rotate(ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey,
		until time.Time) (tenancy.APIKey, error)

	// Revoke removes the key: from then on [KeyFinder.Find] doesn't find it.
	// [tenancy.CodeNotFound] if the tenant has no such key, even if another tenant
	// has it.
	Revoke(ctx context.Context, tenant tenancy.ID, id string) error
}
