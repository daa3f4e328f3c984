package clustertest

import (
	"crypto/rand"
	"database/sql"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/pgtest"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// database is a new database, and the user who migrates it.
type database struct {
	admin string // the superuser's URL
	super *sql.DB
	user  string
	postgres.Options
}

// newUser creates a role that can log in and returns its name, which needs quotes in SQL.
func newUser(t *testing.T, super *sql.DB, attributes string) string {
	t.Helper()
	name := `Mig"rator ` + strings.ToLower(rand.Text()[:10])
	fixture.Exec(t, super, "CREATE ROLE "+quote(name)+" LOGIN PASSWORD '"+password+"' "+attributes)
	return name
}

const password = `pass"word%$1`

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// newDatabase creates a database that user owns, with the default names of roles. Without a user
// the superuser migrates it.
func newDatabase(t *testing.T, user string) database {
	t.Helper()
	d := database{admin: pgtest.Database(t), user: user}
	d.super = fixture.Superuser(t, d.admin)
	d.Options = fixture.Options(d.admin, true)
	d.RolePrefix, d.Logger = "", slog.New(slog.NewTextHandler(io.Discard, nil))
	if user != "" {
		d.URL = fixture.WithUser(t, d.admin, url.UserPassword(user, password))
		fixture.Exec(t, d.super, d.format("ALTER DATABASE %s OWNER TO "+quote(user)))
	}
	return d
}

// format replaces %s by the quoted name of the database.
func (d database) format(statement string) string {
	parsed, err := url.Parse(d.admin)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(statement, quote(strings.TrimPrefix(parsed.Path, "/")))
}

// role returns the name of the database's role with this suffix.
func (d database) role(t *testing.T, suffix string) string {
	t.Helper()
	var oid int64
	require.NoError(t, d.super.QueryRowContext(t.Context(),
		"SELECT oid FROM pg_database WHERE datname = current_database()").Scan(&oid))
	return fmt.Sprintf("bailiwick_%d_%s", oid, suffix)
}

// ask returns the only value of a query as text.
func ask(t *testing.T, db *sql.DB, query string, arguments ...any) string {
	t.Helper()
	var text sql.NullString
	require.NoError(t, db.QueryRowContext(t.Context(), query, arguments...).Scan(&text), query)
	return text.String
}

// serve opens the database and writes and reads a row of the default tenant.
func (d database) serve(t *testing.T) *postgres.DB {
	t.Helper()
	db := fixture.Open(t, d.Options)
	requireServes(t, db)
	return db
}

func requireServes(t *testing.T, db *postgres.DB) {
	t.Helper()
	fixture.PutWidget(t, db, tenancy.DefaultID, "w"+strings.ToLower(rand.Text()[:10]), "text")
	require.NoError(t, db.Ready(t.Context()))
	findings, err := db.Doctor(t.Context())
	require.NoError(t, err)
	for _, f := range findings {
		require.Equal(t, "warning", strings.ToLower(string(f.Severity)), "%v", f)
	}
}

// passwordOf returns the verifier that the server stores for a role.
func passwordOf(t *testing.T, super *sql.DB, role string) string {
	t.Helper()
	return ask(t, super, "SELECT rolpassword FROM pg_authid WHERE rolname = $1", role)
}

// roleURL returns the URL with which the database's role logs in, here to another database.
func (d database) roleURL(t *testing.T, suffix string, to database) string {
	t.Helper()
	return fixture.DerivedURL(t, d.URL, to.admin, d.role(t, suffix))
}

// tryOpen opens a database, closes it and returns the error.
func tryOpen(t *testing.T, o postgres.Options) error {
	t.Helper()
	db, err := postgres.Open(t.Context(), o)
	if err == nil {
		require.NoError(t, db.Close())
	}
	return err
}

// requireKept requires the widget before, whose description is kept.
func requireKept(t *testing.T, db *postgres.DB) {
	t.Helper()
	item, err := db.Services().Resources.Get(t.Context(), tenancy.DefaultID,
		federation.Ref{Kind: "widget", Name: "before"})
	require.NoError(t, err)
	require.Contains(t, string(item.Spec), "kept")
}
