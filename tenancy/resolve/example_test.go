package resolve_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/resolve"
)

// The tenant of a request is the one that its subdomain, its header X-Tenant-ID and all its other
// sources name.
func Example() {
	store := newStore(tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", State: tenancy.Active})
	tenants := resolve.New(store, resolve.Options{BaseDomain: "notes.example.com"})

	req := httptest.NewRequest("GET", "https://acme.notes.example.com/notes", nil)
	tenant, err := tenants.ResolveFor(req.Context(), tenancy.Principal{}, tenants.FromRequest(req))
	fmt.Println(tenant.Slug, err)

	req.Header.Set("X-Tenant-ID", "globex")
	_, err = tenants.ResolveFor(req.Context(), tenancy.Principal{}, tenants.FromRequest(req))
	fmt.Println(tenancy.CodeOf(err))
	// Output:
	// acme <nil>
	// tenant_mismatch
}

// The host's own authentication has checked a token, and put its claim into the context.
func ExampleSource() {
	type claimKey struct{}
	claim := func(req *http.Request) (name string, ok bool) {
		name, ok = req.Context().Value(claimKey{}).(string)
		return name, ok
	}
	store := newStore(tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", State: tenancy.Active})
	tenants := resolve.New(store, resolve.Options{Sources: []resolve.Source{claim}})

	ctx := context.WithValue(context.Background(), claimKey{}, "acme")
	req := httptest.NewRequestWithContext(ctx, "GET", "/notes", nil)
	tenant, err := tenants.Resolve(ctx, tenants.FromRequest(req))
	fmt.Println(tenant.Slug, err)
	// Output: acme <nil>
}

func ExampleCustomDomains() {
	domains := map[string]string{"notes.acme.test": "acme"} // from the host's configuration
	find := func(domain string) (name string, ok bool) {
		name, ok = domains[domain]
		return name, ok
	}
	store := newStore(tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", State: tenancy.Active})
	tenants := resolve.New(store, resolve.Options{
		BaseDomain: "notes.example.com", Sources: []resolve.Source{resolve.CustomDomains(find)},
	})

	req := httptest.NewRequest("GET", "https://notes.acme.test/notes", nil)
	tenant, err := tenants.Resolve(req.Context(), tenants.FromRequest(req))
	fmt.Println(tenant.Slug, err)
	// Output: acme <nil>
}
