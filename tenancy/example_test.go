package tenancy_test

import (
	"context"
	"fmt"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The tenant of a request is in its context, and the caller's role in that tenant decides.
func Example() {
	acme := tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", Name: "Acme"}
	ctx := tenancy.WithTenant(context.Background(), acme)
	tenant, err := tenancy.TenantFrom(ctx)
	fmt.Println(tenant.Name, err)

	_, err = tenancy.FromContext(context.Background())
	fmt.Println(tenancy.CodeOf(err)) // never the zero ID without an error

	ada := tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "ada",
		Roles: map[tenancy.ID]tenancy.Role{acme.ID: tenancy.Editor}}
	fmt.Println(ada.Authorize(acme.ID, tenancy.ResourceWrite))
	fmt.Println(tenancy.CodeOf(ada.Authorize(acme.ID, tenancy.KeyWrite)))
	fmt.Println(tenancy.CodeOf(ada.Authorize(tenancy.NewID(), tenancy.ResourceRead)))
	// Output:
	// Acme <nil>
	// tenant_required
	// <nil>
	// forbidden
	// tenant_not_found
}

// A host chooses other nouns for its actions than the library.
func ExampleEvent_CheckHost() {
	fmt.Println(tenancy.Event{Action: "note.publish"}.CheckHost())
	fmt.Println(tenancy.CodeOf(tenancy.Event{Action: "resource.delete"}.CheckHost()))
	// Output:
	// <nil>
	// invalid
}

// The roles of a host's own permission.
func ExamplePrincipal_AuthorizeGrant() {
	publish := tenancy.Grant{Permission: "notes.publish",
		Roles: []tenancy.Role{tenancy.Editor, tenancy.Admin}}
	acme := tenancy.NewID()
	ada := tenancy.Principal{Kind: "employee", ID: "17",
		Roles: map[tenancy.ID]tenancy.Role{acme: tenancy.Viewer}}
	fmt.Println(tenancy.CodeOf(ada.AuthorizeGrant(acme, publish)))
	ada.Roles[acme] = tenancy.Editor
	fmt.Println(ada.AuthorizeGrant(acme, publish))
	// Output:
	// forbidden
	// <nil>
}
