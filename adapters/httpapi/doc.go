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
// request gets an id, the tenant is resolved (and the result kept back), the
// caller is authenticated, the tenant of an API key is compared, the error of
// the resolution is shown, membership and role are checked, the handler runs.
// Nobody without valid credentials learns anything about a tenant, not even
// whether there is one.
//
// Errors are RFC 9457 problem details, all of them: see [Problem].
package httpapi
