package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
)

func TestNotesServiceIsIsolated(t *testing.T) {
	t.Parallel()
	db, err := open(t.Context(), postgrestest.Database(t))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	isolationtest.Prove(t, db, newHandler(db, token), isolationtest.Options{
		Routes: []string{"GET /notes"}, BaseDomain: "notes.example.com",
		Skip: map[string]string{
			"/admin/":     "the pages call the routes of the API as the caller who sees them",
			"GET /livez":  "this service doesn't mount it",
			"GET /readyz": "this service doesn't mount it",
			"PUT /api/v1/tenants/{tenant}/secrets/{name}": "this service has no key for secrets",
		}})
}
