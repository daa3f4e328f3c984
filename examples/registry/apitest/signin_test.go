package apitest

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/bcrypt"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/examples/registry/harness"
	"github.com/bailiwick-go/bailiwick/examples/registry/kinds"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

const testPassword = "correct horse battery"

// createUserWithBcrypt creates a user as the previous version did, with a bcrypt hash.
func createUserWithBcrypt(t *testing.T, databaseURL, name string) identity.User {
	t.Helper()
	registryMigrations, err := kinds.Migrations()
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), postgres.Options{URL: databaseURL, MultiTenant: true,
		Tables: kinds.Tables(), Migrations: registryMigrations, Adopt: kinds.Adoption(),
		RolePrefix: harness.RolePrefix})
	require.NoError(t, err)
	defer db.Close()
	services := db.Services()
	u, err := services.Users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: name + "@example.com", Name: name}, "")
	require.NoError(t, err)
	hash, err := bcrypt.GenerateFromPassword([]byte(testPassword), bcrypt.MinCost)
	require.NoError(t, err)
	require.NoError(t, services.Passwords.Set(t.Context(), u.ID, string(hash), ""))
	_, _, err = services.Members.Put(t.Context(), tenancy.DefaultID, u.ID, tenancy.Editor)
	require.NoError(t, err)
	return u
}

func signIn(t *testing.T, s *harness.Server, name, password string) harness.Response {
	t.Helper()
	return harness.Caller{Server: s}.Send(t, http.MethodPost, "/api/v1/sessions",
		map[string]string{"email": name + "@example.com", "password": password})
}

func sessionCookie(t *testing.T, a harness.Response) string {
	t.Helper()
	cookie, err := http.ParseSetCookie(a.Header.Get("Set-Cookie"))
	require.NoError(t, err)
	return cookie.Name + "=" + cookie.Value
}

// TestSessionCookieWorksOnEveryInstance signs in at one of two registries on one
// database and sends requests to the other. Signing out ends the session at both.
func TestSessionCookieWorksOnEveryInstance(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	ada := createUserWithBcrypt(t, url, "ada")
	set := func() map[string]string {
		return map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"}
	}
	one, two := harness.Serve(t, set()), harness.Serve(t, set())
	cookie := sessionCookie(t, signIn(t, one, "ada", testPassword).HasStatus(t, http.StatusCreated))
	at := func(s *harness.Server) harness.Caller {
		return harness.Caller{Server: s, Tenant: "default"}
	}
	at(two).Send(t, http.MethodPut, harness.Resource("prompt", "p"),
		map[string]any{"spec": map[string]any{"template": "x"}}, "Cookie", cookie).
		HasStatus(t, http.StatusCreated)
	at(two).Send(t, http.MethodPut, harness.Resource("prompt", "q"),
		map[string]any{"spec": map[string]any{"template": "x"}},
		"Cookie", cookie, "Origin", "https://evil.test").
		IsProblem(t, http.StatusForbidden, "cross_origin")

	list := harness.Decode[struct{ Items []struct{ ID string } }](t,
		two.Platform().Get(t, "/api/v1/users/"+ada.ID+"/sessions").HasStatus(t, http.StatusOK))
	require.Len(t, list.Items, 1)
	harness.Caller{Server: two}.Send(t, http.MethodDelete,
		"/api/v1/sessions/"+list.Items[0].ID, nil, "Cookie", cookie).
		HasStatus(t, http.StatusNoContent)
	for _, s := range []*harness.Server{one, two} {
		harness.Caller{Server: s}.Send(t, http.MethodGet, "/api/v1/me", nil, "Cookie", cookie).
			IsProblem(t, http.StatusUnauthorized, "unauthenticated")
	}
	// The first sign-in replaced the bcrypt hash; the password is still valid.
	signIn(t, one, "ada", testPassword).HasStatus(t, http.StatusCreated)
}

// TestWrongPasswordsAreCountedAcrossInstances sends them in parallel to two registries.
func TestWrongPasswordsAreCountedAcrossInstances(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	createUserWithBcrypt(t, url, "ada")
	set := func() map[string]string {
		return map[string]string{"DATABASE_URL": url, "MULTI_TENANT": "true"}
	}
	servers := []*harness.Server{harness.Serve(t, set()), harness.Serve(t, set())}
	var mu sync.Mutex
	statuses := map[int]int{}
	var guesses sync.WaitGroup
	for i := range 20 {
		guesses.Go(func() {
			a := signIn(t, servers[i%2], "ada", "a wrong password")
			mu.Lock()
			defer mu.Unlock()
			statuses[a.Status]++
		})
	}
	guesses.Wait()
	require.Equal(t, 20, statuses[401]+statuses[429], "%v", statuses)
	require.GreaterOrEqual(t, statuses[429], 12, "%v", statuses) // some may arrive a second later
	require.GreaterOrEqual(t, statuses[401], 5, "%v", statuses)
}

// TestAppRoleCannotReadSignInTables shows that SQL injected into the application's
// statements can't read sessions or password hashes.
func TestAppRoleCannotReadSignInTables(t *testing.T) {
	t.Parallel()
	url := migratedDatabase(t)
	registryMigrations, err := kinds.Migrations()
	require.NoError(t, err)
	db, err := postgres.Open(t.Context(), postgres.Options{URL: url, MultiTenant: true,
		Tables: kinds.Tables(), Migrations: registryMigrations, Adopt: kinds.Adoption(),
		RolePrefix: harness.RolePrefix})
	require.NoError(t, err)
	defer db.Close()
	ctx, cancel := context.WithTimeout(tenancy.NewContext(t.Context(), tenancy.DefaultID),
		time.Minute)
	defer cancel()
	for _, table := range []string{"sessions", "identities", "attempts", "users"} {
		for _, statement := range []string{"SELECT count(*) FROM bailiwick.",
			"DELETE FROM bailiwick."} {
			_, err := db.Scoped(ctx).NewRaw(statement + table).Exec(ctx)
			require.ErrorContains(t, err, "permission denied", statement+table)
		}
	}
}
