package signingtest

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// arena is a database with two tenants that an attacker attacks: by SQL injected into the
// statements of one tenant, or by a connection of the application's role without this library's
// connector.
type arena struct {
	fixture.World
	admin *sql.DB
}

func newArena(t *testing.T) arena {
	t.Helper()
	w := fixture.NewWorld(t, true)
	return arena{World: w, admin: fixture.Superuser(t, w.URL)}
}

// rawConn opens one connection that isn't scoped.
func rawConn(t testing.TB, databaseURL string) *sql.Conn {
	t.Helper()
	conn, err := fixture.Superuser(t, databaseURL).Conn(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// signer is a signing key of the database, which only a superuser can read.
type signer []byte

// newestKey returns the key that was made last.
func newestKey(t testing.TB, admin *sql.DB) signer {
	t.Helper()
	var inner []byte
	require.NoError(t, admin.QueryRowContext(t.Context(),
		"SELECT inner_pad FROM bailiwick.signing_keys ORDER BY signs_from DESC LIMIT 1").
		Scan(&inner))
	key := make(signer, 32)
	for i := range key {
		key[i] = inner[i] ^ 0x36
	}
	return key
}

// sign returns a setting in the format that bailiwick.current_tenant() expects.
func (s signer) sign(tenant tenancy.ID, expiry time.Time) string {
	message := fmt.Sprintf("%s.%d", tenant, expiry.Unix())
	mac := hmac.New(sha256.New, s)
	mac.Write([]byte(message))
	return message + "." + hex.EncodeToString(mac.Sum(nil))
}

// descriptions returns the descriptions of the widgets that a statement with the setting sees.
func descriptions(t testing.TB, conn *sql.Conn, setting string) ([]string, error) {
	t.Helper()
	return fixture.Strings(conn.QueryContext(t.Context(), "SET LOCAL bailiwick.tenant = '"+setting+
		"'; SELECT description FROM widgets ORDER BY 1"))
}

var acmes, others = []string{"acme", "acme", "acme"}, []string{"other", "other", "other"}

// forgeries returns settings that name the other tenant or none. They are made from what an
// attacker has: signatures of the own tenant, expired signatures, and keys of another database.
func (a arena) forgeries(t *testing.T) map[string]string {
	t.Helper()
	key, foreign, now := newestKey(t, a.admin), a.anotherDatabases(t), time.Now()
	own, old := key.sign(a.Acme, now.Add(time.Minute)), key.sign(a.Other, now.Add(-time.Second))
	forged := map[string]string{
		"unsigned":                    a.Other.String(),
		"unsigned, with an expiry":    fmt.Sprintf("%s.%d", a.Other, now.Add(time.Hour).Unix()),
		"an empty signature":          fmt.Sprintf("%s.%d.", a.Other, now.Add(time.Hour).Unix()),
		"own signature":               a.Other.String() + own[36:],
		"own signature, later":        own[:46] + string('0'+(own[46]-'0'+1)%10) + own[47:],
		"expired":                     old,
		"expired, a later expiry":     old[:37] + own[37:47] + old[47:],
		"expired long ago":            key.sign(a.Other, now.AddDate(-1, 0, 0)),
		"another database's key":      foreign.sign(a.Other, now.Add(time.Minute)),
		"no key":                      signer{}.sign(a.Other, now.Add(time.Minute)),
		"a key of zeros":              make(signer, 32).sign(a.Other, now.Add(time.Minute)),
		"the outer pad":               padded(key, 0x5c).sign(a.Other, now.Add(time.Minute)),
		"no expiry":                   a.Other.String() + ".  infinity" + own[47:],
		"not a number":                a.Other.String() + ".       NaN" + own[47:],
		"longer":                      own + "00",
		"a leading space":             " " + own,
		"braces":                      "{" + own[:36] + "}" + own[36:],
		"two settings":                own + "." + a.Other.String() + own[36:],
		"another tenant after it":     own[:36] + "," + a.Other.String(),
		"a space":                     " ",
		"a wildcard":                  "%",
		"a signature of other digits": own[:49] + strings.Repeat("z", 64),
	}
	for n := 1; n < len(own); n++ {
		forged[fmt.Sprintf("its first %d characters", n)] = own[:n]
	}
	return forged
}

// anotherDatabases returns the key of a database that was copied from the same template and has
// rotated its key since.
func (a arena) anotherDatabases(t *testing.T) signer {
	t.Helper()
	databaseURL := fixture.MigratedURL(t, true)
	require.NoError(t, fixture.Open(t, fixture.Options(databaseURL, true)).
		RotateSigningKey(t.Context()))
	return newestKey(t, fixture.Superuser(t, databaseURL))
}

// padded returns the key as an HMAC pad.
func padded(key signer, with byte) signer {
	pad := make(signer, 64)
	copy(pad, key)
	for i := range pad {
		pad[i] ^= with
	}
	return pad
}

func TestSettingWithoutAValidSignatureIsAnError(t *testing.T) {
	t.Parallel()
	a, p := newArena(t), fixture.StartPooler(t)
	forged := a.forgeries(t)
	for name, conn := range map[string]*sql.Conn{"direct": rawConn(t, fixture.AppURL(t, a.URL)),
		"pooler": rawConn(t, p.URL(fixture.AppURL(t, a.URL)))} {
		for tenant, want := range map[tenancy.ID][]string{a.Acme: acmes, a.Other: others} {
			seen, err := descriptions(t, conn,
				newestKey(t, a.admin).sign(tenant, time.Now().Add(time.Minute)))
			require.NoError(t, err, "the same setting with a valid signature is accepted")
			require.Equal(t, want, seen)
		}
		for what, setting := range forged {
			seen, err := descriptions(t, conn, setting)
			_, refused := errors.AsType[pgdriver.Error](err)
			require.True(t, refused, "%s, %s: saw %v: %v", name, what, seen, err)
		}
		seen, err := descriptions(t, conn, "")
		require.NoError(t, err)
		require.Empty(t, seen, "without a tenant no row is visible")
	}
}

func TestForgedSettingInInjectedSQLIsAnError(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	ctx := a.In(t, a.Acme)
	for what, setting := range a.forgeries(t) {
		for _, injected := range []string{
			"SELECT 1; SET LOCAL bailiwick.tenant = '%s'; SELECT description FROM widgets",
			"SELECT 1; SET LOCAL \"bailiwick\".\"tenant\" TO '%s'; UPDATE widgets" +
				" SET description = 'taken'",
			"SELECT set_config('bailiwick.tenant', '%s', true); SELECT description FROM widgets",
			"WITH s AS MATERIALIZED (SELECT set_config('bailiwick.tenant', '%s', true) AS s)" +
				" SELECT description FROM s, widgets WHERE s.s IS NOT NULL",
		} {
			_, err := a.DB.Scoped(ctx).NewRaw(fmt.Sprintf(injected, setting)).Exec(ctx)
			if strings.HasPrefix(injected, "WITH") {
				// The policy may have been evaluated before. The test below checks what is visible.
				continue
			}
			require.Error(t, err, "%s: %s", what, injected)
		}
	}
	for tenant, want := range map[tenancy.ID][]string{a.Acme: acmes, a.Other: others} {
		require.Equal(t, want, a.sees(t, a.DB, tenant, "SELECT description FROM widgets"))
	}
}

// sees returns the only column of a tenant's query.
func (a arena) sees(t *testing.T, db *postgres.DB, tenant tenancy.ID, query string) []string {
	t.Helper()
	ctx := a.In(t, tenant)
	seen, err := fixture.Strings(db.Scoped(ctx).QueryContext(ctx, query))
	require.NoError(t, err, query)
	return seen
}

// Injected SQL that runs sees the rows of its own tenant or none. It doesn't affect the next
// statements of any tenant.
func TestInjectedSQLReadsOnlyItsOwnTenant(t *testing.T) {
	t.Parallel()
	a, p := newArena(t), fixture.StartPooler(t)
	pooled := p.Through(t, fixture.Options(a.URL, true))
	pooled.MaxConns, pooled.SkipMigrations = 1, true
	for name, db := range map[string]*postgres.DB{"direct": a.DB,
		"pooler": fixture.Open(t, pooled)} {
		for _, injected := range []string{
			"", "SET LOCAL bailiwick.tenant = ''", "SET LOCAL bailiwick.tenant TO DEFAULT",
			"RESET bailiwick.tenant", "RESET ALL", "DISCARD ALL",
			"SELECT set_config('bailiwick.tenant', '', true)",
			"SELECT set_config('bailiwick.tenant', NULL, true)",
			"SELECT set_config('bailiwick.tenant', '" + a.Other.String() + "', true)",
			"SET bailiwick.tenant = '" + a.Other.String() + "'", "SET LOCAL bailiwick.bypass = on",
			"SET LOCAL bailiwick.system = on", "SET LOCAL row_security = off",
			"SET LOCAL row_security = on",
			"SET LOCAL ROLE bailiwick_owner", "SET LOCAL ROLE bailiwick_system",
			"SET LOCAL ROLE bailiwick_search", "SET LOCAL ROLE postgres", "SET LOCAL ROLE NONE",
			"SET ROLE bailiwick_owner",
			"RESET ROLE", "SET LOCAL SESSION AUTHORIZATION postgres",
			"SET LOCAL SESSION AUTHORIZATION DEFAULT", "SET SESSION AUTHORIZATION bailiwick_system",
			"SET LOCAL session_replication_role = replica",
			"SET LOCAL search_path = pg_temp, bailiwick, public", "SET LOCAL search_path = ''",
			"CREATE TEMP TABLE widgets ON COMMIT DROP AS SELECT * FROM public.widgets",
			"CREATE TEMP TABLE signing_keys (inner_pad bytea) ON COMMIT DROP",
			"COMMIT", "ROLLBACK", "ROLLBACK; BEGIN", "COMMIT AND CHAIN",
			"SAVEPOINT a; ROLLBACK TO a", "SAVEPOINT a; SET LOCAL bailiwick.tenant = ''; RELEASE a",
			"SAVEPOINT a; SET LOCAL bailiwick.tenant = ''; ROLLBACK TO a",
			"UPDATE pg_settings SET setting = 'off'" +
				" WHERE name IN ('row_security', 'standard_conforming_strings')",
			"EXPLAIN ANALYZE (SELECT set_config('bailiwick.tenant', '', false));",
			"DO $$ BEGIN EXECUTE 'SET bailiwick.tenant = ''''' ; END $$",
			"ALTER ROLE CURRENT_USER SET bailiwick.tenant = ''",
			"SELECT query_to_xml('SELECT set_config(''bailiwick.tenant'', '''', false)', true," +
				" true, '')",
		} {
			for _, within := range []bool{false, true} {
				require.NotContains(t, a.injected(t, db, within, injected), "other", "%s: %s", name,
					injected)
				require.Equal(t, others,
					a.sees(t, db, a.Other, "SELECT description FROM public.widgets"), "%s: %s",
					name, injected)
				require.Equal(t, acmes, a.sees(t, db, a.Acme, "SELECT description FROM widgets"),
					"%s: %s", name, injected)
			}
		}
	}
}

// injected returns what acme sees in and after the injected SQL: in one message, or in several
// messages of a transaction.
func (a arena) injected(t *testing.T, db *postgres.DB, within bool, sql string) (seen []string) {
	t.Helper()
	ctx := a.In(t, a.Acme)
	const query = "SELECT description FROM public.widgets"
	if !within {
		seen, _ = fixture.Strings(db.Scoped(ctx).QueryContext(ctx, sql+"; "+query))
		return seen
	}
	_ = db.Scoped(ctx).RunInTx(ctx, nil,
		func(ctx context.Context, tx *postgres.Scoped) (err error) {
			_, _ = tx.ExecContext(ctx, sql)
			seen, err = fixture.Strings(tx.QueryContext(ctx, query))
			return err
		})
	return seen
}

// An attacker with the application's password and a signature of the own tenant sees only that
// tenant's rows, whatever else runs first.
func TestConnectionOfTheApplicationRoleReadsOnlyItsOwnTenant(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	own := newestKey(t, a.admin).sign(a.Acme, time.Now().Add(time.Minute))
	traps := func(functions ...string) string {
		made := "SELECT 1"
		for _, f := range functions {
			made += "; CREATE FUNCTION pg_temp." + f
		}
		return made + "; SET search_path = pg_temp, pg_catalog, public"
	}
	for _, attack := range []string{
		"SELECT 1", "RESET bailiwick.tenant", "RESET ALL", "DISCARD ALL",
		"SET bailiwick.tenant = ''", "SET bailiwick.tenant = '" + a.Other.String() + "'",
		"SET row_security = off", "SET ROLE bailiwick_owner", "SET ROLE bailiwick_system",
		"SET ROLE bailiwick_search", "SET ROLE postgres", "SET SESSION AUTHORIZATION postgres",
		"SET SESSION AUTHORIZATION bailiwick_owner",
		"SET session_replication_role = replica", "ALTER ROLE bailiwick_app BYPASSRLS",
		"ALTER ROLE bailiwick_app SUPERUSER", "GRANT bailiwick_owner TO bailiwick_app",
		"GRANT bailiwick_system TO bailiwick_app",
		"CREATE TEMP TABLE signing_keys AS SELECT decode(repeat('36', 64), 'hex') AS inner_pad," +
			" decode(repeat('5c', 64), 'hex') AS outer_pad, now() + '1 day' AS expires_at;" +
			" SET search_path = pg_temp, bailiwick, public; SET bailiwick.tenant = '" +
			make(signer, 32).sign(a.Other, time.Now().Add(time.Minute)) + "'",
		"CREATE SCHEMA bailiwick",
		"CREATE OR REPLACE FUNCTION bailiwick.current_tenant() RETURNS uuid LANGUAGE sql AS $$" +
			" SELECT '" + a.Other.String() + "'::uuid $$",
		"ALTER FUNCTION bailiwick.current_tenant() OWNER TO bailiwick_app",
		"ALTER FUNCTION bailiwick.current_tenant() SECURITY INVOKER",
		"ALTER FUNCTION bailiwick.current_tenant() SET search_path = pg_temp",
		"DROP FUNCTION bailiwick.current_tenant()",
		traps("current_setting(text, boolean) RETURNS text LANGUAGE sql AS $$ SELECT '' $$",
			"current_tenant() RETURNS uuid LANGUAGE sql AS $$ SELECT '"+a.Other.String()+
				"'::uuid $$"),
		traps("sha256(bytea) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$",
			"decode(text, text) RETURNS bytea LANGUAGE sql AS $$ SELECT ''::bytea $$",
			"substr(text, int) RETURNS text LANGUAGE sql AS $$ SELECT '' $$"),
		traps("eq(bytea, bytea) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$") +
			"; CREATE OPERATOR pg_temp.= (LEFTARG = bytea, RIGHTARG = bytea," +
			" FUNCTION = pg_temp.eq)",
		traps("eq(uuid, uuid) RETURNS boolean LANGUAGE sql AS $$ SELECT true $$") +
			"; CREATE OPERATOR pg_temp.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = pg_temp.eq)",
		"CREATE DOMAIN pg_temp.uuid AS text; CREATE DOMAIN pg_temp.float8 AS text;" +
			" SET search_path = pg_temp, pg_catalog, public",
		"CREATE TEMP VIEW widgets AS SELECT * FROM public.widgets",
		"CREATE TEMP VIEW mine WITH (security_barrier = off) AS SELECT * FROM public.widgets",
		"SET plan_cache_mode = force_generic_plan; PREPARE p AS SELECT description" +
			" FROM public.widgets; EXECUTE p", "SET plpgsql.extra_errors = 'all'",
		"SET plpgsql.variable_conflict = 'use_column'",
		"SET standard_conforming_strings = off", "SET transform_null_equals = on",
		"SET check_function_bodies = off",
		"SET client_min_messages = debug5; SET debug_print_plan = on", "LOAD 'auto_explain'",
		"ALTER TABLE widgets DISABLE ROW LEVEL SECURITY",
		"ALTER TABLE widgets NO FORCE ROW LEVEL SECURITY",
		"DROP POLICY bailiwick_tenant ON widgets",
		"CREATE TRIGGER t BEFORE UPDATE ON widgets EXECUTE FUNCTION" +
			" suppress_redundant_updates_trigger()",
	} {
		conn := rawConn(t, fixture.AppURL(t, a.URL))
		_, err := conn.ExecContext(t.Context(), "SET bailiwick.tenant = '"+own+"'")
		require.NoError(t, err)
		_, _ = conn.ExecContext(t.Context(), attack) // may fail
		for _, query := range []string{"SELECT description FROM public.widgets",
			"UPDATE public.widgets SET color = 'red' RETURNING description",
			"DELETE FROM public.widgets WHERE description <> 'acme' RETURNING description"} {
			seen, _ := fixture.Strings(conn.QueryContext(t.Context(), query))
			for _, description := range seen {
				require.Equal(t, "acme", description, attack)
			}
		}
		require.NoError(t, conn.Close())
	}
	require.Equal(t, others, a.sees(t, a.DB, a.Other, "SELECT description FROM widgets"))
}

// PostgreSQL evaluates a policy before a function that isn't leakproof, even if the function is
// cheaper.
func TestAttackersCheapFunctionSeesOnlyRowsOfItsTenant(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	fixture.GrantTemporary(t, a.URL)
	conn := rawConn(t, fixture.AppURL(t, a.URL))
	_, err := conn.ExecContext(t.Context(), "SET bailiwick.tenant = '"+newestKey(t, a.admin).
		sign(a.Acme, time.Now().Add(time.Minute))+`';
		CREATE TEMP TABLE seen (what text);
		CREATE FUNCTION pg_temp.leak(what text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001
			AS $$ BEGIN INSERT INTO seen VALUES (what); RETURN true; END $$`)
	require.NoError(t, err)
	_, err = conn.ExecContext(t.Context(),
		"SELECT count(*) FROM public.widgets WHERE pg_temp.leak(description); CREATE FUNCTION"+
			" pg_temp.lie(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'")
	require.ErrorContains(t, err, "leakproof", "only a superuser may declare a function leakproof")
	_, err = conn.ExecContext(t.Context(),
		"SELECT count(*) FROM public.widgets WHERE pg_temp.leak(description)")
	require.NoError(t, err)
	seen, err := fixture.Strings(conn.QueryContext(t.Context(), "SELECT what FROM seen"))
	require.NoError(t, err)
	require.Equal(t, acmes, seen)
}

func TestApplicationRoleCannotReadTheSigningKeys(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	conn := rawConn(t, fixture.AppURL(t, a.URL))
	for _, attack := range []string{
		"SELECT * FROM bailiwick.signing_keys", "TABLE bailiwick.signing_keys",
		"SELECT count(*) FROM bailiwick.signing_keys", "SELECT k FROM bailiwick.signing_keys AS k",
		"SELECT ctid FROM bailiwick.signing_keys",
		"SELECT inner_pad FROM bailiwick.signing_keys FOR UPDATE",
		"COPY bailiwick.signing_keys TO STDOUT", "COPY (TABLE bailiwick.signing_keys) TO STDOUT",
		"COPY bailiwick.signing_keys TO PROGRAM 'cat'",
		"CREATE TEMP TABLE k AS TABLE bailiwick.signing_keys",
		"CREATE TEMP VIEW k AS TABLE bailiwick.signing_keys; TABLE k",
		"SELECT table_to_xml('bailiwick.signing_keys', true, true, '')",
		"SELECT query_to_xml('TABLE bailiwick.signing_keys', true, true, '')",
		"SELECT ts_stat('SELECT inner_pad::text::tsvector FROM bailiwick.signing_keys')",
		"CREATE TEMP TABLE k () INHERITS (bailiwick.signing_keys)",
		"CREATE FUNCTION pg_temp.k() RETURNS SETOF bytea LANGUAGE sql SECURITY DEFINER AS 'SELECT" +
			" inner_pad FROM bailiwick.signing_keys'; SELECT pg_temp.k()",
		"DO $$ BEGIN PERFORM FROM bailiwick.signing_keys; END $$",
		"DECLARE c CURSOR WITH HOLD FOR TABLE bailiwick.signing_keys",
		"PREPARE k AS TABLE bailiwick.signing_keys; EXECUTE k",
		"EXPLAIN ANALYZE TABLE bailiwick.signing_keys",
		"INSERT INTO bailiwick.signing_keys (inner_pad, outer_pad, signs_from)" +
			" VALUES (decode(repeat('36', 64), 'hex'), decode(repeat('5c', 64), 'hex'), now())",
		"UPDATE bailiwick.signing_keys SET expires_at = 'infinity'",
		"DELETE FROM bailiwick.signing_keys", "TRUNCATE bailiwick.signing_keys",
		"LOCK TABLE bailiwick.signing_keys IN ACCESS EXCLUSIVE MODE",
		"ALTER TABLE bailiwick.signing_keys OWNER TO bailiwick_app",
		"GRANT SELECT ON bailiwick.signing_keys TO bailiwick_app",
		"CREATE INDEX ON bailiwick.signing_keys (inner_pad)",
		"CREATE STATISTICS s ON id, inner_pad FROM bailiwick.signing_keys",
		"SELECT * FROM pg_statistic", "SELECT pg_read_file('PG_VERSION')",
		"SELECT pg_read_binary_file(pg_relation_filepath('bailiwick.signing_keys'))",
		"SELECT lo_import('PG_VERSION')",
		"CREATE EXTENSION pageinspect", "CREATE EXTENSION dblink", "CREATE EXTENSION file_fdw",
		"CREATE PUBLICATION p FOR TABLE bailiwick.signing_keys",
		"SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
		"CREATE RULE r AS ON SELECT TO bailiwick.signing_keys DO INSTEAD SELECT 1",
		"COMMENT ON TABLE bailiwick.signing_keys IS ''",
		"CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
	} {
		_, err := conn.ExecContext(t.Context(), attack)
		require.Error(t, err, attack)
	}
	for _, query := range []string{
		"SELECT most_common_vals::text FROM pg_stats WHERE tablename = 'signing_keys'",
		"SELECT histogram_bounds::text FROM pg_stats WHERE tablename = 'signing_keys'",
		"SELECT statistics_name::text FROM pg_stats_ext",
		"SELECT definition FROM pg_views WHERE definition LIKE '%inner_pad%'" +
			" AND schemaname = 'bailiwick'",
	} {
		fixture.Exec(t, a.admin, "ANALYZE bailiwick.signing_keys")
		seen, err := fixture.Strings(conn.QueryContext(t.Context(), query))
		require.NoError(t, err, query)
		require.Empty(t, seen, query)
	}
	ctx := a.In(t, a.Acme)
	_, err := a.DB.Scoped(ctx).NewRaw("SELECT * FROM bailiwick.signing_keys").Exec(ctx)
	require.ErrorContains(t, err, "permission denied")
}

// The error contains neither a key nor a valid signature.
func TestErrorOfAnInvalidSettingContainsNoSecret(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	conn, key := rawConn(t, fixture.AppURL(t, a.URL)), newestKey(t, a.admin)
	good := key.sign(a.Other, time.Now().Add(time.Minute))
	for _, setting := range []string{good[:48] + strings.Repeat("0", 64), a.Other.String(),
		good[:60], "x"} {
		_, err := descriptions(t, conn, setting)
		require.Error(t, err)
		refused, ok := errors.AsType[pgdriver.Error](err)
		require.True(t, ok)
		for _, field := range "SVCMDHPpqWscdtnFLR" {
			require.NotContains(t, refused.Field(byte(field)), good[61:])
			require.NotContains(t, refused.Field(byte(field)), hex.EncodeToString(key))
		}
	}
}

// A signature in another tenant's visible statement could be used until it expires.
func TestApplicationRoleCannotSeeStatementsOfOtherTenants(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	ctx := a.In(t, a.Other)
	require.NoError(t, a.DB.Scoped(ctx).
		RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			_, err := tx.ExecContext(ctx, "SELECT 'a secret of other'")
			require.NoError(t, err)
			seen, err := fixture.Strings(rawConn(t, fixture.AppURL(t, a.URL)).
				QueryContext(t.Context(),
					"SELECT query FROM pg_stat_activity WHERE pid <> pg_backend_pid()"))
			require.NoError(t, err)
			require.NotContains(t, strings.Join(seen, "\n"), "secret")
			require.NotContains(t, strings.Join(seen, "\n"), a.Other.String())
			_, err = a.DB.Scoped(a.In(t, a.Acme)).NewRaw("SELECT query FROM pg_stat_activity").
				Exec(a.In(t, a.Acme))
			require.ErrorContains(t, err, "other tenants")
			return nil
		}))
}

