package pool

import (
	"context"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// BindTenant returns ctx with the tenant. A context of another tenant is refused with
// [tenancy.CodeTenantMismatch], the zero tenant with [tenancy.CodeNoTenant].
func BindTenant(ctx context.Context, tenant tenancy.ID) (context.Context, error) {
	if err := RequireTenant(tenant); err != nil {
		return nil, err
	}
	if current, err := tenancy.FromContext(ctx); err == nil && current != tenant {
		return nil, tenancy.Errorf(tenancy.CodeTenantMismatch,
			"the context names another tenant than the call")
	}
	return tenancy.NewContext(ctx, tenant), nil
}

// RequireTenant refuses the zero tenant with [tenancy.ErrNoTenant], before a statement
// reaches the database.
func RequireTenant(tenant tenancy.ID) error {
	if tenant.IsZero() {
		return tenancy.ErrNoTenant
	}
	return nil
}

type crossTenantKey struct{}

// crossTenantWork is work of the system role: its reason, the tenant that its statements are
// scoped to (zero: none), and whether it may only read.
type crossTenantWork struct {
	reason   string
	tenant   tenancy.ID
	readOnly bool
}

// CrossTenant marks ctx for the system role's pool, with the reason of the work. Without a
// mark that pool refuses every statement.
func CrossTenant(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason})
}

// CrossTenantFor is like [CrossTenant], with statements that are scoped to one tenant.
func CrossTenantFor(ctx context.Context, reason string, tenant tenancy.ID) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason, tenant: tenant})
}

// CrossTenantRead is like [CrossTenant], for work that may only read.
func CrossTenantRead(ctx context.Context, reason string) context.Context {
	return context.WithValue(ctx, crossTenantKey{}, crossTenantWork{reason: reason, readOnly: true})
}

// isCrossTenantRead reports whether ctx was marked by [CrossTenantRead].
func isCrossTenantRead(ctx context.Context) bool {
	work, _ := ctx.Value(crossTenantKey{}).(crossTenantWork)
	return work.readOnly
}

// orDefault returns ctx with the default tenant if it has none.
func orDefault(ctx context.Context) context.Context {
	if _, err := tenancy.FromContext(ctx); err != nil {
		return tenancy.NewContext(ctx, tenancy.DefaultID)
	}
	return ctx
}

// systemScope returns the tenant that a statement of the system role is scoped to.
func systemScope(ctx context.Context) (tenancy.ID, error) {
	work, ok := ctx.Value(crossTenantKey{}).(crossTenantWork)
	if !ok || work.reason == "" {
		return tenancy.ID{}, tenancy.Errorf(tenancy.CodeInternal,
			"cross-tenant work without a reason")
	}
	return work.tenant, nil
}
