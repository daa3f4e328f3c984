package audittest

import (
	"context"
	"database/sql"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// asAlice is the context of a request of the user alice in a tenant.
func asAlice(t *testing.T, tenant tenancy.ID) context.Context {
	ctx := tenancy.WithPrincipal(tenancy.NewContext(t.Context(), tenant),
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "alice", Name: `O'Alice \ "?"`})
	return tenancy.WithRequest(ctx,
		tenancy.Request{ID: "r'1?", Address: "192.0.2.1", Reason: "it's $1 ?0"})
}

// lastEntries returns the tenant's newest entries, the newest first, after it verified the chain.
func lastEntries(t *testing.T, db *postgres.DB, tenant tenancy.ID, n int) []tenancy.AuditEntry {
	t.Helper()
	_, err := verifyLog(t.Context(), db.Services().Audit, tenant)
	require.NoError(t, err)
	found, err := db.Services().Audit.List(t.Context(), tenant, ports.AuditQuery{Limit: n})
	require.NoError(t, err)
	return found
}

func requireOfAlice(t *testing.T, e tenancy.AuditEntry) {
	t.Helper()
	assert.Equal(t, tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "alice",
		Name: `O'Alice \ "?"`}, e.Actor)
	assert.Equal(t, "r'1?", e.RequestID)
	assert.Equal(t, "192.0.2.1", e.Address)
}

var publish = tenancy.Event{Action: "note.publish",
	Target:  tenancy.AuditTarget{Kind: "note", Name: "what? $1 'x'"},
	Details: map[string]any{"?": "??", "to": []string{"a\x00b"}}}

func TestHostEntryRidesInItsTransaction(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	failed := errors.New("failed")
	record := func(fail error) error {
		return w.DB.Scoped(ctx).RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
			err := tx.RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
				require.NoError(t, w.DB.Record(ctx, tx, tenancy.Event{Action: "note.draft"}))
				return failed // back to the savepoint
			})
			require.ErrorIs(t, err, failed)
			require.NoError(t, w.DB.Record(ctx, tx, publish))
			return fail
		})
	}
	require.NoError(t, record(nil))
	require.ErrorIs(t, record(failed), failed)

	found := lastEntries(t, w.DB, w.Acme, 2)
	assert.Equal(t, "note.publish", found[0].Action)
	assert.Equal(t, "resource.create", found[1].Action)
	assert.Equal(t, publish.Target, found[0].Target)
	assert.Equal(t, tenancy.Done, found[0].Outcome)
	assert.JSONEq(t, `{"?":"??","to":["a\ufffdb"],"reason":"it's $1 ?0"}`, string(found[0].Details))
	requireOfAlice(t, found[0])
	assert.Equal(t, "resource.create", lastEntries(t, w.DB, w.Other, 1)[0].Action)
	filtered, err := w.DB.Services().Audit.List(t.Context(), w.Acme, ports.AuditQuery{Limit: 9,
		AuditFilter: ports.AuditFilter{Action: "note.publish", Actor: "alice"}})
	require.NoError(t, err)
	assert.Len(t, filtered, 1)
}

func TestHostEntryOutsideATransactionIsStoredAlone(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	require.NoError(t, w.DB.Record(ctx, w.DB.Scoped(ctx), publish))
	requireOfAlice(t, lastEntries(t, w.DB, w.Acme, 1)[0])
	err := w.DB.Record(w.In(t, w.Other), w.DB.Scoped(ctx), publish)
	assert.Equal(t, tenancy.CodeTenantMismatch, tenancy.CodeOf(err))
}

func TestHostEntryThatLooksLikeTheLibrarysIsRefused(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	for _, action := range []string{"", "publish", "resource.delete", "rows.insert", "tenant.purge",
		"user.create", "platform.audit.read", "key.anything", "Resource.delete", " resource.delete",
		"resource .delete", "resource.delete\n", "r\u0435source.delete", "x.y'", "x..y", "note.",
		"request", "x.0123456789012345678901234567890123456789012345678901234567890123"} {
		err := w.DB.Record(ctx, w.DB.Scoped(ctx), tenancy.Event{Action: action})
		assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(err), "%q", action)
		_, err = w.DB.Scoped(ctx).NewRaw("SELECT bailiwick.log(gen_random_uuid(),"+
			" jsonb_build_object('action', ?))", action).Exec(ctx)
		assert.Error(t, err, "SQL: %q", action)
	}
	other := publish
	other.Actor = tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "bob"}
	assert.Equal(t, tenancy.CodeInvalid, tenancy.CodeOf(w.DB.Record(ctx, w.DB.Scoped(ctx), other)))
	assert.Equal(t, "resource.create", lastEntries(t, w.DB, w.Acme, 1)[0].Action)
}

