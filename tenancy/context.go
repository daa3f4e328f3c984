package tenancy

import "context"

type tenantKey struct{} // of an ID

type wholeTenantKey struct{} // of a Tenant

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

// WithTenant returns ctx with a whole tenant, for [TenantFrom], and with its id, as
// [NewContext] does.
func WithTenant(ctx context.Context, t Tenant) context.Context {
	return context.WithValue(NewContext(ctx, t.ID), wholeTenantKey{}, t)
}

// TenantFrom returns the whole tenant in ctx: its name, settings and quotas too, as they
// were when the request's tenant was found. If ctx has no tenant, or only the id of one,
// the error is [CodeNoTenant]. The Settings are shared with other requests: they must not
// be modified.
func TenantFrom(ctx context.Context) (Tenant, error) {
	id, err := FromContext(ctx)
	if err != nil {
		return Tenant{}, err
	}
	t, ok := ctx.Value(wholeTenantKey{}).(Tenant)
	if !ok || t.ID != id {
		return Tenant{}, errOnlyID
	}
	return t, nil
}

var errOnlyID = Errorf(CodeNoTenant,
	"the context has only the id of a tenant: put the whole tenant into it with WithTenant")

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
