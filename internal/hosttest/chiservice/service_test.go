package chiservice

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/postgrestest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

var secret = []byte("the secret of this test's tokens")

func sign(r *http.Request, tenant tenancy.ID, role tenancy.Role) {
	text, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims{Tenant: tenant, Role: role,
		RegisteredClaims: jwt.RegisteredClaims{Subject: "reader-" + tenant.String(),
			ExpiresAt: jwt.NewNumericDate(time.Now().Add(time.Hour))}}).SignedString(secret)
	if err != nil {
		panic(err)
	}
	r.Header.Set("Authorization", "Bearer "+text)
}

func TestServiceIsIsolated(t *testing.T) {
	t.Parallel()
	db, err := open(t.Context(), postgrestest.Database(t), migrations())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	isolationtest.Prove(t, db, newHandler(db, secret), isolationtest.Options{
		Routes: []string{"GET /books", "GET /books/{id}", "GET /languages",
			"POST /books/{id}/loans", "DELETE /books/{id}"},
		Unfiltered: []string{"GET /books"}, // its statements are the host's
		Bodies:     map[string]string{"POST /books/{id}/loans": `{"reader": "someone"}`},
		BaseDomain: "books.example.com",
		Sign: func(r *http.Request, tenant tenancy.ID) {
			sign(r, tenant, tenancy.Admin)
		},
		SignViewer: func(r *http.Request, tenant tenancy.ID) {
			sign(r, tenant, tenancy.Viewer)
		},
		Skip: map[string]string{
			"GET /livez":  "this service doesn't mount it",
			"GET /readyz": "this service doesn't mount it",
			"PUT /api/v1/tenants/{tenant}/secrets/{name}": "this service has no key for secrets",
		},
	})
}

func TestTenancyIsSwitchedOnInUnder60Lines(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("tenancy.go")
	require.NoError(t, err)
	_, after, begins := strings.Cut(string(text), "// tenancy begins\n")
	added, _, ends := strings.Cut(after, "// tenancy ends\n")
	require.True(t, begins && ends)
	require.Less(t, strings.Count(added, "\n"), 60)
}

func TestTokenOfAnotherSecretIsRefused(t *testing.T) {
	t.Parallel()
	db, err := open(t.Context(), postgrestest.Database(t), migrations())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	r := httptest.NewRequest(http.MethodGet, "/books", nil)
	sign(r, tenancy.DefaultID, tenancy.Admin)
	w := httptest.NewRecorder()
	newHandler(db, []byte("another secret, as long as the other")).ServeHTTP(w, r)
	require.Equal(t, http.StatusUnauthorized, w.Code, w.Body)
}
