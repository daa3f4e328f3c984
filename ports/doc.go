// Package ports declares the interfaces that the library needs from outside. An adapter
// has them all:
//
//	var services ports.Services = db.Services()
//	acme, err := services.Tenants.BySlug(ctx, "acme")
//	note, err := services.Resources.Get(ctx, acme.ID, federation.Ref{Kind: "note", Name: "a"})
//
// Each port has one file. The comments are the contract: each sentence has a case in
// package portstest.
//
// In a tenant-owned port, the tenant is the parameter after ctx; every method
// refuses the zero ID with [tenancy.CodeNoTenant]. Cross-tenant work is a separate
// port ([Tenants], [KeyFinder]), never a magic ID.
//
// A context may carry the right of a call ([tenancy.Right]). Every method that writes
// checks it in the transaction of the write: if [tenancy.Right.Check] refuses, the
// method returns its error and writes nothing. When an API key, a session, a
// membership, a role, a user or a super-admin's flag is taken away, or a tenant
// suspended or deleted, no write that relied on it commits afterwards. A write that
// ends its own caller's right succeeds. The methods that only note what happens don't
// check: Append of both audit logs, [LoginAttempts], [KeyFinder.Find] and
// [SessionFinder.Touch].
//
// An error of a port is a *[tenancy.Error]. Any other error is a fault for which
// the adapter has no code.
package ports
