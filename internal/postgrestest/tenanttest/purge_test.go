package tenanttest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/federation"
	certify "github.com/bailiwick-go/bailiwick/federation/certificate"
	"github.com/bailiwick-go/bailiwick/federation/promote"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

// purgeWorld is a world whose tenant acme is purged, with a superuser's connection. Both tenants
// have a secret and an API key, too.
type purgeWorld struct {
	fixture.World
	superuser *sql.DB
}

func newPurgeWorld(t *testing.T) purgeWorld {
	t.Helper()
	plain := fixture.NewWorld(t, true)
	w := purgeWorld{plain, fixture.Superuser(t, plain.URL)}
	for _, id := range []tenancy.ID{w.Acme, w.Other} {
		require.NoError(t, w.DB.Services().Vault.Set(t.Context(), id, "s", []byte("v")))
		_, err := w.DB.Services().Keys.Create(t.Context(), id, tenancy.APIKey{
			ID: tenancy.NewID().String(), Tenant: id, Name: "k", Role: tenancy.Viewer,
			Hash: [32]byte([]byte(id.String())),
		})
		require.NoError(t, err)
		tenant, err := w.DB.Tenants().Get(t.Context(), id)
		require.NoError(t, err)
		// what a tenant took from a source is the tenant's too
		fixture.Import(t, w.DB, tenant, fixture.Export(t, w.DB, tenant), promote.Options{})
	}
	return w
}

// add runs statements as the superuser, in which acmeID and otherID are the tenants' ids.
func (w purgeWorld) add(t *testing.T, statements string) {
	t.Helper()
	fixture.Exec(t, w.superuser, "SET myvars.acme = '"+w.Acme.String()+"'; SET myvars.other = '"+
		w.Other.String()+"';"+statements)
}

const (
	acmeID  = "current_setting('myvars.acme')::uuid"
	otherID = "current_setting('myvars.other')::uuid"
)

// protect gives a table the library's policy, forces row-level security and makes the library's
// owner role its owner.
func protect(name string) string {
	return fmt.Sprintf(`;ALTER TABLE %[1]s OWNER TO bailiwick_owner;
		ALTER TABLE %[1]s ENABLE ROW LEVEL SECURITY; ALTER TABLE %[1]s FORCE ROW LEVEL SECURITY;
		CREATE POLICY bailiwick_tenant ON %[1]s
		  USING (tenant_id = (SELECT bailiwick.current_tenant()))
		  WITH CHECK (tenant_id = (SELECT bailiwick.current_tenant()));`, name)
}

// delete marks acme as deleted.
func (w purgeWorld) delete(t *testing.T) {
	t.Helper()
	acme, err := w.DB.Tenants().Get(t.Context(), w.Acme)
	require.NoError(t, err)
	acme.State, acme.DeletedAt = tenancy.Deleted, time.Now()
	_, err = w.DB.Tenants().Update(t.Context(), acme)
	require.NoError(t, err)
}

// rows returns the rows of every table with a column tenant_id, as one text for each table: those
// of acme, or all others.
func (w purgeWorld) rows(t *testing.T, acme bool) map[string]string {
	t.Helper()
	is := "<>"
	if acme {
		is = "="
	}
	found, err := w.superuser.QueryContext(t.Context(), `
		SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition
		AND a.attname = 'tenant_id' AND NOT a.attisdropped`)
	require.NoError(t, err)
	defer found.Close()
	var names []string
	for found.Next() {
		var name string
		require.NoError(t, found.Scan(&name))
		names = append(names, name)
	}
	require.NoError(t, found.Err())
	texts := map[string]string{}
	for _, name := range names {
		var text sql.NullString
		err := w.superuser.QueryRowContext(t.Context(),
			fmt.Sprintf("SELECT string_agg(t::text, chr(10) ORDER BY t::text) FROM %s t"+
				" WHERE tenant_id %s '%s'", name, is, w.Acme)).Scan(&text)
		require.NoError(t, err, name)
		if text.Valid {
			texts[name] = text.String
		}
	}
	return texts
}

// queryValue returns the only value of a query that the superuser runs.
func (w purgeWorld) queryValue(t *testing.T, query string) (text string) {
	t.Helper()
	require.NoError(t, w.superuser.QueryRowContext(t.Context(), query).Scan(&text), query)
	return text
}

