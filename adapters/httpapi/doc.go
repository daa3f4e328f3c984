// Package httpapi serves a registry over HTTP: tenants, keys, resources,
// bundles, and the OpenAPI document of all of them.
//
// [New] answers a plain [net/http.Handler], to be mounted without
// [net/http.StripPrefix]: its routes are full paths.
//
//	mux.Handle("/api/v1/", httpapi.New(db.Services(), httpapi.Options{Authenticate: myLogin}))
//
// [Tenant] is the middleware for a host's own routes.
//
// Every route is one entry of one table, from which both the router and the
// OpenAPI document are made, so that the two can't drift apart.
//
// A request goes through these steps, in this order: panics are caught, the
// request gets an id, the caller is authenticated, the tenant is resolved as far
// as the caller may know it, membership and role are checked, the query and the
// body are read, the handler runs. Nobody without valid credentials learns
// anything about a tenant, not even whether there is one; nor does anybody
// about a tenant in which they have no place, be it by the answer, by its
// headers or by how long it takes.
//
// Callers show a bearer token, or the cookie of a session that they began by
// signing in. Where a request has both, the token alone counts. With a cookie,
// what changes something must come from a page of the host that it asks for.
// Behind a proxy that ends TLS, [resolve.Options.TrustedProxies] must name it, or
// cookies are those of plain HTTP.
//
// Errors are RFC 9457 problem details, all of them: see [Problem].
package httpapi
