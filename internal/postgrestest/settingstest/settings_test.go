package settingstest

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// others are settings of a database with which statements read or write otherwise than with
// PostgreSQL's defaults.
var others = map[string]string{
	"bytea_output":                        "escape",
	"datestyle":                           "SQL, DMY",
	"intervalstyle":                       "sql_standard",
	"timezone":                            "Pacific/Chatham",
	"row_security":                        "off",
	"quote_all_identifiers":               "on",
	"search_path":                         "decoy, public",
	"standard_conforming_strings":         "off",
	"client_encoding":                     "LATIN1",
	"default_transaction_read_only":       "on",
	"default_transaction_isolation":       "serializable",
	"default_transaction_deferrable":      "on",
	"extra_float_digits":                  "-15",
	"xmlbinary":                           "hex",
	"xmloption":                           "document",
	"array_nulls":                         "off",
	"transform_null_equals":               "on",
	"backslash_quote":                     "off",
	"gin_fuzzy_search_limit":              "1",
	"client_min_messages":                 "debug5",
	"check_function_bodies":               "off",
	"enable_indexscan":                    "off",
	"enable_seqscan":                      "off",
	"statement_timeout":                   "1500",
	"lock_timeout":                        "1500",
	"idle_in_transaction_session_timeout": "1500",
	"default_toast_compression":           "pglz",
	"synchronous_commit":                  "off",
	"plpgsql.variable_conflict":           "use_variable",
	"lc_messages":                         "C",
	"lc_time":                             "C",
}

// decoys are objects that an unqualified name finds first in the schema decoy.
const decoys = `CREATE SCHEMA decoy;
	CREATE TABLE decoy.widgets (x int);
	CREATE FUNCTION decoy.now() RETURNS timestamptz LANGUAGE sql AS 'SELECT ''epoch''::timestamptz';`

func setStatement(object, name, value string) string {
	if name != "search_path" {
		value = "'" + value + "'"
	}
	return fmt.Sprintf("ALTER %s SET %s = %s;", object, name, value)
}

func databaseOf(t testing.TB, databaseURL string) string {
	t.Helper()
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	return strings.TrimPrefix(u.Path, "/")
}

// use writes and reads through all pools.
func use(t *testing.T, db *postgres.DB) {
	t.Helper()
	require.NoError(t, db.Ready(t.Context()))
	acme := tenancy.NewID()
	_, err := db.Tenants().Create(t.Context(), tenancy.NewTenant(acme, "acme", "Acme"))
	require.NoError(t, err)
	fixture.PutWidget(t, db, acme, "w", "it's a \\ backslash")
	s := db.Services()
	found, err := s.Resources.Get(t.Context(), acme, federation.Ref{Kind: "widget", Name: "w"})
	require.NoError(t, err)
	require.Contains(t, string(found.Spec), `"description":"it's a \\ backslash"`)
	var items []federation.Item
	require.NoError(t, s.Transfers.Export(t.Context(), acme, ports.Selection{},
		func(i federation.Item) error { items = append(items, i); return nil }))
	require.Len(t, items, 2) // and the settings, of which each tenant has one
	require.NoError(t, s.Transfers.Import(t.Context(), tenancy.DefaultID,
		func(im ports.Import) error {
			staged := func(yield func(federation.Item, error) bool) { yield(items[1], nil) }
			if err := im.Stage(t.Context(), federation.Source{}, staged); err != nil {
				return err
			}
			return fixture.ApplyAll(t.Context(), im)
		}))
	_, err = s.Resources.Get(t.Context(), tenancy.DefaultID,
		federation.Ref{Kind: "widget", Name: "w"})
	require.NoError(t, err)
}

func TestDatabaseIsMigratedAndServedWhateverItsSettings(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	statements := decoys
	for name, value := range others {
		statements += setStatement("DATABASE "+databaseOf(t, databaseURL), name, value)
	}
	fixture.Exec(t, fixture.Superuser(t, databaseURL), statements)
	use(t, fixture.Open(t, fixture.Options(databaseURL, true)))
}

func TestDatabaseWithASchemaNamedLikeItsUsersIsServed(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	u, err := url.Parse(databaseURL)
	require.NoError(t, err)
	for _, user := range []string{u.User.Username(), "bailiwick_app", "bailiwick_system"} {
		fixture.Exec(t, fixture.Superuser(t, databaseURL), "CREATE SCHEMA "+user+
			"; CREATE TABLE "+user+".widgets (x int)")
	}
	use(t, fixture.Open(t, fixture.Options(databaseURL, true)))
}

func TestDatabaseWithATurkishLocaleIsServed(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	admin := fixture.Superuser(t, databaseURL)
	name := databaseOf(t, databaseURL) + "_tr"
	fixture.Exec(t, admin, "CREATE DATABASE "+name+
		" TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C' ENCODING 'UTF8'")
	t.Cleanup(func() {
		_, err := admin.Exec("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, err)
	})
	o := fixture.Options(strings.Replace(databaseURL, databaseOf(t, databaseURL), name, 1), true)
	db := fixture.Open(t, o)
	t.Cleanup(func() { require.NoError(t, db.Close()) }) // before the database is dropped
	use(t, db)
	findings, err := db.Doctor(t.Context())
	require.NoError(t, err)
	for _, f := range findings {
		require.NotEqual(t, doctor.SeverityError, f.Severity, "%+v", f)
		require.NotContains(t, f.Object+f.Why, "announce")
	}
}

// withOtherSettings gives the application's and the system's role every other setting, in one
// database.
func withOtherSettings(t testing.TB, databaseURL string) {
	t.Helper()
	statements := decoys + "GRANT USAGE ON SCHEMA decoy TO PUBLIC;"
	for _, role := range []string{"bailiwick_app", "bailiwick_system"} {
		for name, value := range others {
			if name == "standard_conforming_strings" {
				continue // doctor refuses it for a role
			}
			statements += setStatement("ROLE "+role+" IN DATABASE "+
				databaseOf(t, databaseURL), name, value)
		}
		// the library's own setting
		statements += setStatement("ROLE "+role+" IN DATABASE "+databaseOf(t, databaseURL),
			"statement_timeout", "30s")
	}
	fixture.Exec(t, fixture.Superuser(t, databaseURL), statements)
}

func TestStoreIsUsedWhateverTheSettingsOfItsRoles(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	withOtherSettings(t, databaseURL)
	o := fixture.Options(databaseURL, true)
	o.SkipMigrations = true
	use(t, fixture.Open(t, o))
}

func TestStoreThroughAPoolerIsUsedWhateverTheSettingsOfItsRoles(t *testing.T) {
	t.Parallel()
	p := fixture.StartPooler(t)
	databaseURL := fixture.MigratedURL(t, true)
	withOtherSettings(t, databaseURL)
	o := p.Through(t, fixture.Options(databaseURL, true))
	o.SkipMigrations = true
	use(t, fixture.Open(t, o))
}

func TestErrorAboutAKeyContainsNoKey(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	admin := fixture.Superuser(t, databaseURL)
	fixture.Exec(t, admin, `ALTER TABLE bailiwick.signing_keys
		DROP CONSTRAINT signing_keys_inner_pad_check, ALTER signs_from DROP DEFAULT,
		ALTER signs_from TYPE text USING 'planted-secret'`)
	o := fixture.Options(databaseURL, true)
	o.SkipMigrations = true
	_, err := postgres.Open(t.Context(), o)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "planted")
	require.NotContains(t, err.Error(), fmt.Sprintf("%x", "planted"))
}
