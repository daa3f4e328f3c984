package isolationtest_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
)

// A host's test proves its tables and its routes.
func ExampleProve() {
	// your service's own: its tables, and its handler
	open := func(url string) (*postgres.DB, error) { return nil, nil }
	newHandler := func(db *postgres.DB) http.Handler { return http.NewServeMux() }

	testIsolation := func(t *testing.T) {
		db, err := open(postgrestest.Database(t))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, db.Close()) })
		isolationtest.Prove(t, db, newHandler(db), isolationtest.Options{
			Routes:     []string{"GET /notes", "GET /report", "POST /notes/{id}/publish"},
			Unfiltered: []string{"GET /report"}, // raw SQL, which row security alone confines
			Bodies:     map[string]string{"POST /notes/{id}/publish": `{"at": "noon"}`},
		})
	}
	_ = testIsolation
}
