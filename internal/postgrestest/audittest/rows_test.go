package audittest

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// rowEntries returns what the entries of the host's writes say, the oldest first.
func rowEntries(t *testing.T, db *postgres.DB, tenant tenancy.ID) (all []string) {
	t.Helper()
	for _, e := range lastEntries(t, db, tenant, 100) {
		if e.Target.Kind != "table" {
			continue
		}
		var details struct {
			Kind string
			Rows int
		}
		require.NoError(t, json.Unmarshal(e.Details, &details))
		all = append(all, fmt.Sprint(e.Action, " ", e.Target.Name, " ", details.Kind, " ", details.Rows))
	}
	slices.Reverse(all)
	return all
}

func TestEachStatementThatWritesRowsLeavesOneEntry(t *testing.T) {
	t.Parallel()
	for _, multiTenant := range []bool{true, false} {
		t.Run(fmt.Sprint(multiTenant), func(t *testing.T) {
			t.Parallel()
			testRowEntries(t, multiTenant)
		})
	}
}

func testRowEntries(t *testing.T, multiTenant bool) {
	db := fixture.OpenNew(t, multiTenant)
	tenant := tenancy.DefaultID
	ctx := asAlice(t, tenant)
	for _, c := range []struct {
		statement string
		want      []string
	}{
		{"INSERT INTO makers (name) SELECT 'm' || n FROM generate_series(1, 5) n",
			[]string{"rows.insert public.makers maker 5"}},
		{"SELECT name FROM makers", nil},
		{"UPDATE makers SET description = 'x' WHERE name IN ('m1', 'm2')",
			[]string{"rows.update public.makers maker 2"}},
		{"UPDATE makers SET description = 'x' WHERE false", nil},
		{"DELETE FROM makers WHERE false", nil},
		{"INSERT INTO makers (name) SELECT 'm' WHERE false", nil},
		{"INSERT INTO makers (name) VALUES ('m1') ON CONFLICT DO NOTHING", nil},
		{"INSERT INTO makers (name) VALUES ('m1'), ('m2'), ('new') ON CONFLICT (tenant_id, name)" +
			" DO UPDATE SET description = 'y'",
			[]string{"rows.update public.makers maker 2", "rows.insert public.makers maker 1"}},
		{"WITH gone AS (DELETE FROM makers WHERE name = 'new' RETURNING name)" +
			" INSERT INTO parts (name) SELECT name FROM gone",
			[]string{"rows.insert public.parts part 1", "rows.delete public.makers maker 1"}},
		{"(WITH p AS (UPDATE parts SET description = 'x' RETURNING 1)" +
			" SELECT count(*) FROM p)", []string{"rows.update public.parts part 1"}},
		{"UPDATE makers SET description = 'a'; DELETE FROM parts",
			[]string{"rows.update public.makers maker 5", "rows.delete public.parts part 1"}},
		{"EXPLAIN (ANALYZE) DELETE FROM makers WHERE name = 'm5'",
			[]string{"rows.delete public.makers maker 1"}},
		{"UPDATE settings SET mode = 'open'", []string{"rows.update public.settings settings 1"}},
	} {
		before := len(rowEntries(t, db, tenant))
		_, err := db.Scoped(ctx).NewRaw(c.statement).Exec(ctx)
		require.NoError(t, err, c.statement)
		assert.ElementsMatch(t, c.want, rowEntries(t, db, tenant)[before:], c.statement)
	}
	last := lastEntries(t, db, tenant, 1)[0]
	requireOfAlice(t, last)
	assert.Contains(t, string(last.Details), `"reason": "it's $1 ?0"`)

	before := len(rowEntries(t, db, tenant))
	_, err := db.Scoped(ctx).NewDelete().Model((*fixture.MakerRow)(nil)).Where("name = 'm4'").Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"rows.delete public.makers maker 1"}, rowEntries(t, db, tenant)[before:])
}

func TestRolledBackStatementLeavesNoEntry(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	err := w.DB.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		_, err := tx.NewRaw("DELETE FROM widgets").Exec(ctx)
		require.NoError(t, err)
		return context.Canceled
	})
	require.ErrorIs(t, err, context.Canceled)
	require.Empty(t, rowEntries(t, w.DB, w.Acme))
}

