// Package contracttest runs the conformance suites of ports/portstest against adapters/postgres,
// with tenancy on and off, and tests how an import reports a conflict with a concurrent write.
package contracttest
