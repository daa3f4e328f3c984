package adopttest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/adoption"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
)

// A migrating role that isn't a superuser gets the same result, and the same way back.
func TestOrdinaryOwnerAdoptsAndReverts(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	admin := open(t, databaseURL)
	exec(t, admin, `DO $$ BEGIN CREATE ROLE shop_owner LOGIN CREATEROLE PASSWORD 'secret';
		EXCEPTION WHEN duplicate_object THEN END $$;
		DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO shop_owner', current_database()); END $$`)
	plain := as(t, databaseURL, "shop_owner", "secret")
	db := open(t, plain)
	exec(t, db, strings.Split(shop, "COMMENT ON")[0],
		`INSERT INTO "Shop"."Customers" ("eMail", code)
		SELECT 'c' || i || '@example.com', 'code' || i FROM generate_series(1, 500) i`)
	require.NoError(t, db.Close())
	before := dump(t, databaseURL)

	o := options(plain, true)
	o.AppURL, o.SystemURL = as(t, databaseURL, "shop_app", "app's"),
		as(t, databaseURL, "shop_system", "system's")
	up(t, o, adoption.Contract)
	require.Zero(t, queryValue[int](t, admin,
		`SELECT count(*) FROM "Shop"."Customers" WHERE touched <> 0 OR tenant_id IS NULL`),
		"the backfill ran the host's triggers")
	opened, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	require.NoError(t, opened.Close())
	down(t, o, adoption.Expand)
	require.Equal(t, before, dump(t, databaseURL))
}

func as(t testing.TB, databaseURL, user, password string) string {
	t.Helper()
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	parsed.User = url.UserPassword(user, password)
	return parsed.String()
}
