package instance

import (
	"context"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

const maxListed = 5 // tenants that the error of RequireOnlyDefault names

// RequireOnlyDefault returns an error if tenancy is off and a tenant other than default exists:
// with tenancy off no request reaches that tenant's rows, and statements don't keep them apart
// from the default tenant's.
func RequireOnlyDefault(ctx context.Context, p *pool.Pool) error {
	if p.Settings.MultiTenant {
		return nil
	}
	ctx = pool.CrossTenant(ctx, "look for tenants other than default")
	var others []string
	err := p.System.NewRaw("SELECT slug FROM bailiwick.tenants WHERE id <> ? ORDER BY slug LIMIT ?",
		tenancy.DefaultID, maxListed+1).Scan(ctx, &others)
	if err != nil || len(others) == 0 {
		return pgerr.Translate(err)
	}
	if len(others) > maxListed {
		others[maxListed] = "…"
	}
	return tenancy.Errorf(tenancy.CodeInvalidState,
		"tenancy is off, and other tenants than default have rows (%s): set MULTI_TENANT=true, or"+
			" purge them first", strings.Join(others, ", "))
}