// ageKeys makes the database's keys older.
func (a arena) ageKeys(t *testing.T, d time.Duration) {
	t.Helper()
	fixture.Exec(t, a.admin, fmt.Sprintf(
		"UPDATE bailiwick.signing_keys SET signs_from = signs_from - interval '%[1]d s',"+
			" expires_at = expires_at - interval '%[1]d s'", int(d.Seconds())))
}

func TestOldKeyIsValidUntilItExpires(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	conn := rawConn(t, fixture.AppURL(t, a.URL))
	old := newestKey(t, a.admin)
	require.NoError(t, a.DB.RotateSigningKey(t.Context()))
	current := newestKey(t, a.admin)
	require.NotEqual(t, old, current)
	requireValid := func(key signer, want bool) {
		t.Helper()
		seen, err := descriptions(t, conn, key.sign(a.Acme, time.Now().Add(4*time.Minute)))
		if !want {
			require.ErrorContains(t, err, "isn't signed")
			return
		}
		require.NoError(t, err)
		require.Equal(t, acmes, seen)
	}
	requireValid(old, true)
	requireValid(current, true)
	a.ageKeys(t, time.Minute)
	fresh := fixture.Open(t, fixture.Options(a.URL, true))
	require.Equal(t, acmes, a.sees(t, fresh, a.Acme, "SELECT description FROM widgets"))
	requireValid(old, true)
	a.ageKeys(t, 5*time.Minute)
	requireValid(old, false)
	requireValid(current, true)
	require.Equal(t, acmes, a.sees(t, fresh, a.Acme, "SELECT description FROM widgets"))

	require.NoError(t, fresh.RotateSigningKey(t.Context()))
	var keys int
	require.NoError(t, a.admin.QueryRowContext(t.Context(),
		"SELECT count(*) FROM bailiwick.signing_keys").Scan(&keys))
	require.Equal(t, 2, keys, "the expired key is removed")
	requireValid(current, true)
}

