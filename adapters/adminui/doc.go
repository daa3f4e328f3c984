// Package adminui serves the admin pages of a registry: tenants, resources, members, keys,
// the audit log, import and export. It is a driving adapter over the HTTP API.
//
//	api := httpapi.New(db.Services(), httpapi.Options{MultiTenant: true, Resolver: tenants})
//	pages := adminui.New(api, db.Services().Kinds, adminui.Options{MultiTenant: true})
//
//	mux.Handle("/api/v1/", api)
//	mux.Handle("/admin/", pages)
//	mux.Handle("/invitations/accept", pages) // the page that an invitation's link opens
//
// Every page of a tenant has the tenant in its address, each form carries it, and a form
// that is sent to another tenant's page is refused. All pages work without JavaScript.
package adminui