// shapes are tables that a host may have, in addition to those of the conformance suite. Each fills
// its tables for both tenants.
var shapes = map[string]string{
	"an undeclared table": `CREATE TABLE loose (tenant_id uuid NOT NULL, a int);
		INSERT INTO loose VALUES (` + acmeID + `, 1), (` + otherID + `, 2)` + protect("loose"),
	"another schema": `CREATE SCHEMA elsewhere; GRANT USAGE ON SCHEMA elsewhere TO bailiwick_owner;
		CREATE TABLE elsewhere."odd ""name%?" (tenant_id uuid NOT NULL);
		INSERT INTO elsewhere."odd ""name%?" VALUES (` + acmeID + `), (` + otherID + `)` +
		protect(`elsewhere."odd ""name%?"`),
	"partitions": `CREATE TABLE parted (tenant_id uuid NOT NULL, at int) PARTITION BY RANGE (at);
		CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (10);
		CREATE TABLE parted_2 PARTITION OF parted DEFAULT;
		ALTER TABLE parted_1 OWNER TO bailiwick_owner; -- the superuser owns parted_2

		INSERT INTO parted SELECT t, n FROM unnest(ARRAY[` + acmeID + `, ` + otherID + `]) t,
			generate_series(1, 20) n` + protect("parted"),
	"inheritance": `CREATE TABLE animals (tenant_id uuid NOT NULL, a int);
		CREATE TABLE dogs (b int) INHERITS (animals); ALTER TABLE dogs OWNER TO bailiwick_owner;
		INSERT INTO dogs VALUES (` + acmeID + `, 1, 1), (` + otherID + `, 1, 1)` +
		protect("animals"),
	"circular and self references": `
		CREATE TABLE heads (tenant_id uuid NOT NULL, id int, hand int, PRIMARY KEY (tenant_id, id));
		CREATE TABLE hands (tenant_id uuid NOT NULL, id int, head int NOT NULL, twin int,
		  PRIMARY KEY (tenant_id, id),
		  FOREIGN KEY (tenant_id, head) REFERENCES heads ON DELETE RESTRICT,
		  FOREIGN KEY (tenant_id, twin) REFERENCES hands);
		ALTER TABLE heads ADD FOREIGN KEY (tenant_id, hand) REFERENCES hands;
		INSERT INTO heads VALUES (` + acmeID + `, 1), (` + otherID + `, 1);
		INSERT INTO hands VALUES (` + acmeID + `, 1, 1, NULL), (` + otherID + `, 1, 1, NULL),
		  (` + acmeID + `, 2, 1, 1), (` + acmeID + `, 3, 1, 2);
		UPDATE heads SET hand = 1;
		UPDATE hands SET twin = 3 WHERE tenant_id = ` + acmeID + ` AND id = 1` +
		protect("heads") + protect("hands"),
	"cascades": `CREATE TABLE trees (tenant_id uuid NOT NULL, id int, PRIMARY KEY (tenant_id, id));
		CREATE TABLE leaves (tenant_id uuid NOT NULL, tree int,
		  FOREIGN KEY (tenant_id, tree) REFERENCES trees ON DELETE CASCADE);
		CREATE TABLE birds (tenant_id uuid NOT NULL, tree int,
		  FOREIGN KEY (tenant_id, tree) REFERENCES trees ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED);
		` + protect("trees") + protect("leaves") + protect("birds") +
		`INSERT INTO trees VALUES (` + acmeID + `, 1), (` + otherID + `, 1);
		INSERT INTO leaves SELECT * FROM trees; INSERT INTO birds SELECT * FROM trees`,
	"a trigger that updates rows to be purged": `
		CREATE TABLE posts (tenant_id uuid NOT NULL, id int, n int, PRIMARY KEY (tenant_id, id));
		CREATE TABLE comments (tenant_id uuid NOT NULL, post int,
		  FOREIGN KEY (tenant_id, post) REFERENCES posts);
		CREATE FUNCTION count_comments() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		  UPDATE posts SET n = n - 1 WHERE tenant_id = OLD.tenant_id AND id = OLD.post; RETURN OLD; END $$;
		INSERT INTO posts VALUES (` + acmeID + `, 1, 2), (` + otherID + `, 1, 2);
		INSERT INTO comments SELECT tenant_id, id FROM posts, generate_series(1, 2);
		CREATE TRIGGER count_comments BEFORE DELETE ON comments
		  FOR EACH ROW EXECUTE FUNCTION count_comments()` + protect("posts") + protect("comments"),
	"a trigger that writes a history": notesWithHistory + `
		CREATE TRIGGER keep_note AFTER DELETE ON notes
		  FOR EACH ROW EXECUTE FUNCTION keep_note()` + protect("notes") + protect("history"),
	"a deferred trigger that writes a history": notesWithHistory + `
		CREATE CONSTRAINT TRIGGER keep_note AFTER DELETE ON notes DEFERRABLE INITIALLY DEFERRED
		  FOR EACH ROW EXECUTE FUNCTION keep_note()` + protect("notes") + protect("history"),
}

