// Package resolve answers which tenant a request is for.
//
// A tenant is named by the subdomain of a base domain, by the header
// X-Tenant-ID, by a segment of the path, or by the API key that the caller
// shows. Every source that is there must name the same tenant; the answer is
// that tenant or an error, never a guess:
//
//	tenants := resolve.New(store, resolve.Options{BaseDomain: "notes.example.com"})
//	tenant, err := tenants.ResolveFor(ctx, principal, tenants.FromRequest(req))
//
// The principal is whoever the program has found the caller to be, the zero one
// before it knows. The answer tells them nothing about tenants that they have
// no place in: not by the tenant or the error, and not by how long it takes,
// because other tenants than the caller's own are not even looked up.
//
// A suspended tenant is answered to its members like an active one; what they
// may do in it is for the caller of this package to say.
package resolve
