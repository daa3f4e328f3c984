package clustertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
)

func TestTwoDatabasesOfOneClusterShareNoRole(t *testing.T) {
	t.Parallel()
	for name, users := range map[string]func(t *testing.T) (a, b string){
		"two users with CREATEROLE": func(t *testing.T) (a, b string) {
			super := fixture.Superuser(t, pgtest.Database(t))
			return newUser(t, super, "CREATEROLE"), newUser(t, super, "CREATEROLE")
		},
		"one user with CREATEROLE": func(t *testing.T) (a, b string) {
			user := newUser(t, fixture.Superuser(t, pgtest.Database(t)), "CREATEROLE")
			return user, user
		},
		"a user without INHERIT": func(t *testing.T) (a, b string) {
			super := fixture.Superuser(t, pgtest.Database(t))
			return newUser(t, super, "CREATEROLE NOINHERIT"), newUser(t, super, "CREATEROLE")
		},
		"one superuser": func(*testing.T) (a, b string) { return "", "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			userA, userB := users(t)
			a, b := newDatabase(t, userA), newDatabase(t, userB)
			dbA, dbB := a.serve(t), b.serve(t)
			password := passwordOf(t, a.super, a.role(t, "app"))
			require.Contains(t, password, "SCRAM-SHA-256$")
			require.NotEqual(t, password, passwordOf(t, b.super, b.role(t, "app")))
			b.serve(t) // a start doesn't change what the other one's instances use
			a.serve(t)
			requireServes(t, dbA)
			requireServes(t, dbB)
			require.Equal(t, password, passwordOf(t, a.super, a.role(t, "app")), "it is stable")
			requireApart(t, a, b)
			requireApart(t, b, a)
		})
	}
}

// requireApart requires that no role of a database can log in as, become, or read as a role of
// another database.
func requireApart(t *testing.T, own, other database) {
	t.Helper()
	roles := []string{own.role(t, "app"), own.role(t, "system"), own.role(t, "owner"),
		own.role(t, "search")}
	if own.user != "" && own.user != other.user {
		roles = append(roles, own.user)
	}
	for _, role := range roles {
		for _, suffix := range []string{"owner", "app", "system", "search"} {
			require.Equal(t, "false", ask(t, own.super,
				"SELECT pg_has_role($1, $2, 'MEMBER')", role, other.role(t, suffix)),
				"%s is a member of the other database's %s", role, suffix)
		}
		for _, table := range []string{"widgets", "bailiwick.tenants", "bailiwick.signing_keys"} {
			require.Equal(t, "false", ask(t, other.super,
				"SELECT has_any_column_privilege($1, to_regclass($2), 'SELECT')", role, table),
				"%s reads %s of the other database", role, table)
		}
	}
	// the login of one application doesn't open the other's database as its application
	foreign := other.Options
	foreign.SkipMigrations = true
	foreign.AppURL = own.roleURL(t, "app", other)
	foreign.SystemURL = own.roleURL(t, "system", other)
	require.Error(t, tryOpen(t, foreign))
}
