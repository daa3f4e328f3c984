// Package telemetrytest tests adapters/telemetry with adapters/postgres and a real
// PostgreSQL: what it reports of statements and pools, and what it must not report.
package telemetrytest
