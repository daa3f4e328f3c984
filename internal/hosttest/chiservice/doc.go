// Package chiservice is a service as somebody else would have it, made multi-tenant: a chi router,
// JWTs, five tables (one refers to itself, one joins two, one has jsonb, one deletes softly, one is
// shared by all tenants), database/sql and bun in one program, and transactions that write an audit
// entry. tenancy.go has everything that tenancy adds to it.
//
// No package that a host imports may import this one: see the rules of archtest.
package chiservice
