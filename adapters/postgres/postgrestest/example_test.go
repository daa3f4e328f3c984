package postgrestest_test

import (
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
)

// A host's package of tests has one TestMain, and each test opens a database.
func Example() {
	_ = func(m *testing.M) { postgrestest.Main(m) } // func TestMain

	_ = func(t *testing.T) { // func TestNotes
		db, err := postgres.Open(t.Context(), postgres.Options{
			URL: postgrestest.Database(t), MultiTenant: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
	}
}
