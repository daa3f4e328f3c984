package resolve_test

import (
	"context"
	"crypto/sha256"
	"sync"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// everySlug is a store with a tenant for every slug.
type everySlug struct{}

var invented sync.Map // of tenancy.Slug by tenancy.ID

func (everySlug) BySlug(_ context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	sum := sha256.Sum256([]byte(slug))
	id := tenancy.ID(sum[:16])
	invented.Store(id, slug)
	return tenancy.Tenant{ID: id, Slug: slug, State: tenancy.Active}, nil
}

func (everySlug) Get(_ context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	slug, found := invented.Load(id)
	if !found {
		return tenancy.Tenant{}, tenancy.ErrTenantNotFound
	}
	return tenancy.Tenant{ID: id, Slug: slug.(tenancy.Slug), State: tenancy.Active}, nil
}
