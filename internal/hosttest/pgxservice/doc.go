// Package pgxservice is the smallest service that reads and writes a tenant's rows with pgx, over connections that
// the library doesn't see.
// No package that a host imports may import this one: see the rules of archtest.
package pgxservice
