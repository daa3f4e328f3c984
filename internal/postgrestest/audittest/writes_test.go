package audittest

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// tableDigests selects a digest of each table of the database.
const tableDigests = `SELECT string_agg(format('%s %s', c.oid::regclass, (xpath('/row/c/text()',
	query_to_xml(format('SELECT md5(coalesce(string_agg(t::text, ''|'' ORDER BY t::text), '''')) AS c FROM %s t',
		c.oid::regclass), false, true, '')))[1]), E'\n' ORDER BY c.oid)
	FROM pg_class c
	WHERE c.relkind = 'r' AND c.relnamespace IN ('public'::regnamespace, 'bailiwick'::regnamespace)`

// Each sabotage makes the insert of audit entries fail: by its privileges, its functions or its tables.
func TestWriteWithoutItsAuditEntryIsRolledBack(t *testing.T) {
	t.Parallel()
	const refuse = `CREATE FUNCTION public.refuse() RETURNS trigger
		LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$;`
	for name, sabotage := range map[string]string{
		"no privilege": "REVOKE EXECUTE ON FUNCTION bailiwick.log(uuid, jsonb)," +
			" bailiwick.log_platform(uuid, jsonb) FROM bailiwick_app, bailiwick_system",
		"no function": "ALTER FUNCTION bailiwick.log(uuid, jsonb) RENAME TO log_gone; ALTER" +
			" FUNCTION bailiwick.log_platform(uuid, jsonb) RENAME TO log_platform_gone",
		"a failing insert": refuse +
			"CREATE TRIGGER refuse BEFORE INSERT ON bailiwick.audit" +
			" FOR EACH ROW EXECUTE FUNCTION public.refuse(); CREATE TRIGGER refuse BEFORE INSERT" +
			" ON bailiwick.audit_pending FOR EACH ROW EXECUTE FUNCTION public.refuse()",
		"a failing update of the head": refuse +
			"CREATE TRIGGER refuse BEFORE UPDATE ON bailiwick.audit_heads" +
			" FOR EACH ROW EXECUTE FUNCTION public.refuse(); ALTER TABLE bailiwick.audit_pending" +
			" ADD CHECK (false) NOT VALID",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := fixture.MigratedURL(t, true)
			db := fixture.Open(t, fixture.Options(databaseURL, true))
			acme := tenancy.NewID()
			_, err := db.Tenants().Create(t.Context(),
				tenancy.Tenant{ID: acme, Slug: "acme", Name: "acme", State: tenancy.Active})
			require.NoError(t, err)
			fixture.PutWidget(t, db, acme, "old", "x")
			key := tenancy.APIKey{ID: tenancy.NewID().String(), Tenant: acme, Name: "old",
				Role: tenancy.Editor, Hash: tenancy.KeyHash{1}}
			_, err = db.Services().Keys.Create(t.Context(), acme, key)
			require.NoError(t, err)
			require.NoError(t, db.Services().Vault.Set(t.Context(), acme, "old", []byte("x")))

			admin := fixture.Superuser(t, databaseURL)
			fixture.Exec(t, admin, sabotage)
			before := digest(t, admin)
			for method, write := range writes(db, acme, key.ID) {
				err := write(t.Context())
				assert.Error(t, err, method)
				assert.NotEqual(t, tenancy.CodeVersionMismatch, tenancy.CodeOf(err), method)
				assert.NotEqual(t, tenancy.CodeNotFound, tenancy.CodeOf(err), method)
				assert.Equal(t, before, digest(t, admin), "%s wrote a row", method)
			}
		})
	}
}

func digest(t *testing.T, db *sql.DB) (all string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), tableDigests).Scan(&all))
	return all
}

