// Package resolve finds the tenant that a request is for:
//
//	tenants := resolve.New(store, resolve.Options{BaseDomain: "notes.example.com"})
//	tenant, err := tenants.ResolveFor(ctx, principal, tenants.FromRequest(req))
//
// Four sources can name the tenant: the subdomain of a base domain, the header
// X-Tenant-ID, a segment of the path, and the caller's API key. A host adds its own
// ([Options].Sources). All sources of a request must name the same tenant. The result is
// that tenant or an error, never a guess.
//
// The principal is the authenticated caller, or the zero principal before the
// caller is authenticated. Callers learn nothing about tenants that they aren't
// members of: not from the tenant or the error, and not from the time that it
// takes, because only the caller's own tenants are looked up.
//
// Members of a suspended tenant get it like an active one. The code that calls
// this package decides what they may do in it.
package resolve
