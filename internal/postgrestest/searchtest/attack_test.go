package searchtest

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// newSecrets makes a database in which the tenant other has rows with secrets.
func newSecrets(t *testing.T) searched {
	t.Helper()
	s := newSearched(t, "SELECT 'w' || n, 'acme', '{}'::jsonb FROM generate_series(1, 3) n")
	fixture.Exec(t, s.Admin,
		fmt.Sprintf(`UPDATE widgets SET description = 'other' WHERE tenant_id = '%s';
		INSERT INTO widgets (tenant_id, name, description)
		SELECT '%[1]s', 'secret-' || n, 'hidden value 4711' FROM generate_series(1, 3) n`, s.Other))
	return s
}

func (s searched) in(tenant tenancy.ID) context.Context { return tenancy.NewContext(s.Ctx, tenant) }

// ids returns the ids of a tenant's widgets.
func (s searched) ids(t *testing.T, tenant tenancy.ID) []string {
	t.Helper()
	list, err := s.DB.Services().
		Resources.List(t.Context(), tenant, ports.ResourceQuery{Kind: "widget", Limit: 100})
	require.NoError(t, err)
	var ids []string
	for _, r := range list {
		ids = append(ids, r.ID)
	}
	return ids
}

// The function takes the tenant from the signed setting. No argument can name another tenant.
func TestSearchFunctionReturnsOnlyItsOwnTenantsRows(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	ctx, own := s.in(s.Acme), s.ids(t, s.Acme)
	require.Len(t, own, 3)
	for arguments, finds := range map[string]int{
		"NULL, NULL, NULL, 1000":                                   3,
		"'', NULL, '', 2147483647":                                 3,
		"'', '{}', '', 1000":                                       3,
		"NULL, NULL, NULL, NULL":                                   0,
		"NULL, NULL, NULL, -1":                                     0,
		"'secret', NULL, '', 1000":                                 0,
		"'hidden value', NULL, '', 1000":                           0,
		"'%', NULL, '', 1000":                                      0,
		"'_', NULL, '', 1000":                                      0,
		`'\', NULL, '', 1000`:                                      0,
		`'hidden\', NULL, '', 1000`:                                0,
		`''' OR true --', NULL, '', 1000`:                          0,
		`'" OR true --', NULL, ''') OR (''''=''', 1000`:            0,
		"'" + s.Other.String() + "', NULL, '', 1000":               0,
		`NULL, '{"tenant_id": "` + s.Other.String() + `"}', '', 9`: 0,
		"NULL, 'null', '', 1000":                                   0,
		"NULL, '[]', '', 1000":                                     0,
		`NULL, '"secret-1"', '', 1000`:                             0,
		`NULL, '{"k": {"$ne": 1}}', '', 1000`:                      0,
		`NULL, '{"": null}', '', 1000`:                             0,
		"NULL, NULL, 'secret', 1000":                               3,
	} {
		var found []string
		require.NoError(t, s.DB.Scoped(ctx).NewRaw("SELECT bailiwick_search.widget("+arguments+")").
			Scan(ctx, &found), arguments)
		require.Len(t, found, finds, arguments)
		require.Subset(t, own, found, arguments)
	}
}

func TestSearchTextAndLabelsAreNotParsedAsSQL(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	for _, text := range []string{"'", `"`, `\`, `\'; SELECT 1 --`, "%", "_", "$1", "?", "{table}",
		"'||description||'", "\u2019", "hidden"} {
		for _, q := range []ports.ResourceQuery{
			{Search: text}, {Labels: map[string]string{text: text}},
			{Search: "acme", Labels: map[string]string{"k": text}}} {
			q.Kind, q.Limit = "widget", 100
			found, err := s.DB.Services().Resources.List(t.Context(), s.Acme, q)
			require.NoError(t, err, "%+v", q)
			require.Empty(t, found, "%+v", q)
		}
	}
}

func TestSearchErrorsContainNothingOfOtherTenants(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	ctx := s.in(s.Acme)
	for _, attack := range []string{
		"SELECT * FROM widgets WHERE id IN (SELECT bailiwick_search.widget(NULL, NULL, NULL," +
			" 1000)) AND description::int > 0",
		"SELECT id::text::int FROM bailiwick_search.widget('hidden', NULL, NULL, 1000) AS id" +
			" UNION ALL SELECT description::int FROM widgets",
		"SELECT bailiwick_search.widget('hidden', 'broken', NULL, 1000)",
		"SELECT bailiwick_search.widget('hidden', NULL, NULL, 99999999999)",
	} {
		_, err := s.DB.Scoped(ctx).NewRaw(attack).Exec(ctx)
		require.Error(t, err, attack)
		require.NotContains(t, err.Error(), "4711", attack)
		for _, id := range s.ids(t, s.Other) {
			require.NotContains(t, err.Error(), id, attack)
		}
	}
}

