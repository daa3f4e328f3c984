// Package ports declares the interfaces that the library needs from outside: one
// file for each port. The comments are the contract: each sentence has a case in
// package portstest.
//
// In a tenant-owned port, the tenant is the parameter after ctx; every method
// refuses the zero ID with [tenancy.CodeNoTenant]. Cross-tenant work is a separate
// port ([Tenants], [KeyFinder]), never a magic ID.
//
// An error of a port is a *[tenancy.Error]. Any other error is a fault for which
// the adapter has no code.
package ports
