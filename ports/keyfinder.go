package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// KeyFinder finds the key of a secret before the tenant is known.
type KeyFinder interface {
	// Find returns the key with this hash and records that it was used, to the
	// minute. [tenancy.CodeUnauthenticated] if there is none or its tenant is
	// deleted. Find also returns an expired key: the caller checks the time.
	Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error)
}
