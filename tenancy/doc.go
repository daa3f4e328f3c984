// Package tenancy is the model of a multi-tenant service. The tenant in a context is the
// only switch between tenants:
//
//	ctx = tenancy.NewContext(ctx, acme.ID)
//	id, err := tenancy.FromContext(ctx) // no tenant is an error, never a zero ID
//
// The package has
//
//   - tenants and their states, ids, slugs and quotas;
//   - who may act in them: principals, roles, the permissions that each role
//     grants, memberships, invitations and API keys;
//   - what an audit log records: events, entries and the hash chain of entries;
//   - the errors, with their codes, that every other package returns.
//
// People and how they sign in are in package tenancy/identity.
//
// The package imports the standard library and google/uuid, nothing else.
package tenancy
