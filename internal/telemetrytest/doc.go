// Package telemetrytest tests adapters/telemetry upon adapters/postgres and a
// real PostgreSQL: what it tells of statements and pools, and what it must not.
package telemetrytest
