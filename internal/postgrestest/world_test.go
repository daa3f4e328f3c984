package postgrestest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun/driver/pgdriver"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// world is a database with two tenants that both have widgets of the same
// names.
type world struct {
	db          *postgres.DB
	acme, other tenancy.ID
}

const widgetsEach = 3

func newWorld(t *testing.T, multiTenant bool) world {
	t.Helper()
	w := world{db: open(t, multiTenant), acme: tenancy.NewID(), other: tenancy.NewID()}
	for id, slug := range map[tenancy.ID]tenancy.Slug{w.acme: "acme", w.other: "other"} {
		_, err := w.db.Tenants().Create(t.Context(),
			tenancy.Tenant{ID: id, Slug: slug, Name: string(slug), State: tenancy.Active})
		require.NoError(t, err)
		for i := range widgetsEach {
			putWidget(t, w.db, id, fmt.Sprintf("w%d", i), string(slug))
		}
	}
	return w
}

func putWidget(t testing.TB, db *postgres.DB, tenant tenancy.ID, name, description string) {
	t.Helper()
	spec, err := json.Marshal(map[string]any{"description": description})
	require.NoError(t, err)
	item := federation.Item{Ref: federation.Ref{Kind: "widget", Name: name}, Spec: spec}
	_, _, err = db.Services().Resources.Put(t.Context(), tenant, item, ports.Condition{})
	require.NoError(t, err)
}

func (w world) in(t *testing.T, tenant tenancy.ID) context.Context {
	return tenancy.NewContext(t.Context(), tenant)
}

// requireRefused requires that each statement is refused to the application's role,
// in the tenant of ctx.
func requireRefused(t *testing.T, ctx context.Context, db *postgres.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		_, err := db.Scoped(ctx).NewRaw(statement).Exec(ctx)
		require.Error(t, err, statement)
	}
}

// owner is a connection that no wall holds: the superuser's.
func owner(t testing.TB, databaseURL string) *sql.DB {
	t.Helper()
	db := sql.OpenDB(pgdriver.NewConnector(pgdriver.WithDSN(databaseURL)))
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func exec(t testing.TB, db *sql.DB, statement string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err, statement)
}
