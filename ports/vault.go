package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Vault stores the secret values of a tenant, encrypted at rest.
type Vault interface {
	// Set stores value under name and replaces an earlier value. A name that
	// [tenancy.CheckName] refuses is [tenancy.CodeInvalid].
	Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error

	// Get returns the value; [tenancy.CodeNotFound] if the tenant has none of that
	// name, even if another tenant has one.
	Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error)
}
