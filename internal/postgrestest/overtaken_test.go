package postgrestest

import (
	"encoding/json"
	"iter"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// importWidget imports a widget into acme. Meanwhile runs when the import has
// looked at the target and has written nothing yet.
func importWidget(t *testing.T, w world, name string, meanwhile func()) error {
	t.Helper()
	item, err := w.db.Kinds().
		Check(federation.Item{Ref: federation.Ref{Kind: "widget", Name: name},
			Spec: json.RawMessage(`{}`), Version: 1})
	require.NoError(t, err)
	var items iter.Seq2[federation.Item, error] = func(yield func(federation.Item, error) bool) {
		yield(item, nil)
	}
	return w.db.Services().Transfers.Import(t.Context(), w.acme, func(im ports.Import) error {
		if err := im.Stage(t.Context(), items); err != nil {
			return err
		}
		if err := im.Compare(t.Context(), func(ports.Pair) error { return nil }); err != nil {
			return err
		}
		meanwhile()
		_, err := im.Apply(t.Context(), func(item federation.Item) (ports.Decision, error) {
			return ports.Decision{Write: true, Item: item}, nil
		})
		return err
	})
}

func TestANameThatWasTakenWhileAnImportRanIsWorthAnotherTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t, true)
	err := importWidget(t, w, "new", func() { putWidget(t, w.db, w.acme, "new", "quicker") })
	require.Equal(t, tenancy.CodeTargetChanged, tenancy.CodeOf(err), "%v", err)
	require.NoError(t, importWidget(t, w, "new", func() {}))
}

func TestAnotherUniqueKeyOfTheHostIsNot(t *testing.T) {
	t.Parallel()
	url := migrated(t, true)
	exec(t, owner(t, url), "CREATE UNIQUE INDEX ON widgets (tenant_id, lower(name))")
	db, err := postgres.Open(t.Context(), options(url, true))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	w := world{db: db, acme: tenancy.NewID()}
	_, err = db.Tenants().Create(t.Context(),
		tenancy.Tenant{ID: w.acme, Slug: "acme", Name: "Acme", State: tenancy.Active})
	require.NoError(t, err)
	putWidget(t, db, w.acme, "widget", "")
	err = importWidget(t, w, "WIDGET", func() {})
	require.Equal(t, tenancy.CodeAlreadyExists, tenancy.CodeOf(err), "%v", err)
}