// No reader of the log, and no other writer, has to come by.
func TestEntriesAreInTheChainWhenTheTransactionIsCommitted(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	_, err := w.DB.Scoped(ctx).NewRaw("UPDATE widgets SET description = 'x'").Exec(ctx)
	require.NoError(t, err)
	err = w.DB.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		_, err := tx.NewRaw("DELETE FROM widgets").Exec(ctx)
		require.NoError(t, err)
		return w.DB.Record(ctx, tx, publish)
	})
	require.NoError(t, err)
	found, err := fixture.Strings(fixture.Superuser(t, w.URL).QueryContext(t.Context(),
		"SELECT action FROM bailiwick.audit WHERE actor = 'alice' ORDER BY seq"))
	require.NoError(t, err)
	require.Equal(t, []string{"rows.update", "rows.delete", "note.publish"}, found)
}

// The entries of a transaction with an old snapshot are chained by the next who reads the log.
func TestEveryIsolationLevelLeavesEntries(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	levels := []sql.IsolationLevel{sql.LevelDefault, sql.LevelReadUncommitted, sql.LevelRepeatableRead,
		sql.LevelSerializable}
	for _, level := range levels {
		err := w.DB.Scoped(ctx).RunInTx(ctx, &sql.TxOptions{Isolation: level},
			func(ctx context.Context, tx *postgres.Scoped) error {
				_, err := tx.NewRaw("UPDATE widgets SET description = 'x'").Exec(ctx)
				return err
			})
		require.NoError(t, err)
	}
	require.Len(t, rowEntries(t, w.DB, w.Acme), len(levels))
	requireOfAlice(t, lastEntries(t, w.DB, w.Acme, 1)[0])
}

func TestLibrarysWritesLeaveNoEntryOfRows(t *testing.T) {
	t.Parallel()
	db := fixture.OpenNew(t, true)
	s := db.Services()
	acme := tenancy.NewTenant(tenancy.NewID(), "acme", "Acme")
	_, err := s.Tenants.Create(t.Context(), acme) // with its settings
	require.NoError(t, err)
	ctx := asAlice(t, acme.ID)
	put := func(kind, name, spec string) {
		_, _, err := s.Resources.Put(ctx, acme.ID, federation.Item{
			Ref: federation.Ref{Kind: kind, Name: name}, Spec: []byte(spec)}, ports.Condition{})
		require.NoError(t, err)
	}
	put("maker", "m", `{}`)
	put("widget", "w", `{"maker":"m","token":"secret"}`)
	put("widget", "w", `{"description":"changed"}`)
	put("settings", "default", `{"mode":"open"}`)
	ref := federation.Ref{Kind: "widget", Name: "w"}
	require.NoError(t, s.Resources.Delete(ctx, acme.ID, ref, ports.Condition{}))
	for range 2 { // inserts, then updates
		require.NoError(t, s.Transfers.Import(ctx, acme.ID,
			func(im ports.Import) error { return importOne(ctx, im) }))
	}
	require.NoError(t, s.Vault.Set(ctx, acme.ID, "s", []byte("x")))
	require.NoError(t, s.Vault.Unset(ctx, acme.ID, "s"))
	require.Empty(t, rowEntries(t, db, acme.ID))
}

// A view of the host can hide a write in what looks like a read.
func TestWriteThatLooksLikeAReadIsRecorded(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	fixture.Exec(t, fixture.Superuser(t, w.URL), `
		CREATE FUNCTION public.hidden() RETURNS int LANGUAGE plpgsql AS $$
		BEGIN DELETE FROM public.widgets; RETURN 1; END $$;
		CREATE VIEW public.looks_harmless WITH (security_invoker) AS SELECT public.hidden() AS n;
		GRANT SELECT ON public.looks_harmless TO bailiwick_app`)
	ctx := asAlice(t, w.Acme)
	_, err := w.DB.Scoped(ctx).NewRaw("SELECT n FROM looks_harmless").Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"rows.delete public.widgets widget 3"}, rowEntries(t, w.DB, w.Acme))
}

