package ports

import (
	"context"
	"time"

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

	// Unset removes the value; [tenancy.CodeNotFound] if the tenant has none of that
	// name, even if another tenant has one. Items may still refer to the name.
	Unset(ctx context.Context, tenant tenancy.ID, name string) error

	// List returns at most limit of the secrets that have a value, those after the name
	// after, in the order of their names, byte by byte.
	List(ctx context.Context, tenant tenancy.ID, after string, limit int) ([]StoredSecret, error)
}

// StoredSecret is a secret that has a value.
type StoredSecret struct {
	Name      string
	UpdatedAt time.Time // when the value was written last
}
