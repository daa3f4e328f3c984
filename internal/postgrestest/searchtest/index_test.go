package searchtest

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// manyWidgets selects 30,000 widgets, one of which has a needle.
const manyWidgets = `SELECT 'n' || lpad(n::text, 6, '0'),
	CASE n WHEN 29000 THEN 'a needle' ELSE 'one of many' END, jsonb_build_object('n', n::text)
	FROM generate_series(1, 30000) n`

// pages returns how many pages of the database a search of acme reads.
func (s searched) pages(t *testing.T, arguments string) int {
	t.Helper()
	ctx := s.in(s.Acme)
	var text string
	err := s.DB.Scoped(ctx).
		NewRaw("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT bailiwick_search.widget("+arguments+
			")").Scan(ctx, &text)
	require.NoError(t, err)
	var explained []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}
	require.NoError(t, json.Unmarshal([]byte(text), &explained))
	return explained[0].Plan.Hit + explained[0].Plan.Read
}

// The tables have no statistics yet: the planner knows neither the number of rows nor of tenants.
func TestRareSearchReadsFewPages(t *testing.T) {
	t.Parallel()
	s := newSearched(t, manyWidgets)
	fixture.Exec(t, s.Admin, "SELECT gin_clean_pending_list(indexrelid) FROM pg_stat_user_indexes"+
		" WHERE relname = 'widgets' AND indexrelname LIKE 'bailiwick_search_%'")
	searches := map[string]string{
		"text":             "'NEEDLE', NULL, '', 100",
		"text, deep":       "'needle', NULL, 'n028000', 100",
		"no text":          "'nowhere', NULL, '', 100",
		"name":             "'n029999', NULL, '', 100",
		"labels":           `NULL, '{"n": "777"}', '', 100`,
		"no labels":        `NULL, '{"n": "0"}', '', 100`,
		"text and labels":  `'many', '{"n": "777"}', '', 100`,
		"common text":      "'many', NULL, '', 100",
		"common, deep":     "'many', NULL, 'n028000', 100",
		"common and short": "'ny', NULL, '', 100",
	}
	indexed := map[string]int{}
	for name, arguments := range searches {
		s.pages(t, arguments) // the first search of a session reads the catalog, too
		indexed[name] = s.pages(t, arguments)
	}
	var index string
	require.NoError(t, s.Admin.QueryRowContext(t.Context(),
		"SELECT indexname FROM pg_indexes WHERE tablename = 'widgets'"+
			" AND indexname LIKE 'bailiwick_search_%'").Scan(&index))
	fixture.Exec(t, s.Admin, "DROP INDEX "+index)
	whole := s.pages(t, searches["no text"])
	t.Log(indexed, whole)
	for name, pages := range indexed {
		require.Less(t, pages, whole/10, "%s: %d pages, %d without the index", name, pages, whole)
	}
}

// searchIndexes returns the names of the indexes with which widgets are searched.
func searchIndexes(t *testing.T, databaseURL string) (names []string) {
	t.Helper()
	rows, err := fixture.Superuser(t, databaseURL).
		QueryContext(t.Context(),
			"SELECT indexname FROM pg_indexes WHERE tablename = 'widgets'"+
				" AND indexname LIKE 'bailiwick_search_%' AND indexdef LIKE '%gin%'")
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var name string
		require.NoError(t, rows.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, rows.Err())
	return names
}

// Without pg_trgm, whose installation fails here because a function of the same name exists,
// searches return the same. The next migration that can install it makes the index.
func TestSearchWorksWithoutTheExtension(t *testing.T) {
	t.Parallel()
	databaseURL := pgtest.Database(t)
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		"CREATE FUNCTION public.show_limit() RETURNS real LANGUAGE sql AS 'SELECT 1::real'")
	finds := func(indexes int) {
		db, err := postgres.Open(t.Context(), fixture.Options(databaseURL, true))
		require.NoError(t, err)
		require.Len(t, searchIndexes(t, databaseURL), indexes)
		for _, name := range []string{"one", "two"} {
			fixture.PutWidget(t, db, tenancy.DefaultID, name, "a "+name)
		}
		found, err := db.Services().Resources.List(t.Context(), tenancy.DefaultID,
			ports.ResourceQuery{Kind: "widget", Search: "A TWO", Limit: 10})
		require.NoError(t, err)
		require.Len(t, found, 1)
		require.NoError(t, db.Close())
	}
	finds(0)
	fixture.Exec(t, fixture.Superuser(t, databaseURL), "DROP FUNCTION public.show_limit()")
	finds(1)
}

