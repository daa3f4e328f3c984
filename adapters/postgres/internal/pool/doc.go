// Package pool is the connections to a database: as which roles they log in, how a statement
// gets its tenant, and how transactions are repeated.
package pool