// notesWithHistory makes two tables and a trigger function that copies a deleted row of notes to
// history.
const notesWithHistory = `CREATE TABLE notes (tenant_id uuid NOT NULL, id int);
	CREATE TABLE history (tenant_id uuid NOT NULL, id int);
	CREATE FUNCTION keep_note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	  INSERT INTO history VALUES (OLD.tenant_id, OLD.id); RETURN NULL; END $$;
	INSERT INTO notes VALUES (` + acmeID + `, 1), (` + otherID + `, 1);`

func TestPurgeRemovesEveryRowOfTheTenantAndNoOthers(t *testing.T) {
	t.Parallel()
	for name, statements := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPurgeWorld(t)
			w.add(t, statements)
			w.delete(t)
			require.NotEmpty(t, w.rows(t, true))
			others := w.rows(t, false)

			certificate, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
			require.NoError(t, err)
			require.Empty(t, w.rows(t, true))
			after := w.rows(t, false)
			delete(others, "bailiwick.audit") // the platform's log has one more entry
			delete(after, "bailiwick.audit")
			delete(others, "bailiwick.audit_heads")
			delete(after, "bailiwick.audit_heads")
			require.Equal(t, others, after)
			require.Equal(t, "0", w.queryValue(t,
				"SELECT count(*) FROM bailiwick.tenants WHERE slug = 'acme'"))
			require.Equal(t, w.Acme.String(),
				w.queryValue(t, "SELECT id FROM bailiwick.retired WHERE slug = 'acme'"))
			require.EqualValues(t, fixture.WidgetsPerTenant, certificate.Rows["public.widgets"])
			require.EqualValues(t, 1, certificate.Rows["bailiwick.api_keys"])
			require.EqualValues(t, 1, certificate.Rows["bailiwick.secrets"])
			require.EqualValues(t, fixture.WidgetsPerTenant+1, certificate.Rows["bailiwick.bases"])
			require.EqualValues(t, fixture.WidgetsPerTenant+1, certificate.Rows["bailiwick.contents"])
			require.EqualValues(t, 1, certificate.Rows["bailiwick.sources"])
		})
	}
}

func TestPurgeCertificateIsStoredInThePlatformsAuditLog(t *testing.T) {
	t.Parallel()
	w := newPurgeWorld(t)
	w.delete(t)
	by := tenancy.WithPrincipal(t.Context(),
		tenancy.Principal{Kind: tenancy.UserPrincipal, ID: "ada", Name: "Ada", SuperAdmin: true})
	certificate, err := w.DB.Tenants().Purge(by, w.Acme)
	require.NoError(t, err)
	var entry struct {
		Actor   tenancy.Actor
		Target  tenancy.AuditTarget
		Details json.RawMessage
	}
	text := w.queryValue(t, "SELECT text FROM bailiwick.audit"+
		" WHERE tenant_id = '00000000-0000-0000-0000-000000000000' AND action = 'tenant.purge'")
	require.NoError(t, json.Unmarshal([]byte(text), &entry))
	require.Equal(t, tenancy.Actor{Kind: tenancy.UserPrincipal, ID: "ada", Name: "Ada"},
		entry.Actor)
	require.Equal(t, tenancy.AuditTarget{Kind: "tenant", Name: "acme"}, entry.Target)
	kept, err := json.Marshal(certificate)
	require.NoError(t, err)
	require.JSONEq(t, string(kept), string(entry.Details))
	again, err := certify.Seal(certificate)
	require.NoError(t, err)
	require.Equal(t, again.Digest, certificate.Digest)
}

