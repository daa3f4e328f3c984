// Package adopttest tests the adoption of single-tenant databases against a real PostgreSQL:
// other schemas than the registry's, crashes at every step, and the way back from each. The
// tests are here, and not next to the code, for the same reason as those of
// internal/postgrestest.
package adopttest
