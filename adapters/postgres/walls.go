package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/uptrace/bun"

	"github.com/bailiwick-go/bailiwick/tenancy"
)

// The policy compares the column itself, so that an index on it serves. What is
// read is held against the setting as it stands: the plan of a short read is
// made faster without a sub-select in it. What is written is held against a
// sub-select, which is asked once a statement and not once a row.
const (
	readable = "tenant_id = nullif(current_setting('bailiwick.tenant', true), '')::uuid"
	writable = "tenant_id = (SELECT bailiwick.current_tenant())"
)

// wall is what stands around an owned table, as the catalog has it.
type wall struct {
	Name     string
	Exists   bool
	Tenant   bool // a column tenant_id of type uuid
	NotNull  bool
	Stamped  bool // the column's default is the current tenant
	Enabled  bool
	Forced   bool
	Policy   bool // ours is there
	Loose    bool // another permissive policy is beside it, for every role
	Touched  bool // the trigger that counts versions
	AppOwned bool // the application role owns it
}

func readWalls(ctx context.Context, db bun.IDB, app string, d *declarations) ([]wall, error) {
	var walls []wall
	err := db.NewRaw(`
		SELECT n AS name, c.oid IS NOT NULL AS exists,
		  coalesce(a.atttypid = 'uuid'::regtype, false) AS tenant, coalesce(a.attnotnull, false) AS not_null,
		  coalesce(pg_get_expr(ad.adbin, ad.adrelid) = 'bailiwick.current_tenant()', false) AS stamped,
		  coalesce(c.relrowsecurity, false) AS enabled, coalesce(c.relforcerowsecurity, false) AS forced,
		  EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant') AS policy,
		  EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'bailiwick_tenant' AND p.polpermissive) AS loose,
		  EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_touch' AND g.tgenabled <> 'D') AS touched,
		  coalesce(pg_get_userbyid(c.relowner) = ?, false) AS app_owned
		FROM unnest(ARRAY[?]::text[]) n
		LEFT JOIN pg_class c ON c.oid = to_regclass(n)
		LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
		LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
		ORDER BY n`, app, bun.List(owned(d.all))).Scan(ctx, &walls)
	return walls, err
}

// raiseWalls puts up what is missing around each owned table. What stands
// already is left alone: no lock is taken for it.
func raiseWalls(ctx context.Context, db bun.IDB, o Options, d *declarations) error {
	if len(d.all) == 0 {
		return nil
	}
	walls, err := readWalls(ctx, db, o.appRole, d)
	if err != nil {
		return err
	}
	versioned := map[string]bool{}
	for _, t := range d.order {
		versioned[t.sql] = true
	}
	for _, w := range walls {
		if err := w.adoptable(); err != nil {
			return err
		}
		if missing := w.missing(versioned[w.Name]); len(missing) > 0 {
			if _, err := db.ExecContext(ctx, strings.Join(missing, ";\n")); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return nil
}

func (w wall) adoptable() error {
	switch {
	case !w.Exists:
		return fmt.Errorf("table %s is declared and doesn't exist: Options.Migrations must make it", w.Name)
	case !w.Tenant:
		return fmt.Errorf("table %s has no column tenant_id of type uuid: it is a single-tenant table, which this version doesn't adopt", w.Name)
	case !w.NotNull:
		return fmt.Errorf("table %s: tenant_id must be NOT NULL", w.Name)
	}
	return nil
}

func (w wall) missing(versioned bool) []string {
	var statements []string
	add := func(wanted bool, format string) {
		if wanted {
			statements = append(statements, fmt.Sprintf(format, w.Name))
		}
	}
	add(!w.Stamped, "ALTER TABLE %s ALTER COLUMN tenant_id SET DEFAULT bailiwick.current_tenant()")
	add(!w.Policy, "CREATE POLICY bailiwick_tenant ON %s USING ("+readable+") WITH CHECK ("+writable+")")
	add(!w.Enabled, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY")
	add(!w.Forced, "ALTER TABLE %s FORCE ROW LEVEL SECURITY")
	add(versioned && !w.Touched, "CREATE TRIGGER bailiwick_touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION bailiwick.touch()")
	return statements
}

// checkWalls refuses a schema that isn't current and, with tenancy on, a role
// or a table that row security doesn't hold for.
func (db *DB) checkWalls(ctx context.Context) error {
	walls, err := readWalls(ctx, db.system, db.options.appRole, db.declared)
	if err != nil {
		return translate(err)
	}
	for _, w := range walls {
		if err := w.breach(); err != nil {
			return err
		}
	}
	if !db.options.MultiTenant {
		return nil
	}
	return db.checkRoles(ctx)
}

func (w wall) breach() error {
	reason := ""
	switch {
	case !w.Exists || !w.Tenant || !w.NotNull:
		reason = "the table or its column tenant_id is missing: migrate first"
	case !w.Enabled || !w.Forced || !w.Policy:
		reason = "row-level security, FORCE or the policy bailiwick_tenant is missing: migrate first"
	case w.Loose:
		reason = "another permissive policy stands beside bailiwick_tenant: drop it, or make it AS RESTRICTIVE"
	case w.AppOwned:
		reason = "the application role owns it: ALTER TABLE … OWNER TO " + ownerRole
	default:
		return nil
	}
	return tenancy.Errorf(tenancy.CodeInternal, "the isolation of %s isn't whole: %s", w.Name, reason)
}

// checkRoles looks at the roles that the two pools really are.
func (db *DB) checkRoles(ctx context.Context) error {
	const query = `SELECT r.rolname, r.rolsuper OR r.rolbypassrls
		OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid) FROM pg_roles r WHERE r.rolname = session_user`
	ask := func(name string, row interface{ Scan(...any) error }) error {
		var role string
		var strong bool
		if err := row.Scan(&role, &strong); err != nil {
			return translate(err)
		}
		if strong {
			return tenancy.Errorf(tenancy.CodeInternal,
				"the %s pool logs in as %s, which is a superuser, passes by row security or belongs to another role: use a plain role", name, role)
		}
		return nil
	}
	if err := ask("system", db.system.QueryRowContext(ctx, query)); err != nil {
		return err
	}
	return ask("application", db.app.QueryRowContext(tenancy.NewContext(ctx, tenancy.DefaultID), query))
}
