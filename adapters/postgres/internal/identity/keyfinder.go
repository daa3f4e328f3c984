package identity

import (
	"context"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// keyFinder is [ports.KeyFinder]. A function of the database finds the one row, so that no role
// needs the right to read the keys of all tenants.
type keyFinder struct{ pool *pool.Pool }

var _ ports.KeyFinder = (*keyFinder)(nil)

// Find calls a function that also records the use of the key, to the minute, and leaves out
// keys of deleted tenants. It returns expired keys, as the port demands.
func (f *keyFinder) Find(ctx context.Context, hash tenancy.KeyHash) (tenancy.APIKey, error) {
	var rows []keyRow
	err := f.pool.System.NewRaw("SELECT "+foundKeyColumns+" FROM bailiwick.find_key(?)", hash[:]).
		Scan(pool.CrossTenant(ctx, "find the tenant of an API key"), &rows)
	if err != nil {
		return tenancy.APIKey{}, pgerr.Translate(err)
	}
	if len(rows) == 0 {
		return tenancy.APIKey{}, tenancy.Errorf(tenancy.CodeUnauthenticated, "no such API key")
	}
	key := rows[0].key()
	key.Hash = hash
	return key, nil
}
