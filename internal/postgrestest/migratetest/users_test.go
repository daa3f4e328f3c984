package migratetest

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
	"github.com/bailiwick-go/bailiwick/tenancy/identity"
)

// An earlier schema accepted two users whose e-mail addresses differ only in upper and lower case.
func TestMigrationKeepsUsersWhoseEmailsDifferOnlyInCase(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	db := fixture.Superuser(t, databaseURL)
	for _, name := range []string{
		"20261202000000_plain_names", "20261128000001_invitations", "20261128000000_people",
	} {
		down, err := os.ReadFile("../../../adapters/postgres/internal/migrations/" + name + ".down.sql")
		require.NoError(t, err)
		fixture.Exec(t, db, string(down))
	}
	fixture.Exec(t, db, "DELETE FROM bailiwick.migrations WHERE name >= '20261128000000'"+
		" AND name < '20261129000000' OR name = '20261202000000'")
	fixture.Exec(t, db, `INSERT INTO bailiwick.users (id, email, name, created_at) VALUES
		('01900000-0000-7000-9000-000000000001', 'ada@example.com', 'Later', '2026-02-01'),
		('01900000-0000-7000-9000-000000000002', 'Ada@Example.com', 'First', '2026-01-01'),
		('01900000-0000-7000-9000-000000000003', 'Bob@example.com', 'Bob', '2026-01-01')`)

	require.NoError(t, postgres.Migrate(t.Context(), fixture.Options(databaseURL, true)))
	opened := fixture.Open(t, fixture.Options(databaseURL, true))
	users := opened.Services().Users
	for email, name := range map[string]string{"ADA@example.com": "First",
		"bob@example.com": "Bob"} {
		u, err := users.ByEmail(t.Context(), email)
		require.NoError(t, err)
		require.Equal(t, name, u.Name)
	}
	all, err := users.List(t.Context(), ports.UserQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, all, 3)
	_, err = users.Create(t.Context(),
		identity.User{ID: tenancy.NewID().String(), Email: "aDa@example.com", Name: "Eve"}, "")
	require.Equal(t, tenancy.CodeAlreadyExists, tenancy.CodeOf(err))

	// After the first user is removed, the other one can take the address.
	require.NoError(t, users.Remove(t.Context(), "01900000-0000-7000-9000-000000000002"))
	email := "ada@example.com"
	_, err = users.Update(t.Context(), "01900000-0000-7000-9000-000000000001",
		ports.UserChange{Email: &email})
	require.NoError(t, err)
	u, err := users.ByEmail(t.Context(), email)
	require.NoError(t, err)
	require.Equal(t, "Later", u.Name)
}
