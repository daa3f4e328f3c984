package isolationtest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/isolationtest"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestIntactDatabaseHasNoBreach(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	m := isolationtest.Prove(t, db, handler(db))
	require.True(t, m.Held())
	require.Equal(t, 18, m.Tables,
		"four tables of the host, the library's keys, secrets, members, invitations, staged"+
			" items, turns of quotas, three of what was taken and three of the audit log, and a view of"+
			" each")
	for _, row := range m.Rows {
		require.NotZero(t, row.Cells[isolationtest.BothWalls].Attacks, row.Attack)
		if row.Attack == "routes: each that is served is attacked or skipped" {
			continue // it has nothing to do with walls
		}
		require.Equal(t, row.Cells[isolationtest.BothWalls], row.Cells[isolationtest.PolicyAlone],
			row.Attack)
	}
	require.NoError(t, db.Ready(t.Context()), "row security is on again")
}

// The migrating role of a managed database isn't a superuser: FORCE applies the policies to it.
func TestPlainOwnerCanProve(t *testing.T) {
	t.Parallel()
	address := pgtest.Database(t)
	require.NoError(t, exec(t.Context(), address, `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'plain_migrator') THEN
			CREATE ROLE plain_migrator LOGIN PASSWORD 'plain';
		END IF; END $$`))
	o := options(address)
	o.AppURL, o.SystemURL = as(t, address, "plain_app"), as(t, address, "plain_system")
	require.NoError(t, postgres.Migrate(t.Context(), o))
	require.NoError(t, exec(t.Context(), address, "GRANT bailiwick_owner TO plain_migrator"))
	o.URL, o.SkipMigrations = as(t, address, "plain_migrator"), true
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	mux := http.NewServeMux()
	mux.Handle("/api/v1/", reader(db)) // the other routes aren't attacked here
	isolationtest.Prove(t, db, mux)
	require.NoError(t, db.Ready(t.Context()), "row security is on again")
}

// as returns the URL of another role, whose password is plain.
func as(t *testing.T, address, role string) string {
	t.Helper()
	parsed, err := url.Parse(address)
	require.NoError(t, err)
	parsed.User = url.UserPassword(role, "plain")
	return parsed.String()
}

// recorder is a TB that Prove may fail.
type recorder struct {
	ctx    context.Context
	errors []string
	log    string
}

func (r *recorder) Helper()                         {}
func (r *recorder) Context() context.Context        { return r.ctx }
func (r *recorder) Logf(format string, args ...any) { r.log += fmt.Sprintf(format, args...) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

func TestProveFailsItsTestForEachBreach(t *testing.T) {
	t.Parallel()
	db := open(t, "ALTER TABLE notes NO FORCE ROW LEVEL SECURITY")
	r := &recorder{ctx: t.Context()}
	m := isolationtest.Prove(r, db, reader(db))
	require.False(t, m.Held())
	require.Len(t, r.errors, len(m.Breaches))
	require.Contains(t, r.log, "✗")
	require.Contains(t, strings.Join(r.errors, "\n"), "FORCE")
}

func TestDatabaseWithTenantsIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	_, err := db.Tenants().Create(t.Context(),
		tenancy.Tenant{ID: tenancy.NewID(), Slug: "acme", Name: "Acme", State: tenancy.Active})
	require.NoError(t, err)
	_, err = isolationtest.Examine(t.Context(), db, reader(db), isolationtest.Options{})
	require.ErrorContains(t, err, "the database has tenants")
}

func TestDatabaseWithoutTenancyIsRefused(t *testing.T) {
	t.Parallel()
	o := options(pgtest.Database(t))
	o.MultiTenant = false
	db, err := postgres.Open(t.Context(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = isolationtest.Examine(t.Context(), db, reader(db), isolationtest.Options{})
	require.ErrorContains(t, err, "MultiTenant")
}

func TestHandlerWithoutDocumentIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	_, err := isolationtest.Examine(t.Context(), db, http.NotFoundHandler(),
		isolationtest.Options{})
	require.ErrorContains(t, err, "Options.Document")
	_, err = isolationtest.Examine(t.Context(), db, nil, isolationtest.Options{})
	require.ErrorContains(t, err, "handler is nil")
}

func TestSeedFillsWhatTheCatalogCannot(t *testing.T) {
	t.Parallel()
	const places = "CREATE TABLE places (tenant_id uuid PRIMARY KEY, at point NOT NULL)"
	db := open(t, places)
	m, err := isolationtest.Examine(t.Context(), db, reader(db), isolationtest.Options{})
	require.NoError(t, err)
	requireBreach(t, m, breach{attack: "before all", on: "places",
		reason: "an empty table proves nothing", walls: isolationtest.BothWalls})

	db = open(t, places+"; GRANT INSERT, SELECT ON places TO bailiwick_app")
	m, err = isolationtest.Examine(t.Context(), db, reader(db),
		isolationtest.Options{Seed: func(ctx context.Context, tenant tenancy.ID) error {
			_, err := db.Scoped(ctx).NewRaw("INSERT INTO places VALUES (?, '(1,2)')", tenant).
				Exec(ctx)
			return err
		}})
	require.NoError(t, err)
	for _, b := range m.Breaches {
		require.NotContains(t, b.Reason, "empty", b)
	}
	requireBreach(t, m, breach{attack: "SQL: SELECT, by id", on: "places", reason: "reached",
		walls: isolationtest.BothWalls})
}

func TestSkippedRoutesAreLeftOut(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	m, err := isolationtest.Examine(t.Context(), db, reader(db),
		isolationtest.Options{Skip: map[string]string{"GET /api/v1/folders": "for the test"}})
	require.NoError(t, err)
	require.Equal(t, 1, m.Routes)
}

func TestSkipOfARouteThatDoesNotExistIsAnError(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	_, err := isolationtest.Examine(t.Context(), db, reader(db), isolationtest.Options{
		Skip: map[string]string{"GET /api/v1/folders": "for the test", "GET /folders": "renamed",
			"PUT /api/v1/folders": "renamed too"}})
	require.ErrorContains(t, err, `["GET /folders" "PUT /api/v1/folders"]`)
}

func TestOptionsSignAddsTheCredentials(t *testing.T) {
	t.Parallel()
	db := open(t, "")
	m, err := isolationtest.Examine(t.Context(), db, reader(db),
		isolationtest.Options{Sign: func(r *http.Request, tenant tenancy.ID) {
			r.Header.Set("Authorization", "Bearer unknown")
		}})
	require.NoError(t, err)
	requireBreach(t, m, breach{attack: "before all", reason: "no route shows a tenant its own rows",
		walls: isolationtest.BothWalls})
}

// breach describes a breach that a test expects.
type breach struct {
	attack, on, reason string
	walls              isolationtest.Walls
}

func requireBreach(t *testing.T, m isolationtest.Matrix, want breach) {
	t.Helper()
	var found []string // the first 20
	for _, b := range m.Breaches {
		if strings.Contains(b.Attack, want.attack) && strings.Contains(b.On, want.on) &&
			strings.Contains(b.Reason, want.reason) && b.Walls == want.walls {
			return
		}
		if len(found) < 20 {
			found = append(found, b.String())
		}
	}
	require.Fail(t, "the breach wasn't found", "%+v isn't among the %d breaches:\n%s", want,
		len(m.Breaches), strings.Join(found, "\n"))
}
