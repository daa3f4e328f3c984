package tenantcolumntest

import (
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func (w world) delete(t *testing.T, tenant tenancy.ID) {
	t.Helper()
	stored, err := w.db.Tenants().Get(t.Context(), tenant)
	require.NoError(t, err)
	stored.State, stored.DeletedAt = tenancy.Deleted, time.Now()
	_, err = w.db.Tenants().Update(t.Context(), stored)
	require.NoError(t, err)
}

func TestPurgeRemovesTheRowsByTheDeclaredColumn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	fixture.Exec(t, w.superuser, "UPDATE books SET tenant_id = '"+w.acme.String()+
		`' WHERE "Account ID" = '`+w.other.String()+"'") // it means something else
	foreign := w.rows(t, w.other)
	w.delete(t, w.acme)
	certificate, err := w.db.Tenants().Purge(t.Context(), w.acme)
	require.NoError(t, err)
	for table, rows := range map[string]int64{"public.authors": 2, "public.books": 3,
		"public.book_tags": 3, "public.tags": 2} {
		require.Equal(t, rows, certificate.Rows[table], table)
	}
	require.Empty(t, w.rows(t, w.acme))
	require.Equal(t, foreign, w.rows(t, w.other))
}

func TestPurgeRefusesToLeaveRowsUnderADeclaredName(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	fixture.Exec(t, w.superuser, `CREATE SCHEMA reporting;
		CREATE TABLE reporting.totals ("Account ID" text, n int);
		GRANT USAGE ON SCHEMA reporting TO bailiwick_owner; GRANT SELECT ON reporting.totals TO bailiwick_owner;
		INSERT INTO reporting.totals VALUES ('`+w.acme.String()+"', 1)")
	w.delete(t, w.acme)
	_, err := w.db.Tenants().Purge(t.Context(), w.acme)
	require.ErrorContains(t, err, "reporting.totals")
	require.NotEmpty(t, w.rows(t, w.acme))
}

func newKindDB(t *testing.T) (*postgres.DB, tenancy.ID, tenancy.ID) {
	t.Helper()
	db := fixture.Open(t, newKinds(t, true))
	acme, other := tenancy.NewID(), tenancy.NewID()
	for id, slug := range map[tenancy.ID]tenancy.Slug{acme: "acme", other: "other"} {
		_, err := db.Tenants().Create(t.Context(), tenancy.NewTenant(id, slug, string(slug)))
		require.NoError(t, err)
	}
	return db, acme, other
}

func put(t *testing.T, db *postgres.DB, tenant tenancy.ID, kind, name string, spec any) error {
	raw, err := json.Marshal(spec)
	require.NoError(t, err)
	_, _, err = db.Services().Resources.Put(t.Context(), tenant,
		federation.Item{Ref: federation.Ref{Kind: kind, Name: name}, Spec: raw}, ports.Condition{})
	return err
}

func TestQuotaCountsTheRowsOfTheDeclaredColumn(t *testing.T) {
	t.Parallel()
	db, acme, other := newKindDB(t)
	stored, err := db.Tenants().Get(t.Context(), acme)
	require.NoError(t, err)
	const allowed = 5
	stored.Quotas.Resources = map[string]int64{"maker": allowed}
	_, err = db.Tenants().Update(t.Context(), stored)
	require.NoError(t, err)
	var group sync.WaitGroup
	for i := range 3 * allowed {
		group.Go(func() {
			name := fmt.Sprint("m", i)
			if err := put(t, db, acme, "maker", name, map[string]any{}); err != nil {
				require.Equal(t, tenancy.CodeQuotaExceeded, tenancy.CodeOf(err), "%v", err)
			}
			require.NoError(t, put(t, db, other, "maker", name, map[string]any{}))
		})
	}
	group.Wait()
	ctx := tenancy.NewContext(t.Context(), acme)
	_, err = db.Scoped(ctx).ExecContext(ctx, "INSERT INTO makers (name) VALUES ('raw')")
	require.ErrorContains(t, err, "as many of kind maker as it may have")
	n, err := db.Scoped(ctx).NewSelect().TableExpr("makers").Count(ctx)
	require.NoError(t, err)
	require.EqualValues(t, allowed, n)
}

// Both tenants have items of the same names, which refer to each other in every way.
func TestReferencesOfItemsStayWithinTheTenant(t *testing.T) {
	t.Parallel()
	db, acme, other := newKindDB(t)
	spec := func(slug string) map[string]any {
		return map[string]any{"description": slug, "maker": "m", "parts": []string{"b", "a"},
			"subject": map[string]any{"kind": "part", "name": "a"}, "parent": "w"}
	}
	for id, slug := range map[tenancy.ID]string{acme: "acme", other: "other"} {
		require.NoError(t, put(t, db, id, "maker", "m", map[string]any{"description": slug}))
		require.NoError(t, put(t, db, id, "part", "a", map[string]any{}))
		require.NoError(t, put(t, db, id, "part", "b", map[string]any{}))
		require.NoError(t, put(t, db, id, "widget", "w", spec(slug)))
	}
	require.NoError(t, put(t, db, other, "maker", "theirs", map[string]any{}))
	dangling := spec("acme")
	dangling["maker"] = "theirs"
	require.Equal(t, tenancy.CodeDanglingReference,
		tenancy.CodeOf(put(t, db, acme, "widget", "w2", dangling)))

	found, err := db.Services().Resources.List(t.Context(), acme,
		ports.ResourceQuery{Kind: "widget", Search: "ACME", Limit: 9})
	require.NoError(t, err)
	require.Len(t, found, 1, "the search function reads the declared column")
	var got map[string]any
	require.NoError(t, json.Unmarshal(found[0].Spec, &got))
	require.Equal(t, []any{"b", "a"}, got["parts"])
	require.Equal(t, "m", got["maker"])
	require.Equal(t, "w", got["parent"])
	err = db.Services().Resources.Delete(t.Context(), acme,
		federation.Ref{Kind: "maker", Name: "m"}, ports.Condition{})
	require.Equal(t, tenancy.CodeReferenced, tenancy.CodeOf(err))
}