func TestApplicationRoleCannotBecomeTheSearchRoleOrChangeItsFunctions(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	ctx := s.in(s.Acme)
	fixture.RequireRefused(t, ctx, s.DB,
		"SET ROLE bailiwick_search",
		"SET SESSION AUTHORIZATION bailiwick_search",
		"GRANT bailiwick_search TO CURRENT_USER",
		"ALTER FUNCTION bailiwick_search.widget(text, jsonb, text, integer) OWNER TO CURRENT_USER",
		"ALTER FUNCTION bailiwick_search.widget(text, jsonb, text, integer)"+
			" SET search_path = pg_temp",
		"DROP FUNCTION bailiwick_search.widget(text, jsonb, text, integer)",
		"CREATE OR REPLACE FUNCTION bailiwick_search.widget(needle text, wanted jsonb, after"+
			" text, page integer) RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER AS 'SELECT id"+
			" FROM public.widgets'",
		"CREATE FUNCTION bailiwick_search.mine() RETURNS SETOF uuid LANGUAGE sql SECURITY DEFINER"+
			" AS 'SELECT id FROM public.widgets'",
		"CREATE VIEW bailiwick_search.mine AS SELECT * FROM public.widgets",
		"ALTER POLICY bailiwick_search ON widgets TO PUBLIC",
		"CREATE POLICY mine ON widgets FOR SELECT TO CURRENT_USER USING (true)",
		"SET row_security = off; SELECT bailiwick_search.widget(NULL, NULL, NULL, 1000)",
		"SELECT bailiwick_search.widget('"+s.Other.String()+"'::uuid, NULL, NULL, NULL, 1000)",
		"ALTER FUNCTION bailiwick_search.widget(uuid, text, jsonb, text, integer) SECURITY DEFINER",
		"GRANT EXECUTE ON FUNCTION bailiwick_search.widget(uuid, text, jsonb, text, integer) TO"+
			" CURRENT_USER",
	)
}

// The search role may read only the columns that are searched. A column with a secret isn't one of
// them.
func TestSearchRoleReadsOnlySearchedColumns(t *testing.T) {
	t.Parallel()
	admin := fixture.Superuser(t, fixture.MigratedURL(t, true))
	for _, statement := range []string{"SELECT token FROM widgets", "SELECT spec FROM widgets",
		"SELECT * FROM widget_parts", "SELECT * FROM settings",
		"DELETE FROM widgets", "SELECT * FROM bailiwick.tenants",
		"SELECT * FROM bailiwick.api_keys"} {
		_, err := admin.ExecContext(t.Context(), "BEGIN; SET LOCAL ROLE bailiwick_search; "+
			statement)
		require.ErrorContains(t, err, "permission denied", statement)
		fixture.Exec(t, admin, "ROLLBACK")
	}
	var login, privileged, member bool
	require.NoError(t, admin.QueryRowContext(t.Context(),
		`SELECT rolcanlogin, rolsuper OR rolbypassrls OR rolcreaterole,
		EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid)
		FROM pg_roles r WHERE rolname = 'bailiwick_search'`).Scan(&login, &privileged, &member))
	require.False(t, login || privileged || member)
}

// Only the outer function verifies the tenant. The inner function accepts any tenant, and finds the
// rows that the policies show to its caller.
func TestInnerSearchFunctionFindsNothingOfOtherTenants(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	fixture.Exec(t, s.Admin,
		"GRANT EXECUTE ON FUNCTION bailiwick_search.widget(uuid, text, jsonb, text,"+
			" integer) TO bailiwick_app")
	for tenant, finds := range map[tenancy.ID]int{s.Acme: 3, s.Other: 0} {
		var found int
		err := s.DB.Scoped(s.in(s.Acme)).
			NewRaw("SELECT cardinality(bailiwick_search.widget(?::uuid, NULL, NULL, NULL, 1000))",
				tenant).Scan(s.in(s.Acme), &found)
		require.NoError(t, err)
		require.Equal(t, finds, found)
	}
}

