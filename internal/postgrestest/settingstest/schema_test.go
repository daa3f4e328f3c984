package settingstest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// oddSchema needs quotes everywhere.
const oddSchema = `Host's "Tables" 50% $1 é.a`

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// requireUsed requires that the schema has the fixture's tables and public has none, that
// unqualified SQL of a tenant finds them, and that the doctor finds no error.
func requireUsed(t *testing.T, db *postgres.DB, o postgres.Options) {
	t.Helper()
	var inSchema, inPublic int
	require.NoError(t, fixture.Superuser(t, o.URL).QueryRowContext(t.Context(),
		"SELECT count(*) FILTER (WHERE nspname = $1), count(*) FILTER (WHERE nspname = 'public')"+
			" FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind = 'r'",
		o.Schema).Scan(&inSchema, &inPublic))
	require.NotZero(t, inSchema)
	require.Zero(t, inPublic)
	var indexes int
	require.NoError(t, fixture.Superuser(t, o.URL).QueryRowContext(t.Context(),
		"SELECT count(*) FROM pg_indexes WHERE schemaname = $1 AND indexname LIKE"+
			" 'bailiwick_search_%' AND indexdef LIKE '%gin_trgm_ops%'", o.Schema).Scan(&indexes))
	require.NotZero(t, indexes)
	ctx := tenancy.NewContext(t.Context(), tenancy.DefaultID)
	var count int
	require.NoError(t, db.Scoped(ctx).NewRaw("SELECT count(*) FROM widgets").Scan(ctx, &count))
	require.Equal(t, 1, count)
	findings, err := postgres.Doctor(t.Context(), o)
	require.NoError(t, err)
	for _, f := range findings {
		require.NotEqual(t, doctor.SeverityError, f.Severity, "%+v", f)
	}
}

func TestTablesWithoutASchemaAreInOptionsSchema(t *testing.T) {
	t.Parallel()
	for _, schema := range []string{"host", "select", "Select", oddSchema} {
		t.Run(schema, func(t *testing.T) {
			t.Parallel()
			o := fixture.Options(pgtest.Database(t), true)
			o.Schema = schema
			db := fixture.Open(t, o)
			use(t, db)
			requireUsed(t, db, o)
			require.NoError(t, postgres.Migrate(t.Context(), o), "and again, with nothing to do")
		})
	}
}

func TestSessionsOfAPoolerHaveOptionsSchema(t *testing.T) {
	t.Parallel()
	o := fixture.Options(pgtest.Database(t), true)
	o.Schema = oddSchema
	require.NoError(t, postgres.Migrate(t.Context(), o))
	pooled := fixture.StartPooler(t).Through(t, o)
	db := fixture.Open(t, pooled)
	use(t, db)
	requireUsed(t, db, o)
}

func TestOptionsSchemaIsPinnedWhateverTheDatabasesSettings(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	fixture.Exec(t, fixture.Superuser(t, databaseURL), decoys+
		setStatement("DATABASE "+databaseOf(t, databaseURL), "search_path", "decoy"))
	o := fixture.Options(databaseURL, true)
	o.Schema = oddSchema
	db := fixture.Open(t, o)
	use(t, db)
	requireUsed(t, db, o)
}

func TestSearchPathOfAURLBeginsWithOptionsSchema(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		path, schema string
		fits         bool
	}{
		"the default schema":         {"public", "", true},
		"a second schema":            {"public,decoy", "", true},
		"upper case without quotes":  {"PUBLIC", "", true},
		"the user's, without one":    {`"$user",public`, "", true},
		"another schema":             {"decoy,public", "", false},
		"none":                       {`""`, "", false},
		"upper case in quotes":       {`"PUBLIC",public`, "", false},
		"a name with quotes":         {quote(oddSchema), oddSchema, true},
		"the default for a name":     {"public", oddSchema, false},
		"a name and the default":     {quote(oddSchema) + ", public", oddSchema, true},
		"a schema that begins alike": {`"public2", public`, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := pgtest.Database(t)
			fixture.Exec(t, fixture.Superuser(t, databaseURL), decoys)
			u, err := url.Parse(databaseURL)
			require.NoError(t, err)
			values := u.Query()
			values.Set("options", "-c search_path="+strings.ReplaceAll(c.path, " ", `\ `))
			u.RawQuery = strings.ReplaceAll(values.Encode(), "+", "%20")
			o := fixture.Options(u.String(), true)
			o.Schema = c.schema
			if !c.fits {
				_, err := postgres.Open(t.Context(), o)
				require.ErrorContains(t, err, "Options.Schema (DATABASE_SCHEMA)")
				return
			}
			use(t, fixture.Open(t, o))
		})
	}
}

func TestUnfitSchemasAreRefused(t *testing.T) {
	t.Parallel()
	for name, why := range map[string]string{
		"pg_x": "PostgreSQL's", "pg_catalog": "PostgreSQL's", "information_schema": "PostgreSQL's",
		"bailiwick": "the library's", "bailiwick_search": "the library's",
		strings.Repeat("é", 32): "64 bytes", "what?": "question mark", `a\b`: "backslash",
		"a\nb": "isn't printable", "a\xffb": "isn't printable",
	} {
		_, err := postgres.Open(t.Context(), postgres.Options{
			URL: "postgres://u@127.0.0.1:1/d", RolePrefix: "x", Schema: name})
		require.ErrorContains(t, err, why, "%q", name)
	}
}
