package main

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// adoptDatabase returns the URL of a new database with the registry's schema.
func adoptDatabase(t *testing.T) string {
	t.Helper()
	return pgtest.Template(t, "registry", migrateDatabase(t))
}
