package contracttest

import (
	"encoding/json"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// importWidget imports a widget into acme. It calls meanwhile after the import has decided what to
// write and before it writes.
func importWidget(t *testing.T, w fixture.World, name string, meanwhile func()) error {
	t.Helper()
	item, err := w.DB.Kinds().
		Check(federation.Item{Ref: federation.Ref{Kind: "widget", Name: name},
			Spec: json.RawMessage(`{}`), Version: 1})
	require.NoError(t, err)
	var items iter.Seq2[federation.Item, error] = func(yield func(federation.Item, error) bool) {
		yield(item, nil)
	}
	return w.DB.Services().Transfers.Import(t.Context(), w.Acme, func(im ports.Import) error {
		if err := im.Stage(t.Context(), federation.Source{}, items); err != nil {
			return err
		}
		if err := im.Decide(t.Context(), fixture.WriteAll); err != nil {
			return err
		}
		meanwhile()
		_, err := im.Apply(t.Context())
		return err
	})
}

func TestImportOfANameTakenMeanwhileReportsTargetChanged(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	err := importWidget(t, w, "new",
		func() { fixture.PutWidget(t, w.DB, w.Acme, "new", "concurrent") })
	require.Equal(t, tenancy.CodeTargetChanged, tenancy.CodeOf(err), "%v", err)
	require.NoError(t, importWidget(t, w, "new", func() {}))
}

func TestImportThatViolatesAHostsUniqueKeyReportsAlreadyExists(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		"CREATE UNIQUE INDEX ON widgets (tenant_id, lower(name))")
	db := fixture.Open(t, fixture.Options(databaseURL, true))
	w := fixture.World{DB: db, Acme: tenancy.NewID()}
	_, err := db.Tenants().Create(t.Context(),
		tenancy.Tenant{ID: w.Acme, Slug: "acme", Name: "Acme", State: tenancy.Active})
	require.NoError(t, err)
	fixture.PutWidget(t, db, w.Acme, "widget", "")
	err = importWidget(t, w, "WIDGET", func() {})
	require.Equal(t, tenancy.CodeAlreadyExists, tenancy.CodeOf(err), "%v", err)
}
