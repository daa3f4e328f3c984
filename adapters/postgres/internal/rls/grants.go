package rls

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/itemsql"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/pool"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// Grant grants the application's role and the system role the privileges that they need on the
// library's objects and on the owned tables, and no others.
func Grant(ctx context.Context, tx bun.IDB, s pool.Settings, d *declare.Set) error {
	app, system := sqltext.Quote(s.Roles.App), sqltext.Quote(s.Roles.System)
	statements := []string{
		"GRANT USAGE ON SCHEMA bailiwick TO " + app + ", " + system,
		"GRANT SELECT ON bailiwick.tenants TO " + app,
		"GRANT SELECT, INSERT, UPDATE ON bailiwick.tenants TO " + system,
		"GRANT SELECT, UPDATE (platform_token, secrets_check, secrets_moved) ON bailiwick.instance TO " +
			system,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON bailiwick.signing_keys TO " + system,
		"GRANT SELECT, INSERT, UPDATE ON bailiwick.instance_keys TO " + system,
		"GRANT SELECT (tenant_id, id, name, role, created_at, expires_at, last_used_at, prefix," +
			" created_by, rotated_to)," +
			" INSERT, UPDATE (expires_at, rotated_to), DELETE ON bailiwick.api_keys TO " + app,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON bailiwick.secrets TO " + app,
		"GRANT SELECT, INSERT, UPDATE, DELETE ON bailiwick.sources, bailiwick.contents," +
			" bailiwick.bases TO " + app,
		"GRANT INSERT (import, kind, name, labels, spec, digest, version, updated_at, id, chosen," +
			" missing, taken, new_name) ON bailiwick.import_items TO " + app,
		"REVOKE UPDATE ON bailiwick.staged FROM " + app,
		"GRANT SELECT, UPDATE (name, labels, spec, digest, version, updated_at, target, chosen," +
			" target_key, new_key, new_name, removed, taken, taken_labels, taken_spec, taken_digest," +
			" replaced), DELETE ON bailiwick.staged TO " + app,
		"GRANT EXECUTE ON FUNCTION bailiwick.find_key(bytea), bailiwick.sample_secrets() TO " +
			system,
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
		// UPDATE is needed to lock a row
		"GRANT SELECT, UPDATE (expires_at), DELETE ON bailiwick.invitations TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.find_invitation(bytea) TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.lock_user(uuid) TO " + app + ", " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.log_in(uuid, uuid, jsonb) TO " + system,
		"GRANT SELECT ON bailiwick.audit, bailiwick.audit_heads TO " + app,
		"GRANT SELECT ON bailiwick.audit TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.chain_audit() TO " + app,
		"GRANT EXECUTE ON FUNCTION bailiwick.chain_next_audit(uuid)," +
			" bailiwick.audit_prepare(integer), bailiwick.audit_expire(interval) TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.log(uuid, jsonb) TO " + app + ", " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.log_platform(uuid, jsonb) TO " + system,
		"GRANT EXECUTE ON FUNCTION bailiwick.lock_quota(), bailiwick.pinned_json(anyelement) TO " +
			app,
		"GRANT EXECUTE ON FUNCTION bailiwick.hold_right(uuid, uuid, uuid, boolean) TO " + app,
		"GRANT EXECUTE ON FUNCTION bailiwick.hold_right_in(uuid, uuid, uuid, uuid, boolean) TO " +
			system,
		"GRANT EXECUTE ON FUNCTION bailiwick.purge(text[], text[])," +
			" bailiwick.purge_leftovers(text[], text[], text[], text) TO " + system,
		"GRANT SELECT ON bailiwick.migrations, bailiwick.host_migrations TO " + system,
	}
	for _, t := range d.Tables {
		statements = append(statements,
			"GRANT USAGE ON SCHEMA "+sqltext.Quote(t.Schema)+" TO "+app+", "+system)
		if t.Singleton != "" { // the system role creates tenants with their singletons
			statements = append(statements, "GRANT INSERT ON "+t.SQL+" TO "+system)
		}
	}
	for _, t := range d.KindTables {
		statements = append(statements,
			"GRANT EXECUTE ON FUNCTION "+itemsql.GetFunctionSignature(t)+" TO "+app)
	}
	for _, name := range declare.OwnedTables(d.Tables) {
		statements = append(statements, "GRANT SELECT, INSERT, UPDATE, DELETE ON "+name+" TO "+app,
			"GRANT SELECT ON "+name+" TO "+system) // a host's reads across tenants
	}
	statements = append(statements, sharedGrants(d, app+", "+system)...)
	if _, err := tx.ExecContext(ctx, strings.Join(statements, ";\n")); err != nil {
		return err
	}
	if err := revokePublic(ctx, tx); err != nil {
		return err
	}
	if err := createSystemPolicies(ctx, tx, s.Roles.System, d); err != nil {
		return err
	}
	var singletons []*declare.Table
	for _, t := range d.Tables {
		if t.Singleton != "" {
			singletons = append(singletons, t)
		}
	}
	if err := grantSequences(ctx, tx, system, singletons); err != nil {
		return err
	}
	return grantSequences(ctx, tx, app, d.Tables)
}