func TestMigrationRebuildsTheSearchIndexOfAChangedDeclaration(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	before := searchIndexes(t, databaseURL)
	require.Len(t, before, 1)
	o := fixture.Options(databaseURL, true)
	for i := range o.Tables {
		if o.Tables[i].Kind == "widget" {
			o.Tables[i].Search = []string{"color"}
		}
	}
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	defer db.Close()
	after := searchIndexes(t, databaseURL)
	require.Len(t, after, 1)
	require.NotEqual(t, before, after)
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		"INSERT INTO widgets (tenant_id, name, description, color) VALUES ('"+
			tenancy.DefaultID.String()+"', 'w', 'green', 'blue')")
	for text, count := range map[string]int{"green": 0, "BLUE": 1, "w": 1} {
		found, err := db.Services().Resources.List(t.Context(), tenancy.DefaultID,
			ports.ResourceQuery{Kind: "widget", Search: text, Limit: 10})
		require.NoError(t, err)
		require.Len(t, found, count, text)
	}
}

func TestMigratingAgainDoesNotRebuildSearchIndexes(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	admin := fixture.Superuser(t, databaseURL)
	files := func() (ids string) {
		require.NoError(t, admin.QueryRowContext(t.Context(),
			"SELECT string_agg(relfilenode::text, ',' ORDER BY relname) FROM pg_class"+
				" WHERE relname LIKE 'bailiwick_search_%'").Scan(&ids))
		return ids
	}
	before := files()
	require.NoError(t, postgres.Migrate(t.Context(), fixture.Options(databaseURL, true)))
	require.Equal(t, before, files())
}

func TestMigratingAgainRestoresTheSearchFunctions(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		`DROP POLICY bailiwick_search ON widgets;
		CREATE POLICY bailiwick_search ON widgets USING (true);
		ALTER FUNCTION bailiwick_search.widget(text, jsonb, text, integer) OWNER TO CURRENT_USER;
		ALTER FUNCTION bailiwick_search.widget(text, jsonb, text, integer)
			SECURITY INVOKER SET search_path = public;
		ALTER FUNCTION bailiwick_search.widget(uuid, text, jsonb, text, integer) OWNER TO CURRENT_USER;
		ALTER FUNCTION bailiwick_search.widget(uuid, text, jsonb, text, integer)
			RESET ALL SECURITY DEFINER;
		GRANT EXECUTE ON FUNCTION bailiwick_search.widget(text, jsonb, text, integer),
			bailiwick_search.widget(uuid, text, jsonb, text, integer) TO PUBLIC, bailiwick_app`)
	require.NoError(t, postgres.Migrate(t.Context(), fixture.Options(databaseURL, true)))
	var restored bool
	require.NoError(t, fixture.Superuser(t, databaseURL).QueryRowContext(t.Context(),
		`SELECT bool_and(p.prosecdef = entry AND entry = (p.proconfig IS NULL)
		    AND entry <> coalesce('search_path=pg_catalog, pg_temp' = ANY (p.proconfig), false)
		    AND pg_get_userbyid(p.proowner) = 'bailiwick_search'
		    AND NOT EXISTS (SELECT FROM aclexplode(p.proacl) WHERE grantee = 0)
		    AND has_function_privilege('bailiwick_app', p.oid, 'EXECUTE') = entry)
		  AND (SELECT polroles = ARRAY['bailiwick_search'::regrole::oid] AND polcmd = 'r'
		    FROM pg_policy WHERE polname = 'bailiwick_search' AND polrelid = 'widgets'::regclass)
		FROM (VALUES
		    ('bailiwick_search.widget(text, jsonb, text, integer)'::regprocedure, true),
		    ('bailiwick_search.widget(uuid, text, jsonb, text, integer)', false)) f (oid, entry)
		JOIN pg_proc p ON p.oid = f.oid`).Scan(&restored))
	require.True(t, restored)
}

func TestOpenRefusesASchemaWithoutSearchFunctions(t *testing.T) {
	t.Parallel()
	for _, function := range []string{"bailiwick_search.widget(text, jsonb, text, integer)",
		"bailiwick_search.widget(uuid, text, jsonb, text, integer)"} {
		databaseURL := fixture.MigratedURL(t, true)
		fixture.Exec(t, fixture.Superuser(t, databaseURL), "DROP FUNCTION "+function)
		o := fixture.Options(databaseURL, true)
		o.SkipMigrations = true
		_, err := postgres.Open(t.Context(), o)
		require.ErrorContains(t, err, "migrate first", function)
	}
}
