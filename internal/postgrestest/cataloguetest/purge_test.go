package cataloguetest

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// elsewhere makes a table in another schema with one row of the tenant {id}.
func elsewhere(column, value string) string {
	return "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (" + column + ", text text);" +
		" INSERT INTO elsewhere.notes VALUES (" + value + ", 'left');" +
		" GRANT USAGE ON SCHEMA elsewhere TO bailiwick_owner;" +
		" GRANT SELECT ON elsewhere.notes TO bailiwick_owner;"
}

func TestPurgeRefusesByNameTheTablesInWhichItWouldLeaveRows(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statement, table string }{
		"another schema": {elsewhere("tenant_id uuid", "'{id}'"), "elsewhere.notes"},
		"text": {"CREATE TABLE memos (tenant_id text); INSERT INTO memos VALUES (upper('{id}'));" +
			" GRANT SELECT ON memos TO bailiwick_owner", "public.memos"},
		"text without hyphens": {elsewhere("tenant_id text", "replace('{id}', '-', '')"),
			"elsewhere.notes"},
		"the slug":   {elsewhere(`"tenantId" varchar(60)`, "'acme'"), "elsewhere.notes"},
		"bytea":      {elsewhere("tenant_id bytea", "uuid_send('{id}')"), "elsewhere.notes"},
		"a document": {elsewhere("tenant_id jsonb", `'"{id}"'`), "elsewhere.notes"},
		"a foreign key of another name": {
			elsewhere("customer uuid REFERENCES bailiwick.tenants (id)", "'{id}'"),
			"elsewhere.notes"},
		"a partition": {"CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.notes (tenant_id uuid)" +
			" PARTITION BY LIST (tenant_id); CREATE TABLE elsewhere.part PARTITION OF" +
			" elsewhere.notes DEFAULT; INSERT INTO elsewhere.notes VALUES ('{id}');" +
			" GRANT USAGE ON SCHEMA elsewhere TO bailiwick_owner;" +
			" GRANT SELECT ON elsewhere.notes TO bailiwick_owner", "elsewhere.notes"},
		"a materialized view": {"CREATE MATERIALIZED VIEW names AS SELECT tenant_id, 'n' AS name" +
			" FROM (VALUES ('{id}')) AS v (tenant_id); GRANT SELECT ON names TO bailiwick_owner",
			"names"},
		"a table that can't be read": {
			"CREATE TABLE memos (tenant_id text)", "can't read them: public.memos"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fixture.NewWorld(t, true)
			plantFor(t, w, c.statement)
			_, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
			require.Equal(t, tenancy.CodeInvalidState, tenancy.CodeOf(err))
			require.ErrorContains(t, err, c.table)
			_, err = w.DB.Tenants().Get(t.Context(), w.Acme)
			require.NoError(t, err, "nothing was removed")
		})
	}
}

// plantFor runs a statement for the tenant acme, and deletes the tenant.
func plantFor(t *testing.T, w fixture.World, statement string) {
	t.Helper()
	fixture.Exec(t, fixture.Superuser(t, w.URL),
		strings.ReplaceAll(statement, "{id}", w.Acme.String())+
			"; UPDATE bailiwick.tenants SET state = 'deleted', deleted_at = now() WHERE id = '"+
			w.Acme.String()+"'")
}

func TestPurgeIgnoresRowsOfOtherTenantsElsewhere(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	plantFor(t, w, elsewhere("tenant_id text", "'"+w.Other.String()+"'"))
	_, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
	require.NoError(t, err)
}

func TestPurgeIgnoresAnEmptyMaterializedView(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	plantFor(t, w, "CREATE MATERIALIZED VIEW names AS SELECT tenant_id FROM widgets WITH NO DATA;"+
		" GRANT SELECT ON names TO bailiwick_owner")
	_, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
	require.NoError(t, err)
}

func TestTableDeclaredWithoutTenantsIsNeitherFoundNorPurged(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	plantFor(t, w, elsewhere("tenant_id text", "'{id}'")+
		"GRANT SELECT ON elsewhere.notes TO bailiwick_app")
	o := fixture.Options(w.URL, true)
	o.WithoutTenants = []string{"elsewhere.notes"}
	db := fixture.Open(t, o)
	_, err := db.Tenants().Purge(t.Context(), w.Acme)
	require.NoError(t, err)
}
