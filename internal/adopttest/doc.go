// Package adopttest holds the tests of the adoption of single-tenant databases,
// which run against a real PostgreSQL: other shapes than the registry's, crashes
// at every step, and the way back from each. They stand here for the reason that
// those of internal/postgrestest do.
package adopttest
