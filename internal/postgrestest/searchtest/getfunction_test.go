package searchtest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// got returns the names that acme gets from the get function.
func (s searched) got(t *testing.T, arguments string) []string {
	t.Helper()
	var names []string
	ctx := s.in(s.Acme)
	require.NoError(t, s.DB.Scoped(ctx).
		NewRaw("SELECT name FROM bailiwick.get_widget("+arguments+")").Scan(ctx, &names), arguments)
	return names
}

// The function runs with its caller's rights, so the policy applies within it, whatever tenant it
// is passed. Without a policy, the filter applies.
func TestPolicyAndFilterEachConfineTheGetFunction(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	own, foreign := "'"+s.Acme.String()+"', ", "'"+s.Other.String()+"', "
	require.Equal(t, []string{"w1"}, s.got(t, own+"'w1'"))
	require.Empty(t, s.got(t, foreign+"'w1'"))
	require.Empty(t, s.got(t, foreign+"'secret-1'"))
	require.Empty(t, s.got(t, own+"'secret-1'"))
	require.Empty(t, s.got(t, "NULL, 'w1'"))
	require.Empty(t, s.got(t, own+"NULL"))

	unscoped := fixture.Superuser(t, fixture.AppURL(t, s.URL))
	var found int
	require.NoError(t, unscoped.QueryRowContext(t.Context(),
		"SELECT count(*) FROM bailiwick.get_widget("+own+"'w1')").Scan(&found))
	require.Zero(t, found, "without a tenant")

	fixture.Exec(t, s.Admin, "ALTER TABLE widgets DISABLE ROW LEVEL SECURITY")
	require.Equal(t, []string{"w1"}, s.got(t, foreign+"'w1'"),
		"without the policy the function returns it")
	_, err := s.DB.Services().
		Resources.Get(t.Context(), s.Acme, federation.Ref{Kind: "widget", Name: "secret-1"})
	require.ErrorIs(t, err, tenancy.ErrNotFound)
	own1, err := s.DB.Services().
		Resources.Get(t.Context(), s.Acme, federation.Ref{Kind: "widget", Name: "w1"})
	require.NoError(t, err)
	require.Contains(t, string(own1.Spec), "acme")
}

func TestApplicationRoleCannotChangeTheGetFunction(t *testing.T) {
	t.Parallel()
	s := newSecrets(t)
	ctx := s.in(s.Acme)
	fixture.RequireRefused(t, ctx, s.DB,
		"DROP FUNCTION bailiwick.get_widget(uuid, text)",
		"ALTER FUNCTION bailiwick.get_widget(uuid, text) SECURITY DEFINER",
		"ALTER FUNCTION bailiwick.get_widget(uuid, text) OWNER TO CURRENT_USER",
		"CREATE OR REPLACE FUNCTION bailiwick.get_widget(uuid, text) RETURNS text LANGUAGE sql AS"+
			" 'SELECT $2'",
	)
}

func TestSchemaWithoutAGetFunctionIsNotCurrent(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []bool{true, false} {
		databaseURL := fixture.MigratedURL(t, multiTenant)
		fixture.Exec(t, fixture.Superuser(t, databaseURL),
			"DROP FUNCTION bailiwick.get_widget(uuid, text)")
		o := fixture.Options(databaseURL, multiTenant)
		o.SkipMigrations = true
		_, err := postgres.Open(t.Context(), o)
		require.ErrorContains(t, err, "the schema isn't current")
		o.SkipMigrations = false
		db, err := postgres.Open(t.Context(), o)
		require.NoError(t, err)
		require.NoError(t, db.Close())
	}
}

// A kind's name may be as long as a function's name. Together with a prefix it doesn't fit.
func TestKindsWhoseLongNamesDifferInTheLastLetterHaveSeparateGetFunctions(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("k", 62)
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	o.Tables = []postgres.Table{
		{Model: (*fixture.MakerRow)(nil), Kind: long + "a", Path: "a"},
		{Model: (*fixture.PartRow)(nil), Kind: long + "b", Path: "b"},
	}
	db := fixture.Open(t, o)
	resources := db.Services().Resources
	for _, kind := range []string{long + "a", long + "b"} {
		ref := federation.Ref{Kind: kind, Name: "one of " + kind}
		_, _, err := resources.Put(t.Context(), tenancy.DefaultID,
			federation.Item{Ref: ref, Spec: []byte(`{}`)}, ports.Condition{})
		require.NoError(t, err)
		got, err := resources.Get(t.Context(), tenancy.DefaultID, ref)
		require.NoError(t, err)
		require.Equal(t, ref.Name, got.Name)
	}
}
