// Package postgrestest holds the tests of adapters/postgres, which run against
// a real PostgreSQL. They stand here, and not beside the adapter, because they
// may start containers: what the tests of an imported package need lands in the
// go.sum of every host.
package postgrestest
