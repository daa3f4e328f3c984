package hooks

import (
	"context"

	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tenants calls a hook after each change. It holds the port in a field: a new method of the
// port breaks the build, and not the hooks.
type tenants struct {
	next  ports.Tenants
	hooks Hooks
}

func (p tenants) Create(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	stored, err := p.next.Create(ctx, t)
	if err == nil {
		p.hooks.tenantChanged(ctx, TenantChange{Action: Created, After: stored})
	}
	return stored, err
}

func (p tenants) Get(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	return p.next.Get(ctx, id)
}

func (p tenants) BySlug(ctx context.Context, slug tenancy.Slug) (tenancy.Tenant, error) {
	return p.next.BySlug(ctx, slug)
}

func (p tenants) List(ctx context.Context, q ports.TenantQuery) ([]tenancy.Tenant, error) {
	return p.next.List(ctx, q)
}

// before reads the tenant that a call is about to change; zero if it doesn't exist, of which the call
// itself returns the error.
func (p tenants) before(ctx context.Context, id tenancy.ID) (tenancy.Tenant, error) {
	t, err := p.next.Get(ctx, id)
	if tenancy.CodeOf(err) == tenancy.CodeTenantNotFound {
		return tenancy.Tenant{}, nil
	}
	return t, err
}

// Update reads the tenant before it changes it. If another call changes it in between, its
// version isn't t's, and the update fails: an update that succeeds changed what was read.
func (p tenants) Update(ctx context.Context, t tenancy.Tenant) (tenancy.Tenant, error) {
	before, err := p.before(ctx, t.ID)
	if err != nil {
		return tenancy.Tenant{}, err
	}
	after, err := p.next.Update(ctx, t)
	if err == nil {
		p.hooks.tenantChanged(ctx,
			TenantChange{Action: actionOf(before.State, after.State), Before: before, After: after})
	}
	return after, err
}

func (p tenants) Purge(ctx context.Context, id tenancy.ID) (tenancy.PurgeCertificate, error) {
	before, err := p.before(ctx, id)
	if err != nil {
		return tenancy.PurgeCertificate{}, err
	}
	certificate, err := p.next.Purge(ctx, id)
	if err == nil {
		p.hooks.tenantChanged(ctx, TenantChange{Action: Purged, Before: before})
	}
	return certificate, err
}