func TestOnlyTheApplicationRoleMaySearch(t *testing.T) {
	t.Parallel()
	admin := fixture.Superuser(t, fixture.MigratedURL(t, true))
	var allowed []string
	rows, err := admin.QueryContext(t.Context(),
		`SELECT DISTINCT coalesce(r.rolname, 'PUBLIC')
		FROM pg_proc p, aclexplode(p.proacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
		WHERE p.pronamespace = 'bailiwick_search'::regnamespace ORDER BY 1`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var role string
		require.NoError(t, rows.Scan(&role))
		allowed = append(allowed, role)
	}
	require.NoError(t, rows.Err())
	require.Equal(t, []string{"bailiwick_app", "bailiwick_search"}, allowed)
}

// The caller's search path and settings don't change what the function does.
func TestSearchFunctionIgnoresItsCallersSettings(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	ctx, own := s.in(s.Acme), s.ids(t, s.Acme)
	fixture.Exec(t, s.Admin, `CREATE SCHEMA trap; GRANT USAGE ON SCHEMA trap TO PUBLIC;
		CREATE FUNCTION trap.lower(text) RETURNS text LANGUAGE sql IMMUTABLE
			AS $$ SELECT 'trapped'::text $$;
		CREATE FUNCTION trap.widget(uuid, text, jsonb, text, integer) RETURNS uuid[] LANGUAGE sql
			AS $$ SELECT '{}'::uuid[] $$;
		CREATE FUNCTION trap.current_tenant() RETURNS uuid LANGUAGE sql AS $$ SELECT NULL::uuid $$;
		CREATE FUNCTION trap.equal(uuid, uuid) RETURNS boolean LANGUAGE sql IMMUTABLE
			AS $$ SELECT true $$;
		CREATE OPERATOR trap.= (LEFTARG = uuid, RIGHTARG = uuid, FUNCTION = trap.equal);
		CREATE DOMAIN trap.uuid AS pg_catalog.text CHECK (false);
		CREATE TABLE trap.widgets AS SELECT * FROM public.widgets;
		GRANT SELECT ON trap.widgets TO PUBLIC`)
	for _, settings := range []string{
		"SET LOCAL search_path = trap, public, pg_catalog",
		"SET LOCAL search_path = trap, bailiwick, bailiwick_search, pg_catalog",
		"SET LOCAL transform_null_equals = on",
		"SET LOCAL plan_cache_mode = force_generic_plan",
		"SET LOCAL enable_indexscan = off; SET LOCAL enable_bitmapscan = off",
	} {
		err := s.DB.Scoped(ctx).
			RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
				if _, err := tx.NewRaw(settings).Exec(ctx); err != nil {
					return err
				}
				var found []string
				if err := tx.NewRaw("SELECT bailiwick_search.widget('ACME', NULL, NULL, 1000)").
					Scan(ctx, &found); err != nil {
					return err
				}
				require.ElementsMatch(t, own, found, settings)
				return nil
			})
		require.NoError(t, err, settings)
	}
}

// The planner's estimates don't depend on the caller's tenant or on the rows of other tenants.
func TestPlanOfASearchIsTheSameForEveryTenant(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	fixture.Exec(t, s.Admin, fmt.Sprintf(
		"INSERT INTO widgets (tenant_id, name) SELECT '%s', 'many' || n"+
			" FROM generate_series(1, 5000) n; ANALYZE widgets", s.Other))
	plan := func(tenant tenancy.ID) (lines []string) {
		ctx := s.in(tenant)
		err := s.DB.Scoped(ctx).
			NewRaw("EXPLAIN SELECT bailiwick_search.widget('many', NULL, NULL, 1000)").
			Scan(ctx, &lines)
		require.NoError(t, err)
		return lines
	}
	require.Equal(t, plan(s.Acme), plan(s.Other))
}

// The search function confines its results to the tenant. In addition, the rows of the ids that it
// returns are read with filter and policy.
func TestListReturnsOwnRowsEvenIfTheSearchFunctionLeaks(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	fixture.Exec(t, s.Admin, `CREATE OR REPLACE FUNCTION
		bailiwick_search.widget(needle text, wanted jsonb, after text, page integer)
		RETURNS SETOF uuid
		LANGUAGE sql STABLE SECURITY DEFINER AS 'SELECT id FROM public.widgets'`)
	ctx := s.in(s.Acme)
	var leaked []string
	require.NoError(t, s.DB.Scoped(ctx).
		NewRaw("SELECT bailiwick_search.widget('hidden', NULL, NULL, 1000)").Scan(ctx, &leaked))
	require.Len(t, leaked, 9, "the replaced function leaks every row")
	found, err := s.DB.Services().Resources.List(ctx, s.Acme,
		ports.ResourceQuery{Kind: "widget", Search: "hidden", Limit: 100})
	require.NoError(t, err)
	require.Len(t, found, 3)
	for _, r := range found {
		require.Contains(t, string(r.Spec), "acme")
	}
}
