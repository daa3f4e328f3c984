// Package httpapi serves a registry over HTTP: tenants, keys, resources,
// bundles, and the OpenAPI document of all of them:
//
//	api := httpapi.New(db.Services(), httpapi.Options{MultiTenant: true})
//	mux.Handle("/api/v1/", api)
//	mux.Handle("GET /notes", api.Protect(tenancy.ResourceRead, http.HandlerFunc(listNotes)))
//
// [New] returns an [API], a plain [net/http.Handler]. Mount it without
// [net/http.StripPrefix]: its routes are full paths. [API.Protect] puts the same
// authentication, tenant resolution and permissions around a host's own routes.
//
// A host that has a part of this already says so in its [Options]: its own callers and their
// roles (Authenticate), its own permissions (Permissions), its own format of errors
// (WriteProblem), and the groups of routes that it serves itself (Without). Routes that need
// a port which the services don't have are off too.
//
// Every route is one entry of one table. The router and the OpenAPI document are both
// built from that table, so they always agree.
//
// A request goes through these steps in this order: the request gets an id, panics
// are caught, the caller is authenticated, the tenant is resolved as far as the
// caller may know it, membership and role are checked, the query and the body are
// read, the handler runs. A caller without valid credentials learns nothing about a
// tenant, not even whether it exists. The same holds for a caller who isn't a member
// of the tenant: neither body, headers nor duration of the response show anything.
//
// Callers send a bearer token, or the cookie of a session that they started by
// signing in. If a request has both, the cookie is ignored. A request with a cookie
// that changes something must come from a page of the same host. Behind a proxy that
// terminates TLS, name the proxy in [resolve.Options.TrustedProxies]: without it the
// cookies are those of plain HTTP.
//
// All errors are RFC 9457 problem details: see [Problem] and [Options.WriteProblem].
package httpapi
