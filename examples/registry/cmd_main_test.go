package main

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// cmdServe starts a registry with tenancy on, on a new database.
func cmdServe(t *testing.T) *testServer {
	t.Helper()
	return serveOn(t, cmdDatabase(t))
}

// cmdDatabase returns the URL of a new database with the registry's schema.
func cmdDatabase(t *testing.T) string {
	t.Helper()
	return pgtest.Template(t, "registry", migrateDatabase(t))
}
