// Package pgbouncertest tests adapters/postgres through PgBouncer in transaction mode, where many
// clients share few server sessions: no row of another tenant is read or written, and no session
// keeps state.
package pgbouncertest
