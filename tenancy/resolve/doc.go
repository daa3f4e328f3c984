// Package resolve answers which tenant a request is for.
//
// A tenant is named by the subdomain of a base domain, by the header
// X-Tenant-ID, by a segment of the path, or by the API key that the caller
// shows. Every source that is there must name the same tenant; the answer is
// that tenant or an error, never a guess:
//
//	tenants := resolve.New(store, resolve.Options{BaseDomain: "notes.example.com"})
//	tenant, err := tenants.Resolve(ctx, tenants.FromRequest(req))
//
// Resolution runs before authentication. The tenant of an API key is known
// only afterwards: set [Sources.Key] then and resolve once more, which the
// cache makes nearly free.
//
//	sources := tenants.FromRequest(req)
//	sources.Key = principal.KeyTenant
//	tenant, err := tenants.Resolve(ctx, sources)
//
// A suspended tenant is answered like an active one: whether it may be told is
// known only when the caller is.
package resolve
