package ports

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// Vault keeps the secret values of a tenant, encrypted at rest.
type Vault interface {
	// Set stores value under name, replacing what was there. The name is what
	// [tenancy.CheckName] admits.
	Set(ctx context.Context, tenant tenancy.ID, name string, value []byte) error

	// Get answers the value; [tenancy.CodeNotFound] if tenant has none of that
	// name, also when another tenant has.
	Get(ctx context.Context, tenant tenancy.ID, name string) ([]byte, error)
}
