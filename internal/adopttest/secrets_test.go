package adopttest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// A migrating role that isn't a superuser, to which row security applies, writes the secrets back.
func TestOrdinaryOwnerWritesSecretsBack(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	admin := open(t, databaseURL)
	exec(t, admin, `DO $$ BEGIN CREATE ROLE notes_owner LOGIN CREATEROLE PASSWORD 'secret';
		EXCEPTION WHEN duplicate_object THEN END $$;
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO notes_owner', current_database()); END $$`)
	plain := as(t, databaseURL, "notes_owner", "secret")
	db := open(t, plain)
	exec(t, db, notes, `UPDATE old.notes SET body = 'key?'; INSERT INTO old.notes (name, body)
		VALUES ('two', 'key!')`)
	require.NoError(t, db.Close())
	before := dump(t, databaseURL)
	bodies := func() string {
		return queryValue[string](t, admin, `SELECT string_agg(name || '=' || body || ' ' ||
			updated_at, ', ' ORDER BY name) FROM old.notes`)
	}
	clear := bodies()

	o := noteOptions(plain)
	o.Tables[0].Secrets = []string{"body"}
	o.AppURL, o.SystemURL = as(t, databaseURL, "notes_app", "app's"),
		as(t, databaseURL, "notes_system", "system's")
	for _, phase := range []adoption.Phase{adoption.Contract, adoption.Expand} {
		up(t, o, adoption.Contract)
		opened, err := postgres.Open(t.Context(), o)
		require.NoError(t, err)
		require.NoError(t, opened.Close())
		require.Equal(t, 2, strings.Count(bodies(), "=$secret:note/"), "the secrets are in the vault")
		down(t, o, phase)
		require.Equal(t, clear, bodies())
	}
	require.Equal(t, before, dump(t, databaseURL))
}
