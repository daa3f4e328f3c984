package tenancy

import "context"

type tenantKey struct{}

type principalKey struct{}

// NewContext returns ctx carrying the tenant id. It is the only switch between
// tenants: what runs with the context runs for that tenant.
func NewContext(ctx context.Context, id ID) context.Context {
	return context.WithValue(ctx, tenantKey{}, id)
}

// FromContext gives the tenant in ctx. Without one it is an error with
// [CodeNoTenant], never the zero ID and nil.
func FromContext(ctx context.Context) (ID, error) {
	id, _ := ctx.Value(tenantKey{}).(ID)
	if id.IsZero() {
		return ID{}, ErrNoTenant
	}
	return id, nil
}

// WithPrincipal returns ctx carrying who acts.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// PrincipalFrom gives who acts; the zero Principal when nobody does.
func PrincipalFrom(ctx context.Context) Principal {
	p, _ := ctx.Value(principalKey{}).(Principal)
	return p
}