func TestInjectedSQLRecordsNobodyElse(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	const forged = `SELECT bailiwick.log(gen_random_uuid(), '{"action": "note.publish",
		"actor": {"kind": "user", "id": "bob", "name": "Bob"}, "request_id": "r2", "ip": "198.51.100.1"}')`
	for _, statement := range []string{forged, "WITH x AS MATERIALIZED (" + forged + ") SELECT FROM x",
		"SELECT 1; " + forged} {
		_, err := w.DB.Scoped(ctx).NewRaw(statement).Exec(ctx)
		require.NoError(t, err, statement)
	}
	for _, e := range lastEntries(t, w.DB, w.Acme, 3) {
		assert.Equal(t, "note.publish", e.Action)
		requireOfAlice(t, e)
	}
}

// The setting says whose a write is.
func TestHostCanNotSetTheAuthor(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	for _, set := range []string{
		"SET LOCAL bailiwick.by = 'library'", `SET LOCAL "bailiwick"."by" = 'library'`,
		"SET LOCAL BAILIWICK.BY TO library", "SET bailiwick.by = 'library'", "RESET bailiwick.by",
		"SELECT set_config('bailiwick.by', 'library', true)",
		"SELECT pg_catalog.set_config('bailiwick.' || 'by', 'library', true)",
		"UPDATE pg_settings SET setting = 'library' WHERE name = 'bailiwick.by'", "RESET ALL",
		"DISCARD ALL", "DO $$ BEGIN PERFORM set_config('bailiwick.by', 'library', true); END $$",
	} {
		_, err := w.DB.Scoped(ctx).NewRaw(set + "; DELETE FROM widgets").Exec(ctx)
		require.Error(t, err, set)
	}
	assert.Equal(t, "resource.create", lastEntries(t, w.DB, w.Acme, 1)[0].Action)
}

// A transaction that no tenant's session began has no log to write to.
func TestHostEntryInAnotherPoolsTransactionIsRefused(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	foreign := bun.NewDB(fixture.Superuser(t, w.URL), pgdialect.New())
	ctx := asAlice(t, w.Acme)
	one, err := foreign.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.Error(t, w.DB.Record(ctx, one, publish))
	require.NoError(t, one.Rollback())
	var two *sql.Tx
	two, err = foreign.DB.BeginTx(ctx, nil)
	require.NoError(t, err)
	require.Error(t, w.DB.Record(ctx, two, publish))
	require.NoError(t, two.Rollback())
}

// The transactions that a host has from IDB and SQL carry an entry as RunInTx's does.
func TestHostEntryRidesInTransactionsOfIDBAndSQL(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := asAlice(t, w.Acme)
	begins := map[string]func() (postgres.Execer, func() error, func() error){
		"bun": func() (postgres.Execer, func() error, func() error) {
			tx, err := w.DB.IDB(ctx).BeginTx(ctx, nil)
			require.NoError(t, err)
			return tx, tx.Commit, tx.Rollback
		},
		"sql": func() (postgres.Execer, func() error, func() error) {
			tx, err := w.DB.SQL().BeginTx(ctx, nil)
			require.NoError(t, err)
			return tx, tx.Commit, tx.Rollback
		},
	}
	for action, begin := range begins {
		tx, commit, _ := begin()
		require.NoError(t, w.DB.Record(ctx, tx, tenancy.Event{Action: action + ".kept"}))
		require.NoError(t, commit())
		tx, _, rollback := begin()
		require.NoError(t, w.DB.Record(ctx, tx, tenancy.Event{Action: action + ".undone"}))
		require.NoError(t, rollback())

		last := lastEntries(t, w.DB, w.Acme, 1)[0]
		assert.Equal(t, action+".kept", last.Action)
		requireOfAlice(t, last)
	}
}
