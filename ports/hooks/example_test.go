package hooks_test

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/ports/hooks"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// Each new tenant gets a bucket, and a suspended one keeps it.
func ExampleAfter() {
	services := hooks.After(memory.New(nil, memory.Options{}).Services(), hooks.Hooks{
		Tenant: func(_ context.Context, c hooks.TenantChange) error {
			switch c.Action {
			case hooks.Created:
				fmt.Println("create the bucket", c.After.Slug)
			case hooks.Purged:
				fmt.Println("remove the bucket", c.Before.Slug)
			}
			return nil
		},
	})
	service := admin.New(services, admin.Options{})
	root := tenancy.Principal{Kind: tenancy.PlatformToken, SuperAdmin: true}
	ctx := context.Background()

	if _, err := service.CreateTenant(ctx, root,
		admin.NewTenant{Slug: "acme", Name: "Acme"}); err != nil {
		panic(err)
	}
	if _, err := service.UpdateTenant(ctx, root, "acme",
		admin.TenantChange{State: tenancy.Suspended}, 0); err != nil {
		panic(err)
	}
	if _, err := service.DeleteTenant(ctx, root, "acme"); err != nil {
		panic(err)
	}
	if _, err := service.PurgeTenant(ctx, root, "acme", "acme"); err != nil {
		panic(err)
	}
	// Output:
	// create the bucket acme
	// remove the bucket acme
}
