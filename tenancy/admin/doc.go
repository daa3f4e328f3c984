// Package admin manages tenants, their members and API keys, and users:
//
//	service := admin.New(db.Services(), admin.Options{})
//	acme, err := service.CreateTenant(ctx, by, admin.NewTenant{Slug: "acme", Name: "Acme"})
//	key, secret, err := service.CreateKey(ctx, by, "acme",
//		admin.NewKey{Name: "deployment", Role: tenancy.Editor})
//
// It has the use cases of an operator's tool or an HTTP API. They use the ports and include
// the authorization.
//
// The parameter by of every method is the caller. The errors of the authorization
// are the same everywhere:
//   - an anonymous caller gets [tenancy.CodeUnauthenticated];
//   - a caller who isn't a member of a tenant gets [tenancy.ErrTenantNotFound], the
//     same value as for a tenant that doesn't exist; so does a member of a deleted
//     tenant;
//   - a member of a suspended tenant gets [tenancy.CodeTenantSuspended];
//   - a caller without the needed permission gets [tenancy.ErrForbidden].
//
// Super-admins find tenants in every state.
//
// The parameter ref names a tenant as in a URL, by its id or its slug.
package admin