// createSystemPolicies lets the system role see the rows of all tenants. Its grants limit what
// it may do with them in the library's tables; in owned ones it only reads.
func createSystemPolicies(ctx context.Context, tx bun.IDB, system string, d *declare.Set) error {
	to := "TO " + sqltext.Quote(system) + " USING (true)"
	policies := map[string]string{
		"bailiwick.tenants": to + " WITH CHECK (true)",
		"bailiwick.audit":   to,
		"bailiwick.members": to + " WITH CHECK (true)",
	}
	for _, name := range declare.OwnedTables(d.Tables) {
		policies[name] = "FOR SELECT " + to
	}
	for _, table := range slices.Sorted(maps.Keys(policies)) {
		if err := createSystemPolicy(ctx, tx, system, table, policies[table]); err != nil {
			return err
		}
	}
	return nil
}

// createSystemPolicy takes no lock if the policy exists.
func createSystemPolicy(ctx context.Context, tx bun.IDB, system, table, policy string) error {
	var exists bool
	err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_policy WHERE polrelid = ?::regclass"+
		" AND polname = 'bailiwick_system'"+
		" AND polroles = ARRAY[(SELECT oid FROM pg_roles WHERE rolname = ?)])", table, system).
		Scan(ctx, &exists)
	if err != nil || exists {
		return err
	}
	_, err = tx.ExecContext(ctx, "DROP POLICY IF EXISTS bailiwick_system ON "+table+";"+
		"CREATE POLICY bailiwick_system ON "+table+" "+policy)
	return err
}

// grantSequences grants a role, whose name is quoted, the sequences of serial and identity columns
// of the tables.
func grantSequences(
	ctx context.Context, tx bun.IDB, role string, tables []*declare.Table,
) error {
	if len(tables) == 0 {
		return nil
	}
	var sequences []string
	err := tx.NewRaw(`SELECT s.oid::regclass::text FROM pg_class s
		JOIN pg_depend dep ON dep.classid = 'pg_class'::regclass AND dep.objid = s.oid
		  AND dep.refclassid = 'pg_class'::regclass AND dep.deptype IN ('a', 'i')
		WHERE s.relkind = 'S'
		  AND dep.refobjid = ANY (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?]::text[]) n)`,
		bun.List(declare.OwnedTables(tables))).Scan(ctx, &sequences)
	if err != nil {
		return err
	}
	for _, sequence := range sequences {
		_, err := tx.ExecContext(ctx, "GRANT USAGE ON SEQUENCE "+sequence+" TO "+role)
		if err != nil {
			return err
		}
	}
	return nil
}
