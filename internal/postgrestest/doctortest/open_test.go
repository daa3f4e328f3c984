package doctortest

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/bailiwick-go/bailiwick/adapters/postgres"
	"github.com/bailiwick-go/bailiwick/internal/postgrestest/fixture"
	"github.com/bailiwick-go/bailiwick/ports"
	"github.com/bailiwick-go/bailiwick/tenancy"
)

func TestApplicationRoleCannotExtendItsRights(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	ctx := w.In(t, w.Acme)
	fixture.RequireRefused(t, ctx, w.DB,
		"SET ROLE bailiwick_owner",
		"SET ROLE bailiwick_system",
		"SET SESSION AUTHORIZATION postgres",
		"TRUNCATE widgets",
		"ALTER TABLE widgets DISABLE ROW LEVEL SECURITY",
		"DROP POLICY bailiwick_tenant ON widgets",
		"CREATE POLICY open ON widgets USING (true)",
		"ALTER ROLE bailiwick_app BYPASSRLS",
		"SET row_security = off; SELECT * FROM widgets",
		"SELECT hash FROM bailiwick.api_keys",
		"SELECT * FROM bailiwick.import_items",
		"SELECT * FROM bailiwick.instance",
		"SELECT * FROM bailiwick.find_key('')",
		"UPDATE bailiwick.tenants SET state = 'active'",
		"INSERT INTO bailiwick.tenants (id, slug, name) VALUES (gen_random_uuid(), 'mine', 'Mine')",
		"UPDATE bailiwick.api_keys SET role = 'admin'",
		"SELECT * FROM bailiwick.users",
		"SELECT email FROM bailiwick.users",
		"UPDATE bailiwick.users SET super_admin = true",
		"INSERT INTO bailiwick.users (id, email, name, super_admin)"+
			" VALUES (gen_random_uuid(), 'm@example.com', 'M', true)",
		"SELECT hash FROM bailiwick.invitations",
		"UPDATE bailiwick.invitations SET role = 'admin'",
		"SELECT * FROM bailiwick.find_invitation('')",
		"SELECT bailiwick.log_in(gen_random_uuid(), gen_random_uuid(), '{}')",
		"SELECT bailiwick.key_email()",
		"UPDATE bailiwick.members SET tenant_id = '"+w.Other.String()+"'",
		"INSERT INTO bailiwick.members (tenant_id, user_id, role) VALUES ('"+w.Other.String()+
			"', gen_random_uuid(), 'admin')",
		"INSERT INTO bailiwick.invitations (tenant_id, id, email, role, hash, invited_by_kind,"+
			" invited_by, inviter, expires_at) VALUES ('"+
			w.Other.String()+"', gen_random_uuid(), 'm@example.com', 'admin', sha256(''),"+
			" 'platform', '', '', now())",
		"COPY widgets TO PROGRAM 'true'",
		"CREATE TABLE bailiwick.mine ()",
	)
}

func TestOpenRefusesASuperuserAsTheApplication(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	fixture.Exec(t, fixture.Superuser(t, databaseURL), `DO $$ BEGIN
		IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'strong_app') THEN
			CREATE ROLE strong_app LOGIN SUPERUSER PASSWORD 'strong';
		END IF; END $$`)
	o := fixture.Options(databaseURL, true)
	o.AppURL = fixture.WithUser(t, databaseURL, url.UserPassword("strong_app", "strong"))
	_, err := postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "superuser")
}

func TestOpenRefusesTheOwnerAsTheApplication(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	o := fixture.Options(databaseURL, true)
	o.AppURL = databaseURL
	_, err := postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "a separate role")
}

func TestOpenRefusesASchemaThatIsNotCurrent(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	fixture.Exec(t, fixture.Superuser(t, databaseURL), "DELETE FROM bailiwick.host_migrations")
	o := fixture.Options(databaseURL, true)
	o.SkipMigrations = true
	_, err := postgres.Open(t.Context(), o)
	require.ErrorContains(t, err, "migrate first")
}

func TestOpenRefusesBrokenRowSecurity(t *testing.T) {
	t.Parallel()
	for name, broken := range map[string]struct{ statement, text string }{
		"no policy":       {"DROP POLICY bailiwick_tenant ON widgets", "policy"},
		"not forced":      {"ALTER TABLE widget_parts NO FORCE ROW LEVEL SECURITY", "FORCE"},
		"not enabled":     {"ALTER TABLE makers DISABLE ROW LEVEL SECURITY", "row-level security"},
		"a second policy": {"CREATE POLICY everybody ON parts USING (true)", "permissive"},
		"owned by app":    {"ALTER TABLE settings OWNER TO bailiwick_app", "owns"},
		"a missing table": {"DROP TABLE settings", "missing"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			databaseURL := fixture.MigratedURL(t, true)
			fixture.Exec(t, fixture.Superuser(t, databaseURL), broken.statement)
			o := fixture.Options(databaseURL, true)
			o.SkipMigrations = true
			_, err := postgres.Open(t.Context(), o)
			require.ErrorContains(t, err, broken.text)
		})
	}
}

func TestReadyFailsWhenAPolicyIsDroppedLater(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	db, err := postgres.Open(t.Context(), fixture.Options(databaseURL, true))
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, db.Ready(t.Context()))
	fixture.Exec(t, fixture.Superuser(t, databaseURL), "DROP POLICY bailiwick_tenant ON widgets")
	require.Error(t, db.Ready(t.Context()))
}

func TestMigratingAgainRestoresRowSecurity(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	fixture.Exec(t, fixture.Superuser(t, databaseURL),
		"DROP POLICY bailiwick_tenant ON widgets; ALTER TABLE widgets NO FORCE ROW LEVEL SECURITY")
	db, err := postgres.Open(t.Context(), fixture.Options(databaseURL, true))
	require.NoError(t, err)
	require.NoError(t, db.Close())
}

func TestOwnerWithoutAPasswordNeedsTheOtherURLs(t *testing.T) {
	t.Parallel()
	databaseURL := fixture.MigratedURL(t, true)
	parsed, err := url.Parse(databaseURL)
	require.NoError(t, err)
	o := fixture.Options(fixture.WithUser(t, databaseURL, url.User(parsed.User.Username())), true)
	o.SkipMigrations = true
	_, err = postgres.Open(t.Context(), o)
	require.Error(t, err, "a login needs a password")
}

func TestSystemRoleListsEveryTenant(t *testing.T) {
	t.Parallel()
	w := fixture.NewWorld(t, true)
	list, err := w.DB.Tenants().List(t.Context(), ports.TenantQuery{Limit: 10})
	require.NoError(t, err)
	require.Len(t, list, 3, "acme, default and other")
	require.Equal(t, []tenancy.Slug{"acme", "default", "other"},
		[]tenancy.Slug{list[0].Slug, list[1].Slug, list[2].Slug})
}
