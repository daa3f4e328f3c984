package clustertest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// formerPrefix is the prefix that all databases of a cluster had before each had its own roles.
const formerPrefix = fixture.RolePrefix

func TestDatabaseWithFormerRolesGetsItsOwnAtTheNextStart(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{
		"superuser": "SUPERUSER", "CREATEROLE": "CREATEROLE", "an ordinary user": "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			user := newUser(t, fixture.Superuser(t, pgtest.Database(t)), attributes)
			d, other := newDatabase(t, user), newDatabase(t, "")
			other.RolePrefix = formerPrefix
			former := d
			former.URL, former.RolePrefix = d.admin, formerPrefix
			// another service of the cluster keeps the old names
			otherDB := other.serve(t)
			old := former.serve(t)
			fixture.PutWidget(t, old, tenancy.DefaultID, "before", "kept")
			fixture.Exec(t, d.super, "GRANT bailiwick_owner, bailiwick_search TO "+quote(user))
			password := passwordOf(t, d.super, "bailiwick_app")

			err := tryOpen(t, d.Options)
			if attributes == "" {
				require.ErrorContains(t, err, "the database's administrator must run")
				requireServes(t, old) // the old version serves until then
				psql(t, d, printed(err))
			}
			db := d.serve(t)
			requireKept(t, db)
			requireNoRights(t, d, "bailiwick_owner", "bailiwick_app", "bailiwick_system",
				"bailiwick_search")
			require.Equal(t, password, passwordOf(t, d.super, "bailiwick_app"))
			requireServes(t, otherDB)
			other.serve(t)
		})
	}
}

func TestOtherPrefixMovesADatabaseToOtherRoles(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, "")
	d.RolePrefix = `Orders "x" ` + d.role(t, "x")
	first := d.RolePrefix
	d.serve(t)
	d.RolePrefix = ""
	d.serve(t)
	requireNoRights(t, d, first+"_owner", first+"_app", first+"_system", first+"_search")
}

func TestRenamedDatabaseKeepsItsRoles(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, "")
	require.NoError(t, tryOpen(t, d.Options))
	password, role := passwordOf(t, d.super, d.role(t, "app")), d.role(t, "app")
	require.NoError(t, d.super.Close())
	name := "renamed_" + role
	fixture.Exec(t, fixture.Superuser(t, pgtest.Database(t)),
		d.format("ALTER DATABASE %s RENAME TO "+quote(name)))
	d.rename(t, name)
	d.serve(t)
	require.Equal(t, role, d.role(t, "app"))
	require.Equal(t, password, passwordOf(t, d.super, role))
	require.NoError(t, d.super.Close())
}

func TestCopyOfADatabaseGetsItsOwnRoles(t *testing.T) {
	t.Parallel()
	for name, attributes := range map[string]string{"superuser": "", "another user": "CREATEROLE"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := fixture.Superuser(t, pgtest.Database(t))
			original := newDatabase(t, "")
			require.NoError(t, tryOpen(t, original.Options))
			roles := []string{original.role(t, "owner"), original.role(t, "app"),
				original.role(t, "system"), original.role(t, "search")}
			require.NoError(t, original.super.Close())
			copied := original
			user := ""
			if attributes != "" {
				user = newUser(t, server, attributes)
			}
			fixture.Exec(t, server, "CREATE DATABASE copy_"+roles[0]+
				original.format(" TEMPLATE %s"))
			t.Cleanup(func() {
				_, err := server.Exec("DROP DATABASE copy_" + roles[0] + " WITH (FORCE)")
				require.NoError(t, err)
			})
			copied.rename(t, "copy_"+roles[0])
			if user != "" {
				copied.user = user
				copied.URL = withUser(t, copied.admin, user, password)
				fixture.Exec(t, copied.super,
					copied.format("ALTER DATABASE %s OWNER TO "+quote(user)))
				err := tryOpen(t, copied.Options)
				require.ErrorContains(t, err, "the database's administrator must run")
				psql(t, copied, printed(err))
			}
			require.NoError(t, tryOpen(t, copied.Options))
			require.NoError(t, tryOpen(t, original.Options))
			requireNoRights(t, copied, roles...)
			original.super = fixture.Superuser(t, original.admin)
			requireApart(t, original, copied)
			requireApart(t, copied, original)
			require.NoError(t, copied.super.Close())
		})
	}
}

// TestStartWithoutMigrationsOfACopyAsksForAMigration: the roles of a copy don't exist yet.
func TestStartWithoutMigrationsOfACopyAsksForAMigration(t *testing.T) {
	t.Parallel()
	d := newDatabase(t, "")
	d.SkipMigrations = true
	require.ErrorContains(t, tryOpen(t, d.Options), "migrate first")
}

// TestPasswordOfARoleOfAnotherDatabaseStays: two services were given the same role by mistake.
func TestPasswordOfARoleOfAnotherDatabaseStays(t *testing.T) {
	t.Parallel()
	a, b := newDatabase(t, ""), newDatabase(t, "")
	a.RolePrefix = a.role(t, "x")
	a.serve(t)
	password := passwordOf(t, a.super, a.RolePrefix+"_app")
	b.RolePrefix = a.RolePrefix
	b.AppURL = withUser(t, b.admin, a.RolePrefix+"_app", "another")
	require.ErrorContains(t, tryOpen(t, b.Options), "give each database its own roles")
	require.Equal(t, password, passwordOf(t, a.super, a.RolePrefix+"_app"))
	a.serve(t)
}

// requireNoRights requires that roles own nothing in the database and can't use its tables,
// functions and schemas.
func requireNoRights(t *testing.T, d database, roles ...string) {
	t.Helper()
	for _, role := range roles {
		require.Empty(t, ask(t, d.super, `SELECT string_agg(
			  pg_describe_object(d.classid, d.objid, d.objsubid), ', ')
			FROM pg_shdepend d JOIN pg_roles r ON r.oid = d.refobjid
			WHERE r.rolname = $1 AND d.refclassid = 'pg_authid'::regclass AND d.dbid =
			  (SELECT oid FROM pg_database WHERE datname = current_database())`, role), role)
	}
}
