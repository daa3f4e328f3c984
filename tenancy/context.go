package tenancy

import "context"

type tenantKey struct{}

type principalKey struct{}

// NewContext returns ctx with the tenant id. It is the only switch between
// tenants: code that runs with the context works for that tenant.
func NewContext(ctx context.Context, id ID) context.Context {
	return context.WithValue(ctx, tenantKey{}, id)
}

// FromContext returns the tenant in ctx. Without a tenant it returns an error
// with [CodeNoTenant], never the zero ID and nil.
func FromContext(ctx context.Context) (ID, error) {
	id, _ := ctx.Value(tenantKey{}).(ID)
	if id.IsZero() {
		return ID{}, ErrNoTenant
	}
	return id, nil
}

// WithPrincipal returns ctx with the authenticated caller.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom returns the authenticated caller; the zero Principal if ctx has
// none.
func PrincipalFrom(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