func TestStatementThatCanNotBeRecordedFails(t *testing.T) {
	t.Parallel()
	for name, sabotage := range map[string]string{
		"at once":    "ALTER TABLE bailiwick.audit_pending ADD CHECK (false) NOT VALID",
		"at its end": "ALTER TABLE bailiwick.audit_heads ADD CHECK (false) NOT VALID",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := fixture.NewWorld(t, true)
			admin := fixture.Superuser(t, w.URL)
			fixture.Exec(t, admin, sabotage)
			ctx := asAlice(t, w.Acme)
			before := digest(t, admin)
			for _, statement := range []string{"DELETE FROM widgets", "DELETE FROM widgets RETURNING name"} {
				_, err := w.DB.Scoped(ctx).NewRaw(statement).Exec(ctx)
				require.Error(t, err)
				var names []string
				require.Error(t, w.DB.Scoped(ctx).NewRaw(statement).Scan(ctx, &names))
				err = w.DB.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
					_, err := tx.NewRaw(statement).Exec(ctx)
					return err
				})
				require.Error(t, err)
			}
			require.Error(t, w.DB.Record(ctx, w.DB.Scoped(ctx), publish))
			require.Equal(t, before, digest(t, admin))
		})
	}
}

// A transaction that wrote, and isn't committed yet, keeps no other writer of the tenant waiting.
func TestOpenTransactionDoesNotLockTheChain(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	err := w.DB.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
		_, err := tx.NewRaw("UPDATE widgets SET description = 'x' WHERE name = 'w0'").Exec(ctx)
		require.NoError(t, err)
		require.NoError(t, w.DB.Record(ctx, tx, publish))
		fixture.PutWidget(t, w.DB, w.Acme, "w1", "meanwhile")
		_, err = tx.NewRaw("UPDATE widgets SET description = 'x' WHERE name = 'w1'").Exec(ctx)
		return err
	})
	require.NoError(t, err)
	require.Len(t, rowEntries(t, w.DB, w.Acme), 2)
}

func TestUnauditedTableLeavesNoEntry(t *testing.T) {
	t.Parallel()
	o := fixture.Options(fixture.MigratedURL(t, true), true)
	o.Tables = slices.Clone(o.Tables)
	o.Tables[0].Unaudited = true
	db := fixture.Open(t, o)
	ctx := asAlice(t, tenancy.DefaultID)
	_, err := db.Scoped(ctx).NewRaw("INSERT INTO makers (name) VALUES ('m'); UPDATE makers SET" +
		" description = 'x'; DELETE FROM makers; INSERT INTO parts (name) VALUES ('p')").Exec(ctx)
	require.NoError(t, err)
	require.Equal(t, []string{"rows.insert public.parts part 1"}, rowEntries(t, db, tenancy.DefaultID))

	o.Tables[0].Unaudited = false
	o.SkipMigrations = true
	_, err = postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "the triggers that record a host's writes")
	o.SkipMigrations = false
	fixture.Open(t, o)
}

// remake replaces a trigger of the table of makers.
func remake(name, event, condition, kind string) string {
	name = "bailiwick_audit_" + name
	return "DROP TRIGGER " + name + " ON makers; CREATE TRIGGER " + name + " AFTER " + event +
		" TABLE AS changed FOR EACH STATEMENT " + condition +
		" EXECUTE FUNCTION bailiwick.audit_rows('" + kind + "')"
}

func TestDoctorFindsATableThatIsNotAudited(t *testing.T) {
	t.Parallel()
	for name, sabotage := range map[string]string{
		"dropped":   "DROP TRIGGER bailiwick_audit_delete ON makers",
		"disabled":  "ALTER TABLE makers DISABLE TRIGGER bailiwick_audit_update",
		"replicas":  "ALTER TABLE makers ENABLE REPLICA TRIGGER bailiwick_audit_insert",
		"condition": remake("delete", "DELETE ON makers REFERENCING OLD", "WHEN (false)", "maker"),
		"kind":      remake("delete", "DELETE ON makers REFERENCING OLD", "", "part"),
		"event":     remake("update", "INSERT ON makers REFERENCING NEW", "", "maker"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := fixture.Options(fixture.MigratedURL(t, true), true)
			db := fixture.Open(t, o)
			super := fixture.Superuser(t, o.URL)
			fixture.Exec(t, super, sabotage)
			findings, err := db.Doctor(t.Context())
			require.NoError(t, err)
			require.Len(t, findings, 1)
			require.Equal(t, "audit_missing", findings[0].Code)
			require.Equal(t, "public.makers", findings[0].Object)
			o.SkipMigrations = true
			_, err = postgres.Open(t.Context(), o)
			require.ErrorContains(t, err, "the triggers that record a host's writes")
			fixture.Exec(t, super, findings[0].Fix)
			findings, err = db.Doctor(t.Context())
			require.NoError(t, err)
			require.Empty(t, findings)
			fixture.Open(t, o)
		})
	}
}
