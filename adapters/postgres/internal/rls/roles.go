package rls

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pgerr"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// CreateRoles creates the roles that are missing. Where the migrating user may
// not, the statements for the database's administrator are in the error. A
// role's password is set only when it doesn't log in any more: roles belong to
// the cluster, and other databases' instances use them too.
func CreateRoles(ctx context.Context, tx bun.IDB, s pool.Settings) error {
	var missing []string
	for _, role := range []string{pool.OwnerRole, itemsql.SearchRole} {
		exists, err := roleExists(ctx, tx, role)
		if err != nil {
			return err
		}
		if !exists {
			missing = append(missing, "CREATE ROLE "+role+" NOLOGIN "+plainRole)
		}
	}
	for role, roleURL := range map[string]string{s.AppRole: s.AppURL, s.SystemRole: s.SystemURL} {
		exists, err := roleExists(ctx, tx, role)
		if err != nil {
			return err
		}
		definition := sqltext.Quote(role) + " LOGIN " + plainRole + passwordOf(roleURL)
		switch {
		case !exists:
			missing = append(missing, "CREATE ROLE "+definition)
		case !logsIn(ctx, roleURL):
			missing = append(missing, "ALTER ROLE "+definition)
		}
	}
	return runAsAdmin(ctx, tx, missing)
}

const plainRole = "NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"

func roleExists(ctx context.Context, tx bun.IDB, role string) (exists bool, err error) {
	err = tx.NewRaw("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ?)", role).
		Scan(ctx, &exists)
	return exists, err
}

// passwordOf is the clause that gives a role the password of its URL. Without
// one there it has none, and logs in where the server asks for none.
func passwordOf(roleURL string) string {
	parsed, err := url.Parse(roleURL)
	if err != nil {
		return ""
	}
	password, given := parsed.User.Password()
	if !given || password == "" {
		return ""
	}
	return " PASSWORD " + sqltext.Literal(password)
}

// runAsAdmin runs statements that the migrating user may not be allowed, each
// under a savepoint.
func runAsAdmin(ctx context.Context, tx bun.IDB, statements []string) error {
	for i, s := range statements {
		refused, err := inSavepoint(ctx, tx, s)
		if err != nil {
			return err
		}
		switch pgerr.State(refused) {
		// done, or another database's migration was quicker
		case "", pgerr.StateDuplicateObject, pgerr.StateUnique:
		default:
			return fmt.Errorf("the database's administrator must run:\n%s;\n%w",
				hidePasswords(statements[i:]), refused)
		}
	}
	return nil
}

// inSavepoint runs a statement under a savepoint. A server that refuses it leaves the
// transaction as it was: refused is what it said.
func inSavepoint(ctx context.Context, tx bun.IDB, statement string) (refused, err error) {
	_, err = tx.ExecContext(ctx, "SAVEPOINT attempt; "+statement+"; RELEASE SAVEPOINT attempt")
	if pgerr.State(err) == "" {
		return nil, err
	}
	refused = err
	_, err = tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT attempt")
	return refused, err
}

// hidePasswords joins statements for a person: what stands behind PASSWORD is
// theirs to choose, and to give in the role's URL.
func hidePasswords(statements []string) string {
	shown := make([]string, len(statements))
	for i, s := range statements {
		before, _, secret := strings.Cut(s, " PASSWORD ")
		if shown[i] = before; secret {
			shown[i] += " PASSWORD '…'"
		}
	}
	return strings.Join(shown, ";\n")
}

// logsIn tries a role's URL.
func logsIn(ctx context.Context, roleURL string) bool {
	c, err := pool.NewConnector(roleURL, pool.DefaultTimeout)
	if err != nil {
		return false
	}
	opened, err := c.Connect(ctx)
	if err != nil {
		// out of reach is no reason to change a password
		return pgerr.State(err) != pgerr.StateInvalidPassword && pgerr.State(err) != pgerr.StateInvalidAuthorization
	}
	return opened.Close() == nil
}

