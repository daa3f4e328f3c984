package isolationtest_test

import (
	"net/http"
	"testing"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
)

// A host's test proves its tables and its routes.
func ExampleProve() {
	// the host's own: its tables in a throw-away database (package postgrestest), its handler
	open := func(*testing.T) *postgres.DB { return nil }
	newHandler := func(db *postgres.DB) http.Handler { return http.NewServeMux() }

	testIsolation := func(t *testing.T) {
		db := open(t)
		isolationtest.Prove(t, db, newHandler(db), isolationtest.Options{
			Routes:     []string{"GET /notes", "GET /report", "POST /notes/{id}/publish"},
			Unfiltered: []string{"GET /report"}, // raw SQL, which row security alone confines
			Bodies:     map[string]string{"POST /notes/{id}/publish": `{"at": "noon"}`},
		})
	}
	_ = testIsolation
}
