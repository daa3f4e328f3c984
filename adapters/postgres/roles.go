package postgres

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"

	"github.com/uptrace/bun"
)

// The three roles. None is a superuser or passes by row security; app and
// system own nothing, belong to nothing, and log in as themselves: a pool that
// connects as the owner and does SET ROLE is undone by RESET ROLE.
const (
	ownerRole  = "bailiwick_owner"  // owns tables and functions
	appRole    = "bailiwick_app"    // the pool
	systemRole = "bailiwick_system" // named cross-tenant work
)

// derivePassword makes a role's password from that of the owner's URL, so that
// every instance that knows the one knows the other. Without a password there
// it is empty: the role then has none, and logs in where the server asks none.
func derivePassword(owner *url.URL, role string) string {
	password, ok := owner.User.Password()
	if !ok || password == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(password))
	mac.Write([]byte(role))
	return hex.EncodeToString(mac.Sum(nil))
}

// makeRoles creates the roles that are missing. Where the migrating user may
// not, the statements for the database's administrator are in the error. A
// role's password is set only when it doesn't log in any more: roles belong to
// the cluster, and other databases' instances use them too.
func makeRoles(ctx context.Context, tx bun.IDB, o Options) error {
	owner, err := url.Parse(o.URL)
	if err != nil {
		return err
	}
	wanted := []struct{ role, attributes, url string }{
		{ownerRole, "NOLOGIN", ""},
		{appRole, "LOGIN", o.AppURL},
		{systemRole, "LOGIN", o.SystemURL},
	}
	var missing []string
	for _, w := range wanted {
		var exists bool
		if err := tx.NewRaw("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = ?)", w.role).Scan(ctx, &exists); err != nil {
			return err
		}
		password := ""
		if w.url != "" && derivePassword(owner, w.role) != "" {
			password = " PASSWORD " + literal(derivePassword(owner, w.role))
		}
		attributes := w.attributes + " NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION"
		switch {
		case !exists:
			missing = append(missing, "CREATE ROLE "+w.role+" "+attributes+password)
		case w.url != "" && !logsIn(ctx, w.url):
			missing = append(missing, "ALTER ROLE "+w.role+" "+attributes+password)
		}
	}
	return administer(ctx, tx, missing)
}

// administer runs statements that need CREATEROLE, each under a savepoint.
func administer(ctx context.Context, tx bun.IDB, statements []string) error {
	for i, s := range statements {
		if _, err := tx.ExecContext(ctx, "SAVEPOINT administer; "+s+"; RELEASE SAVEPOINT administer"); err != nil {
			if sqlState(err) == stateDuplicateRole || sqlState(err) == stateUnique {
				if _, err := tx.ExecContext(ctx, "ROLLBACK TO SAVEPOINT administer"); err != nil {
					return err
				}
				continue // another database's migration was quicker
			}
			return fmt.Errorf("the database's administrator must run:\n%s;\n%w", strings.Join(statements[i:], ";\n"), err)
		}
	}
	return nil
}

// logsIn tries a role's URL.
func logsIn(ctx context.Context, roleURL string) bool {
	c, err := connector(roleURL, defaultTimeout)
	if err != nil {
		return false
	}
	opened, err := c.Connect(ctx)
	if err != nil {
		return sqlState(err) != stateAuth && sqlState(err) != stateAuthSpec // out of reach is no reason to change a password
	}
	return opened.Close() == nil
}