func TestPurgeThatCannotRemoveEveryRowRemovesNone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ statements, cause string }{
		"a table of another owner": {
			`CREATE TABLE foreigners (tenant_id uuid NOT NULL); INSERT INTO foreigners VALUES (` +
				acmeID + `)`, "public.foreigners"},
		"a restrictive policy": {
			`CREATE TABLE shy (tenant_id uuid NOT NULL, a int); INSERT INTO shy VALUES (` + acmeID +
				`, 1)` + protect("shy") +
				`CREATE POLICY hide ON shy AS RESTRICTIVE USING (a > 1)`,
			"public.shy (policy hide)"},
		"a cascade into another tenant": {
			`CREATE TABLE firsts (tenant_id uuid NOT NULL, id int PRIMARY KEY);
			CREATE TABLE seconds (tenant_id uuid NOT NULL, first int REFERENCES firsts ON DELETE CASCADE);
			INSERT INTO firsts VALUES (` + acmeID + `, 1);
			INSERT INTO seconds VALUES (` + otherID + `, 1)` +
				protect("firsts") + protect("seconds"),
			"public.seconds (constraint seconds_first_fkey)"},
		"another tenant that refers to it": {
			`CREATE TABLE firsts (tenant_id uuid NOT NULL, id int PRIMARY KEY);
			CREATE TABLE seconds (tenant_id uuid NOT NULL, first int REFERENCES firsts);
			INSERT INTO firsts VALUES (` + acmeID + `, 1);
			INSERT INTO seconds VALUES (` + otherID + `, 1)` +
				protect("firsts") + protect("seconds"),
			"public.seconds (constraint seconds_first_fkey)"},
		"a table that refers to tenants": {
			`CREATE TABLE bills (customer uuid REFERENCES bailiwick.tenants (id));
			INSERT INTO bills VALUES (` + acmeID + `)`,
			"public.bills (constraint bills_customer_fkey)"},
		"a trigger that keeps rows": {
			`CREATE TABLE sticky (tenant_id uuid NOT NULL); INSERT INTO sticky VALUES (` + acmeID +
				`);
			CREATE FUNCTION stay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
			CREATE TRIGGER stay BEFORE DELETE ON sticky FOR EACH ROW EXECUTE FUNCTION stay()` +
				protect("sticky"), "public.sticky"},
		"a trigger that inserts the rows again": {
			`CREATE TABLE undead (tenant_id uuid NOT NULL); INSERT INTO undead VALUES (` + acmeID +
				`);
			CREATE FUNCTION rise() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
			  INSERT INTO undead VALUES (OLD.tenant_id); RETURN NULL; END $$;
			CREATE TRIGGER rise AFTER DELETE ON undead FOR EACH ROW EXECUTE FUNCTION rise()` +
				protect("undead"), "public.undead"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPurgeWorld(t)
			w.add(t, c.statements)
			w.delete(t)
			mine, others := w.rows(t, true), w.rows(t, false)
			_, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
			require.Equal(t, tenancy.CodeInvalidState, tenancy.CodeOf(err), "%v", err)
			shown, ok := errors.AsType[*tenancy.Error](err)
			require.True(t, ok)
			require.Contains(t, shown.Message, c.cause)
			require.Equal(t, mine, w.rows(t, true))
			require.Equal(t, others, w.rows(t, false))
			require.Equal(t, "0", w.queryValue(t, "SELECT count(*) FROM bailiwick.retired"))
		})
	}
}

func TestPurgeWaitsForRunningWritesAndRemovesTheirRows(t *testing.T) {
	t.Parallel()
	w := newPurgeWorld(t)
	w.delete(t)
	written, commit := make(chan struct{}), make(chan struct{})
	writer := make(chan error, 1)
	go func() {
		ctx := tenancy.NewContext(context.WithoutCancel(t.Context()), w.Acme)
		writer <- w.DB.Scoped(ctx).
			RunInTx(ctx, nil, func(ctx context.Context, tx *postgres.Scoped) error {
				_, err := tx.NewRaw("INSERT INTO makers (name) VALUES ('late')").Exec(ctx)
				close(written)
				<-commit
				return err
			})
	}()
	<-written
	done := make(chan error, 1)
	go func() {
		_, err := w.DB.Tenants().Purge(context.WithoutCancel(t.Context()), w.Acme)
		done <- err
	}()
	select {
	case err := <-done:
		require.Fail(t, "the purge didn't wait", "%v", err)
	case <-time.After(500 * time.Millisecond):
	}
	fixture.PutWidget(t, w.DB, w.Other, "meanwhile", "other tenants don't wait")
	close(commit)
	require.NoError(t, <-writer)
	require.NoError(t, <-done)
	require.Empty(t, w.rows(t, true))
}