func TestKeyRotationInterruptsNoStatement(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	// an instance that isn't notified of the new key
	elsewhere := fixture.Open(t, fixture.Options(a.URL, true))
	rotating, done := context.WithCancel(t.Context())
	var clients sync.WaitGroup
	for _, db := range []*postgres.DB{a.DB, elsewhere} {
		for tenant, want := range map[tenancy.ID][]string{a.Acme: acmes, a.Other: others} {
			clients.Go(func() {
				ctx := tenancy.NewContext(t.Context(), tenant)
				for n := 0; n < 20 || rotating.Err() == nil; n++ {
					seen, err := fixture.Strings(db.Scoped(ctx).
						QueryContext(ctx, "SELECT description FROM widgets"))
					if !assert.NoError(t, err) || !assert.Equal(t, want, seen) {
						return
					}
				}
			})
		}
	}
	for range 5 {
		require.NoError(t, a.DB.RotateSigningKey(t.Context()))
		require.NoError(t, elsewhere.RotateSigningKey(t.Context()))
		a.ageKeys(t, 20*time.Second)
	}
	done()
	clients.Wait()
}

// After any number of concurrent rotations, one key has no expiry.
func TestConcurrentRotationsLeaveOneKeyWithoutExpiry(t *testing.T) {
	t.Parallel()
	a := newArena(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() { assert.NoError(t, a.DB.RotateSigningKey(t.Context())) })
	}
	wg.Wait()
	var endless int
	require.NoError(t, a.admin.QueryRowContext(t.Context(),
		"SELECT count(*) FROM bailiwick.signing_keys WHERE expires_at = 'infinity'").Scan(&endless))
	require.Equal(t, 1, endless)
}
