// Package ports declares what the library needs from the outside: one file for
// each port, its comments the contract, each sentence of which has a case in
// package portstest.
//
// In a port that belongs to tenants, the tenant is the parameter after ctx; the
// zero ID is refused with [tenancy.CodeNoTenant] by every method. Cross-tenant
// work is a port of its own ([Tenants], [KeyFinder]), never a magic ID.
//
// An error of a port is a *[tenancy.Error]. Any other error means that the
// adapter met a fault it has no code for.
package ports
