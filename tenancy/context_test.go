package tenancy_test

import (
	"context"
	"testing"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestNoTenantInTheContextIsAnError(t *testing.T) {
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
				t.Errorf("answered %s beside its error", id)
			}
		})
	}
}

func TestTheInnermostTenantCounts(t *testing.T) {
	t.Parallel()
	outer, inner := tenancy.NewID(), tenancy.NewID()
	ctx := tenancy.NewContext(t.Context(), outer)
	within := tenancy.NewContext(ctx, inner)
	if id, err := tenancy.FromContext(within); err != nil || id != inner {
		t.Errorf("within: %s, %v", id, err)
	}
	if id, err := tenancy.FromContext(ctx); err != nil || id != outer {
		t.Errorf("without: %s, %v", id, err)
	}
}

func TestThePrincipalInTheContext(t *testing.T) {
	t.Parallel()
	if !tenancy.PrincipalFrom(t.Context()).Anonymous() {
		t.Error("an empty context has somebody")
	}
	ctx := tenancy.WithPrincipal(t.Context(),
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "ada"})
	if p := tenancy.PrincipalFrom(ctx); p.ID != "ada" {
		t.Errorf("%+v", p)
	}
	if _, err := tenancy.FromContext(ctx); err == nil {
		t.Error("a principal names no tenant")
	}
}
