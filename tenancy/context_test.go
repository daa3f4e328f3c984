package tenancy_test

import (
	"context"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestContextWithoutTenantIsAnError(t *testing.T) {
	t.Parallel()
	for name, ctx := range map[string]context.Context{
		"an empty context": t.Context(),
		"the zero id":      tenancy.NewContext(t.Context(), tenancy.ID{}),
		"the zero id over another": tenancy.NewContext(
			tenancy.NewContext(t.Context(), tenancy.DefaultID), tenancy.ID{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			id, err := tenancy.FromContext(ctx)
			WantCode(t, err, tenancy.CodeNoTenant)
			if !id.IsZero() {
				t.Errorf("FromContext returned %s with its error", id)
			}
		})
	}
}

func TestInnermostTenantOfContextWins(t *testing.T) {
	t.Parallel()
	outer, inner := tenancy.NewID(), tenancy.NewID()
	ctx := tenancy.NewContext(t.Context(), outer)
	innerCtx := tenancy.NewContext(ctx, inner)
	if id, err := tenancy.FromContext(innerCtx); err != nil || id != inner {
		t.Errorf("inner context: %s, %v", id, err)
	}
	if id, err := tenancy.FromContext(ctx); err != nil || id != outer {
		t.Errorf("outer context: %s, %v", id, err)
	}
}

func TestContextCarriesPrincipal(t *testing.T) {
	t.Parallel()
	if !tenancy.PrincipalFrom(t.Context()).Anonymous() {
		t.Error("an empty context has a principal")
	}
	ctx := tenancy.WithPrincipal(t.Context(),
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "ada"})
	if p := tenancy.PrincipalFrom(ctx); p.ID != "ada" {
		t.Errorf("%+v", p)
	}
	if _, err := tenancy.FromContext(ctx); err == nil {
		t.Error("a principal alone gives the context a tenant")
	}
}

func TestContextCarriesTheWholeTenant(t *testing.T) {
	t.Parallel()
	acme := tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", Name: "Acme"}
	ctx := tenancy.WithTenant(t.Context(), acme)
	if got, err := tenancy.TenantFrom(ctx); err != nil || got.Name != "Acme" {
		t.Errorf("TenantFrom: %+v, %v", got, err)
	}
	if id, err := tenancy.FromContext(ctx); err != nil || id != acme.ID {
		t.Errorf("FromContext: %s, %v", id, err)
	}
	for name, ctx := range map[string]context.Context{
		"an empty context":              t.Context(),
		"only an id":                    tenancy.NewContext(t.Context(), acme.ID),
		"the zero tenant":               tenancy.WithTenant(t.Context(), tenancy.Tenant{}),
		"another id over the tenant":    tenancy.NewContext(ctx, tenancy.DefaultID),
		"the zero id over the tenant":   tenancy.NewContext(ctx, tenancy.ID{}),
		"the zero tenant over a tenant": tenancy.WithTenant(ctx, tenancy.Tenant{}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := tenancy.TenantFrom(ctx)
			WantCode(t, err, tenancy.CodeNoTenant)
			if got.Name != "" {
				t.Errorf("TenantFrom returned %+v with its error", got)
			}
		})
	}
}
