// Package tenancy is the model of a multi-tenant service: tenants, who acts in
// them, and the errors that every other package speaks.
//
// The tenant in a context is the only switch between tenants:
//
//	ctx = tenancy.NewContext(ctx, acme.ID)
//	id, err := tenancy.FromContext(ctx) // no tenant is an error, never a zero ID
//
// The package imports the standard library and google/uuid, nothing else.
package tenancy
