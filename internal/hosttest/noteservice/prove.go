package noteservice

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
)

// Prove proves that the service is isolated with the store that connect returns.
func Prove(t *testing.T, connect Connect) {
	t.Helper()
	db, err := open(t.Context(), postgrestest.Database(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	notes, closeNotes, err := connect(t.Context(), db)
	require.NoError(t, err)
	t.Cleanup(closeNotes)
	routes := []string{"GET /notes", "POST /notes"}
	isolationtest.Prove(t, db, newHandler(db, notes), isolationtest.Options{
		Routes: routes, Unfiltered: routes,
		Bodies: map[string]string{"POST /notes": `{"title": "new"}`},
		Skip: map[string]string{
			"GET /livez":  "this service doesn't mount it",
			"GET /readyz": "this service doesn't mount it",
			"PUT /api/v1/tenants/{tenant}/secrets/{name}": "this service has no key for secrets",
		},
	})
}
