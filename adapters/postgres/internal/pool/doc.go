// Package pool holds the connections to a database: which roles they log in as, how a
// statement gets its tenant, and how transactions are retried.
package pool