// Grant hands the library's objects and the owned tables to the owner role, and
// gives the two others what they need and nothing else.
func Grant(ctx context.Context, tx bun.IDB, s pool.Settings, d *declare.Set) error {
	app, system := sqltext.Quote(s.AppRole), sqltext.Quote(s.SystemRole)
	statements := []string{
		"GRANT USAGE ON SCHEMA bailiwick TO " + app + ", " + system,
		"GRANT SELECT ON bailiwick.tenants TO " + app,
		"GRANT SELECT, INSERT, UPDATE ON bailiwick.tenants TO " + system,
		"GRANT SELECT, UPDATE (platform_token) ON bailiwick.instance TO " + system,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON bailiwick.signing_keys TO " + system,
		"GRANT SELECT (tenant_id, id, name, role, created_at, expires_at, last_used_at, prefix," +
			" created_by, rotated_to)," +
			" INSERT, UPDATE (expires_at, rotated_to), DELETE ON bailiwick.api_keys TO " + app,
		"GRANT SELECT, INSERT, UPDATE ON bailiwick.secrets TO " + app,
		"GRANT INSERT (import, kind, name, labels, spec, digest, version, updated_at, id) ON" +
			" bailiwick.import_items TO " + app,
		"REVOKE UPDATE ON bailiwick.staged FROM " + app,
		"GRANT SELECT, UPDATE (name, labels, spec, digest, target, chosen), DELETE ON" +
			" bailiwick.staged TO " + app,
		"GRANT EXECUTE ON FUNCTION bailiwick.find_key(bytea) TO " + system,
		"GRANT SELECT, INSERT (tenant_id, user_id, role), UPDATE (role), DELETE ON" +
			" bailiwick.members TO " + app + ", " + system,
		"GRANT SELECT (id, email, email_key, name, super_admin, created_at, updated_at), INSERT" +
			" (id, email, email_key, name, super_admin)," +
			" UPDATE (email, email_key, name, super_admin, updated_at), DELETE ON bailiwick.users" +
			" TO " + system,
		"GRANT SELECT (password_hash), UPDATE (password_hash) ON bailiwick.users TO " + system,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON bailiwick.sessions, bailiwick.attempts TO " +
			system,
		"GRANT SELECT, INSERT ON bailiwick.identities TO " + system,
		"GRANT SELECT (tenant_id, id, email, role, invited_by_kind, invited_by, inviter," +
			" created_at, expires_at), INSERT, DELETE ON bailiwick.invitations TO " + app,
		// UPDATE: without it, a row can't be locked
		"GRANT SELECT, UPDATE (expires_at), DELETE ON bailiwick.invitations TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.find_invitation(bytea) TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.hold_user(uuid) TO " + app + ", " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.log_in(uuid, uuid, jsonb) TO " + system,
		"GRANT SELECT ON bailiwick.audit, bailiwick.audit_heads TO " + app,
		"GRANT SELECT ON bailiwick.audit TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.settle_log() TO " + app,
		"GRANT EXECUTE ON FUNCTION bailiwick.settle_next_log(uuid)," +
			" bailiwick.audit_prepare(integer), bailiwick.audit_expire(interval) TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.log(uuid, jsonb) TO " + app + ", " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.log_platform(uuid, jsonb) TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.take_turns() TO " + app,
		"GRANT EXECUTE ON FUNCTION bailiwick.purge(text[]) TO " + system,
		"GRANT SELECT ON bailiwick.migrations, bailiwick.host_migrations TO " + system,
	}
	for _, t := range d.Tables {
		statements = append(statements, "GRANT USAGE ON SCHEMA "+sqltext.Quote(t.Schema)+" TO "+app+
			", "+
			system)
		if t.Singleton != "" {
			statements = append(statements, "GRANT INSERT ON "+t.SQL+" TO "+system)
		}
	}
	for _, t := range d.KindTables {
		statements = append(statements, "GRANT EXECUTE ON FUNCTION "+itemsql.GetFunctionSignature(t)+" TO "+
			app)
	}
	for _, name := range declare.OwnedTables(d.Tables) {
		statements = append(statements, "GRANT SELECT, INSERT, UPDATE, DELETE ON "+name+" TO "+app)
	}
	if _, err := tx.ExecContext(ctx, strings.Join(statements, ";\n")); err != nil {
		return err
	}
	if err := openToSystem(ctx, tx, s.SystemRole, "bailiwick.tenants",
		"USING (true) WITH CHECK (true)"); err != nil {
		return err
	}
	if err := openToSystem(ctx, tx, s.SystemRole, "bailiwick.audit", "USING (true)"); err != nil {
		return err
	}
	if err := openToSystem(ctx, tx, s.SystemRole, "bailiwick.members",
		"USING (true) WITH CHECK (true)"); err != nil {
		return err
	}
	return grantSequences(ctx, tx, app, d)
}

