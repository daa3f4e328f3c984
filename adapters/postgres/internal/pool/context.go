package pool

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BindTenant binds ctx to tenant. A context that is another tenant's already is
// refused.
func BindTenant(ctx context.Context, tenant tenancy.ID) (context.Context, error) {
	if err := RequireTenant(tenant); err != nil {
		return nil, err
	}
	if named, err := tenancy.FromContext(ctx); err == nil && named != tenant {
		return nil, tenancy.Errorf(tenancy.CodeTenantMismatch,
			"the context names another tenant than the call")
	}
	return tenancy.NewContext(ctx, tenant), nil
}

type crossTenantKey struct{}

// crossTenantWork is work of the system role: why it is done, and the tenant that
// its statements are scoped to, if any.
type crossTenantWork struct {
	reason string
	tenant tenancy.ID
}

// CrossTenant marks ctx for the system role's pool. Without a mark that pool refuses
// every statement.
func CrossTenant(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason})
}

// CrossTenantFor is across, scoped to one tenant.
func CrossTenantFor(ctx context.Context, reason string, tenant tenancy.ID) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason, tenant: tenant})
}

func systemScope(ctx context.Context) (tenancy.ID, error) {
	work, ok := ctx.Value(crossTenantKey{}).(crossTenantWork)
	if !ok || work.reason == "" {
		return tenancy.ID{}, tenancy.Errorf(tenancy.CodeInternal,
			"cross-tenant work without a reason")
	}
	return work.tenant, nil
}

// RequireTenant reports a statement about no tenant before it reaches the database.
func RequireTenant(tenant tenancy.ID) error {
	if tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	return nil
}