func TestWriteForAPurgedTenantIsRefused(t *testing.T) {
	t.Parallel()
	w := newPurgeWorld(t)
	// a host's table may have no such foreign key
	w.add(t, `ALTER TABLE makers DROP CONSTRAINT makers_tenant_id_fkey`)
	w.delete(t)
	_, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
	require.NoError(t, err)
	ctx := tenancy.NewContext(t.Context(), w.Acme)
	fixture.RequireRefused(t, ctx, w.DB,
		"INSERT INTO makers (name) VALUES ('late')",
		"INSERT INTO parts (name) VALUES ('late')",
		"SELECT bailiwick.log(gen_random_uuid(), '{}')",
		"BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT bailiwick.log(gen_random_uuid(), '{}');"+
			" COMMIT",
	)
	_, _, err = w.DB.Services().
		Resources.Put(ctx, w.Acme, federation.Item{Ref: federation.Ref{Kind: "maker", Name: "m"},
		Spec: json.RawMessage(`{}`)}, ports.Condition{})
	require.Error(t, err)
	require.Empty(t, w.rows(t, true))
}

func TestIDAndSlugOfAPurgedTenantCannotBeReusedBySQL(t *testing.T) {
	t.Parallel()
	w := newPurgeWorld(t)
	w.delete(t)
	_, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
	require.NoError(t, err)
	for _, values := range []string{"gen_random_uuid(), 'acme', 'A'",
		"'" + w.Acme.String() + "', 'fresh', 'A'"} {
		_, err := w.superuser.ExecContext(t.Context(),
			"INSERT INTO bailiwick.tenants (id, slug, name) VALUES ("+values+")")
		require.ErrorContains(t, err, "a purged tenant had this")
	}
}

func TestApplicationRoleCannotPurge(t *testing.T) {
	t.Parallel()
	w := newPurgeWorld(t)
	w.delete(t)
	ctx := tenancy.NewContext(t.Context(), w.Acme)
	for _, statement := range []string{
		"SELECT bailiwick.purge('{}', '{}')",
		"SELECT bailiwick.purge_rows('" + w.Other.String() + "', '{public.widgets}', '{tenant_id}')",
		"SELECT bailiwick.take_turn('" + w.Other.String() + "', 'maker')",
		"INSERT INTO bailiwick.retired VALUES (gen_random_uuid(), 'stolen', now())",
		"SELECT * FROM bailiwick.retired",
		"SELECT * FROM bailiwick.quota_turns",
		"UPDATE bailiwick.tenants SET quotas = '{}'",
		"UPDATE bailiwick.api_keys SET role = 'admin'",
		"UPDATE bailiwick.api_keys SET hash = hash",
	} {
		_, err := w.DB.Scoped(ctx).NewRaw(statement).Exec(ctx)
		require.ErrorContains(t, err, "permission denied", statement)
	}
}

func TestHundredThousandRowsArePurgedInOneCall(t *testing.T) {
	t.Parallel()
	w := newPurgeWorld(t)
	w.add(t, `INSERT INTO makers (tenant_id, name) SELECT `+acmeID+
		`, 'm' || n FROM generate_series(1, 40000) n`)
	w.add(t, `INSERT INTO widgets (tenant_id, name, maker_id)
		SELECT m.tenant_id, m.name, m.id FROM makers m WHERE m.tenant_id = `+acmeID)
	w.add(t, `INSERT INTO parts (tenant_id, name) SELECT `+acmeID+
		`, 'p' || n FROM generate_series(1, 20000) n`)
	w.add(t, `CREATE INDEX ON widgets (tenant_id, maker_id);
		CREATE INDEX ON widgets (tenant_id, parent_id);
		CREATE INDEX ON widgets (tenant_id, base_id);
		CREATE INDEX ON widgets (tenant_id, subject_maker_id);
		CREATE INDEX ON widgets (tenant_id, subject_part_id);
		CREATE INDEX ON widget_parts (tenant_id, part_id);
		CREATE INDEX ON settings (tenant_id, maker_id)`)
	w.delete(t)
	began := time.Now()
	certificate, err := w.DB.Tenants().Purge(t.Context(), w.Acme)
	require.NoError(t, err)
	t.Logf("purged %d rows in %v", certificate.Rows["public.makers"]+
		certificate.Rows["public.widgets"]+certificate.Rows["public.parts"], time.Since(began))
	require.Empty(t, w.rows(t, true))
}