// openToSystem lets the system role see every tenant's rows of a table of the
// library's. What it may do with them its grants say.
func openToSystem(ctx context.Context, tx bun.IDB, system, table, rows string) error {
	var open bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = ?::regclass"+
		" AND polname = 'bailiwick_system'"+
		" AND polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = ?)])", table, system).
		Scan(ctx, &open)
	if err != nil || open {
		return err
	}
	_, err = tx.ExecContext(ctx, "DROP POLICY IF EXISTS bailiwick_system ON "+table+";"+
		"CREATE POLICY bailiwick_system ON "+table+" TO "+sqltext.Quote(system)+" "+rows)
	return err
}

// grantSequences covers serial columns of the owned tables.
func grantSequences(ctx context.Context, tx bun.IDB, app string, d *declare.Set) error {
	var sequences []string
	err := tx.NewRaw(`SELECT s.oid::regclass::text FROM pg_class s
		JOIN pg_depend dep ON dep.classid = 'pg_class'::regclass AND dep.objid = s.oid AND dep.refclassid = 'pg_class'::regclass AND dep.deptype IN ('a', 'i')
		WHERE s.relkind = 'S' AND dep.refobjid = ANY (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?]::text[]) n)`,
		bun.List(declare.OwnedTables(d.Tables))).Scan(ctx, &sequences)
	if err != nil {
		return err
	}
	for _, sequence := range sequences {
		if _, err := tx.ExecContext(ctx, "GRANT USAGE ON SEQUENCE "+sequence+" TO "+
			app); err != nil {
			return err
		}
	}
	return nil
}

// TransferOwnership hands what the library made, the declared tables, and those beside them that
// have its policy, to the owner role: a function that runs with its owner's rights
// must not have a superuser's, and removes the rows of a purged tenant from its
// owner's tables only.
func TransferOwnership(ctx context.Context, tx bun.IDB, d *declare.Set) error {
	var statements []string
	err := tx.NewRaw(`
		SELECT 'ALTER SCHEMA bailiwick OWNER TO ' || ?0 FROM pg_namespace WHERE nspname = 'bailiwick' AND pg_get_userbyid(nspowner) <> ?0
		UNION ALL
		SELECT format('ALTER %s %s OWNER TO %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass, ?0)
		  FROM pg_class c WHERE pg_get_userbyid(c.relowner) <> ?0 AND c.relkind IN ('r', 'p', 'v')
		   AND (c.relnamespace = 'bailiwick'::regnamespace OR c.oid IN (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?1]::text[]) n)
		     OR NOT c.relispartition AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant')
		       AND c.relnamespace IN (SELECT o.relnamespace FROM pg_class o JOIN unnest(ARRAY[?1]::text[]) n ON o.oid = to_regclass(n)::oid))
		UNION ALL
		SELECT format('ALTER FUNCTION %s OWNER TO %s', p.oid::regprocedure, ?0)
		  FROM pg_proc p WHERE p.pronamespace = 'bailiwick'::regnamespace AND pg_get_userbyid(p.proowner) <> ?0`,
		pool.OwnerRole, bun.List(declare.OwnedTables(d.Tables))).Scan(ctx, &statements)
	if err != nil || len(statements) == 0 {
		return err
	}
	if err := joinRole(ctx, tx, pool.OwnerRole); err != nil {
		return err
	}
	schemas := map[string]bool{"bailiwick": true}
	for _, t := range d.Tables {
		schemas[t.Schema] = true
	}
	var leave []string // an owner must be able to create where it owns
	for _, s := range slices.Sorted(maps.Keys(schemas)) {
		leave = append(leave, "GRANT USAGE, CREATE ON SCHEMA "+sqltext.Quote(s)+" TO "+
			pool.OwnerRole)
	}
	return runAsAdmin(ctx, tx, append(leave, statements...))
}

// joinRole lets the migrating user give what is its own to a role that owns,
// and migrate it afterwards. A superuser needs no leave. Since PostgreSQL 16 who
// makes a role is a member without its rights: hence USAGE.
func joinRole(ctx context.Context, tx bun.IDB, role string) error {
	var member bool
	err := tx.NewRaw("SELECT rolsuper OR pg_has_role(oid, ?, 'USAGE') FROM pg_roles"+
		" WHERE rolname = current_user", role).Scan(ctx, &member)
	if err != nil || member {
		return err
	}
	return runAsAdmin(ctx, tx, []string{"GRANT " + role + " TO CURRENT_USER"})
}