// writes are the methods that write rows of a tenant or of the platform.
func writes(db *postgres.DB, tenant tenancy.ID, key string) map[string]func(context.Context) error {
	s := db.Services()
	widget := federation.Item{Ref: federation.Ref{Kind: "widget", Name: "new"},
		Spec: []byte(`{"token":"x"}`)}
	return map[string]func(context.Context) error{
		"Resources.Put": func(ctx context.Context) error {
			_, _, err := s.Resources.Put(ctx, tenant, widget, ports.Condition{})
			return err
		},
		"Resources.Put of an existing name": func(ctx context.Context) error {
			replaced := widget
			replaced.Name = "old"
			_, _, err := s.Resources.Put(ctx, tenant, replaced, ports.Condition{})
			return err
		},
		"Resources.Delete": func(ctx context.Context) error {
			return s.Resources.Delete(ctx, tenant, federation.Ref{Kind: "widget", Name: "old"},
				ports.Condition{})
		},
		"Transfers.Import": func(ctx context.Context) error {
			return s.Transfers.Import(ctx, tenant,
				func(im ports.Import) error { return importOne(ctx, im) })
		},
		"Vault.Set": func(ctx context.Context) error {
			return s.Vault.Set(ctx, tenant, "s", []byte("x"))
		},
		"Vault.Unset": func(ctx context.Context) error {
			return s.Vault.Unset(ctx, tenant, "old")
		},
		"Keys.Create": func(ctx context.Context) error {
			_, err := s.Keys.Create(ctx, tenant, tenancy.APIKey{ID: tenancy.NewID().String(),
				Tenant: tenant, Name: "k", Role: tenancy.Editor, Hash: tenancy.KeyHash{2}})
			return err
		},
		"Keys.Revoke": func(ctx context.Context) error { return s.Keys.Revoke(ctx, tenant, key) },
		"Tenants.Create": func(ctx context.Context) error {
			_, err := s.Tenants.Create(ctx, tenancy.Tenant{ID: tenancy.NewID(), Slug: "other",
				Name: "other", State: tenancy.Active})
			return err
		},
		"Tenants.Update": func(ctx context.Context) error {
			_, err := s.Tenants.Update(ctx,
				tenancy.Tenant{ID: tenant, Name: "changed", State: tenancy.Suspended, Version: 1})
			return err
		},
		"RotateSigningKey": db.RotateSigningKey,
		"PlatformToken": func(ctx context.Context) error {
			_, err := db.PlatformToken(ctx, [32]byte{1})
			return err
		},
	}
}

// importOne imports a maker.
func importOne(ctx context.Context, im ports.Import) error {
	items := func(yield func(federation.Item, error) bool) {
		item := federation.Item{Ref: federation.Ref{Kind: "maker", Name: "imported"},
			Spec: []byte(`{"description":""}`), Version: 1}
		yield(item.Seal())
	}
	if err := im.Stage(ctx, federation.Source{}, items); err != nil {
		return err
	}
	return fixture.ApplyAll(ctx, im)
}

// An import doesn't know the end of the chain until it commits. Neither its own entry nor those that
// others append in the meantime may be lost.
func TestImportEntryIsChainedAfterConcurrentEntries(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	s := w.DB.Services()
	err := s.Transfers.Import(t.Context(), w.Acme, func(im ports.Import) error {
		fixture.PutWidget(t, w.DB, w.Acme, "meanwhile", "x")
		return importOne(t.Context(), im)
	})
	require.NoError(t, err)
	var actions []string
	var chain, end tenancy.AuditChain
	err = s.Audit.Export(t.Context(), w.Acme, ports.AuditQuery{},
		func(first, last tenancy.AuditChain) error {
			chain, end = first, last
			return nil
		}, func(e tenancy.AuditEntry) error {
			actions = append(actions, e.Action)
			return chain.Next(e)
		})
	require.NoError(t, err)
	assert.Equal(t, end, chain)
	assert.Equal(t, []string{"tenant.create", "resource.create", "resource.create",
		"resource.create", "resource.create", "bundle.import"}, actions)
}

// Injected SQL may log events that this library never logs.
func TestMalformedEventsDoNotBreakTheChain(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := w.In(t, w.Acme)
	log := func(event string) error {
		_, err := w.DB.Scoped(ctx).
			NewRaw("SELECT bailiwick.log(gen_random_uuid(), ?::jsonb)", event).Exec(ctx)
		return err
	}
	for _, event := range []string{`{}`, `[]`, `"x"`, `1`, `null`, `{"more":1}`, `["x.y"]`,
		`{"action":{"a":[1]},"actor":"x","target":[1],"details":"x"}`} {
		require.Error(t, log(event), event)
	}
	for _, event := range []string{
		`{"action":"x.y","more":1}`,
		`{"action":"x.y","actor":"x","target":[1],"details":"x"}`,
		`{"action":"x.y","seq":-1,"id":"x","at":"x","tenant_id":"x","tenant_slug":1,"outcome":null}`,
		`{"action":"x.y","details":{"a":1e400,"b":"\u2028"}}`,
	} {
		require.NoError(t, log(event), event)
	}
	s := w.DB.Services()
	chain, err := verifyLog(t.Context(), s.Audit, w.Acme)
	require.NoError(t, err)
	assert.Equal(t, int64(1+fixture.WidgetsPerTenant+4), chain.Seq)
	found, err := s.Audit.List(t.Context(), w.Acme, ports.AuditQuery{Limit: 100})
	require.NoError(t, err)
	assert.Len(t, found, 1+fixture.WidgetsPerTenant+4)
}
