package ports

import (
	"context"
	"time"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Keys stores the API keys of a tenant.
type Keys interface {
	// Create stores k for tenant, which must be k.Tenant or it is
	// [tenancy.CodeTenantMismatch]. CreatedAt is set. A hash or an id that is there already, in
	// any tenant, is [tenancy.CodeAlreadyExists].
	Create(ctx context.Context, tenant tenancy.ID, k tenancy.APIKey) (tenancy.APIKey, error)

	// List answers at most limit of the tenant's keys in the order of their
	// ids, those behind the id after ("" for the first page). Hash is not
	// answered: it is zero.
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]tenancy.APIKey, error)

	// Rotate makes a key that takes the place of the tenant's key with this id,
	// and answers it. ID, Hash, Prefix and CreatedBy are those of next; name and
	// role are the old key's, and it lives as long as the old one was to live
	// when it was created. The old key's RotatedTo is the new one's id, and it
	// expires at until unless it does so before. An id of none of the tenant's
	// keys is [tenancy.CodeNotFound], also when another tenant has it; a key that
	// was rotated already is [tenancy.CodeInvalidState]; a hash or an id of next
	// that is taken is [tenancy.CodeAlreadyExists]. Nothing changes on an error.
	Rotate(ctx context.Context, tenant tenancy.ID, id string, next tenancy.APIKey,
		until time.Time) (tenancy.APIKey, error)
	// Revoke removes the key: [KeyFinder.Find] doesn't find it from then on.
	// [tenancy.CodeNotFound] if the tenant has no such key, also when another
	// tenant has.
	Revoke(ctx context.Context, tenant tenancy.ID, id string) error
}

// KeyFinder finds the key of a secret, before any tenant is known.
type KeyFinder interface {
	// Find answers the key with this hash and notes that it was used, to the
	// minute. [tenancy.CodeUnauthenticated] if there is none or its tenant is deleted. An expired key
	// is found: the caller looks at the clock.
	Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error)
}