// grant hands the library's objects and the owned tables to the owner role, and
// gives the two others what they need and nothing else.
func grant(ctx context.Context, tx bun.IDB, d *declarations) error {
	statements := []string{
		"GRANT USAGE ON SCHEMA bailiwick TO " + appRole + ", " + systemRole,
		"GRANT SELECT ON bailiwick.tenants TO " + appRole,
		"GRANT SELECT, INSERT, UPDATE ON bailiwick.tenants TO " + systemRole,
		"GRANT SELECT, UPDATE (platform_token) ON bailiwick.instance TO " + systemRole,
		"GRANT SELECT (tenant_id, id, name, role, created_at, expires_at, last_used_at), INSERT, DELETE ON bailiwick.api_keys TO " + appRole,
		"GRANT SELECT, INSERT, UPDATE ON bailiwick.secrets TO " + appRole,
		"GRANT INSERT (import, kind, name, labels, spec, digest, version, updated_at, id) ON bailiwick.import_items TO " + appRole,
		"GRANT SELECT, UPDATE, DELETE ON bailiwick.staged TO " + appRole,
		"GRANT EXECUTE ON FUNCTION bailiwick.find_key(bytea) TO " + systemRole,
		"DROP POLICY IF EXISTS bailiwick_system ON bailiwick.tenants",
		"CREATE POLICY bailiwick_system ON bailiwick.tenants TO " + systemRole + " USING (true) WITH CHECK (true)",
	}
	for _, t := range d.all {
		statements = append(statements, "GRANT USAGE ON SCHEMA "+quote(t.schema)+" TO "+appRole+", "+systemRole)
		if t.singleton != "" {
			statements = append(statements, "GRANT INSERT ON "+t.sql+" TO "+systemRole)
		}
	}
	for _, name := range owned(d.all) {
		statements = append(statements, "GRANT SELECT, INSERT, UPDATE, DELETE ON "+name+" TO "+appRole)
	}
	if _, err := tx.ExecContext(ctx, strings.Join(statements, ";\n")); err != nil {
		return err
	}
	return grantSequences(ctx, tx, d)
}

// grantSequences covers serial columns of the owned tables.
func grantSequences(ctx context.Context, tx bun.IDB, d *declarations) error {
	var sequences []string
	err := tx.NewRaw(`SELECT s.oid::regclass::text FROM pg_class s
		JOIN pg_depend dep ON dep.classid = 'pg_class'::regclass AND dep.objid = s.oid AND dep.refclassid = 'pg_class'::regclass AND dep.deptype IN ('a', 'i')
		WHERE s.relkind = 'S' AND dep.refobjid = ANY (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?]::text[]) n)`,
		bun.List(owned(d.all))).Scan(ctx, &sequences)
	if err != nil {
		return err
	}
	for _, s := range sequences {
		if _, err := tx.ExecContext(ctx, "GRANT USAGE ON SEQUENCE "+s+" TO "+appRole); err != nil {
			return err
		}
	}
	return nil
}

// own hands what the library made, and the declared tables, to the owner role:
// a function that runs with its owner's rights must not have a superuser's.
func own(ctx context.Context, tx bun.IDB, d *declarations) error {
	var statements []string
	err := tx.NewRaw(`
		SELECT 'ALTER SCHEMA bailiwick OWNER TO ' || ?0 FROM pg_namespace WHERE nspname = 'bailiwick' AND pg_get_userbyid(nspowner) <> ?0
		UNION ALL
		SELECT format('ALTER %s %s OWNER TO %s', CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END, c.oid::regclass, ?0)
		  FROM pg_class c WHERE pg_get_userbyid(c.relowner) <> ?0 AND c.relkind IN ('r', 'p', 'v')
		   AND (c.relnamespace = 'bailiwick'::regnamespace OR c.oid = ANY (SELECT to_regclass(n)::oid FROM unnest(ARRAY[?1]::text[]) n))
		UNION ALL
		SELECT format('ALTER FUNCTION %s OWNER TO %s', p.oid::regprocedure, ?0)
		  FROM pg_proc p WHERE p.pronamespace = 'bailiwick'::regnamespace AND pg_get_userbyid(p.proowner) <> ?0`,
		ownerRole, bun.List(owned(d.all))).Scan(ctx, &statements)
	if err != nil || len(statements) == 0 {
		return err
	}
	schemas := map[string]bool{"bailiwick": true}
	for _, t := range d.all {
		schemas[t.schema] = true
	}
	for s := range schemas { // an owner must be able to create where it owns
		statements = append([]string{"GRANT USAGE, CREATE ON SCHEMA " + quote(s) + " TO " + ownerRole}, statements...)
	}
	_, err = tx.ExecContext(ctx, strings.Join(statements, ";\n"))
	return err
}
