package instance

import (
	"context"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// RequireOnlyDefault refuses to turn tenancy off while there are tenants that would
// then be out of everybody's reach, and whose names the default tenant's rows
// would be told apart by no longer.
func RequireOnlyDefault(ctx context.Context, p *pool.Pool) error {
	if p.Settings.MultiTenant {
		return nil
	}
	ctx = pool.CrossTenant(ctx, "look for other tenants than default")
	var others []string
	err := p.System.NewRaw(
		"SELECT slug FROM bailiwick.tenants WHERE id <> ? ORDER BY slug LIMIT 6",
		tenancy.DefaultID).Scan(ctx, &others)
	if err != nil || len(others) == 0 {
		return pgerr.Translate(err)
	}
	if len(others) > 5 {
		others[5] = "…"
	}
	return tenancy.Errorf(tenancy.CodeInvalidState,
		"tenancy is off, and other tenants than default have rows (%s): set MULTI_TENANT=true, or"+
			" purge them first", strings.Join(others, ", "))
}
