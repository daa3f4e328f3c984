package admin_test

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/adapters/memory"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/admin"
)

// A super-admin creates a tenant, and an API key of it.
func Example() {
	ctx := context.Background()
	service := admin.New(memory.New(nil, memory.Options{}).Services(), admin.Options{})
	root := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "root", SuperAdmin: true}

	acme, err := service.CreateTenant(ctx, root, admin.NewTenant{Slug: "acme", Name: "Acme"})
	if err != nil {
		panic(err)
	}
	_, secret, err := service.CreateKey(ctx, root, "acme",
		admin.NewKey{Name: "deployment", Role: tenancy.Editor})
	if err != nil {
		panic(err)
	}

	caller, err := service.Authenticate(ctx, secret)
	fmt.Println(caller.KeyTenant == acme.ID, caller.Roles[acme.ID], err)
	_, err = service.CreateTenant(ctx, caller, admin.NewTenant{Slug: "mine", Name: "Mine"})
	fmt.Println(tenancy.CodeOf(err))
	// Output:
	// true editor <nil>
	// forbidden
}
