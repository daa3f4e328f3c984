// Package testdb makes a separate database for each test on one PostgreSQL server. Which server
// that is, the package that declares a [Suite] decides: pgtest for this module's tests,
// postgrestest for those of hosts.
package testdb
