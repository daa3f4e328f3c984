package postgres

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/uptrace/bun"
)

// ofTenant is the policy's condition. It compares the column itself, so that an
// index on it serves, with a sub-select, which is asked once a statement and not
// once a row; engines that take none are given the function itself.
func (s Scope) ofTenant(column string) string {
	if s == Transaction {
		return column + " = bailiwick.current_tenant()"
	}
	return column + " = (SELECT bailiwick.current_tenant())"
}

// rowSecurity is what stands around a table, as the catalog has it.
type rowSecurity struct {
	Name     string
	Declared bool // in [Options.Tables]; or else by its column tenant_id, or a partition
	Known    bool // declared, or a partition or a child of a declared one
	Reached  bool // the application's role may read or write it
	Exists   bool
	Tenant   bool // a column tenant_id of type uuid
	NotNull  bool // no row lacks a tenant
	Stamped  bool // the column's default is the current tenant
	Enabled  bool
	Forced   bool
	Policy   bool   // ours is there
	Touched  bool   // the trigger that counts versions
	Counted  string // the kind whose quota a trigger holds, in hexadecimal digits with a 00 behind
}

// readWalls answers the walls of every table that a tenant owns, declared or
// not.
func (e *examination) readWalls(ctx context.Context) ([]rowSecurity, error) {
	var walls []rowSecurity
	err := e.ask(ctx, `
		SELECT coalesce(d.name, t.name) AS name, d.name IS NOT NULL AS declared, coalesce(t.known, true) AS known,
		  t.oid IN (SELECT oid FROM reached) AS reached, t.oid IS NOT NULL AS exists, a.attnum IS NOT NULL AS tenant,
		  coalesce(a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated)
		    OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.convalidated AND pg_get_constraintdef(k.oid) = 'CHECK ((tenant_id IS NOT NULL))'), false) AS not_null,
		  coalesce(pg_get_expr(ad.adbin, ad.adrelid) = 'bailiwick.current_tenant()', false) AS stamped,
		  coalesce(c.relrowsecurity, false) AS enabled, coalesce(c.relforcerowsecurity, false) AS forced,
		  EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant') AS policy,
		  EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_touch' AND g.tgenabled IN ('O', 'A')) AS touched,
		  coalesce((SELECT encode(g.tgargs, 'hex') FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_quota' AND g.tgenabled IN ('O', 'A')), '') AS counted
		FROM declared d FULL JOIN (SELECT * FROM tables WHERE NOT library) t ON t.oid = d.oid
		LEFT JOIN pg_class c ON c.oid = t.oid
		LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.tenant
		LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
		ORDER BY name`, &walls)
	return walls, err
}

// raiseRowSecurity puts up what is missing around each declared table. What stands
// already is left alone: no lock is taken for it.
func raiseRowSecurity(ctx context.Context, db bun.IDB, o Options, d *declarations) error {
	if len(d.all) == 0 {
		return nil
	}
	e := &examination{tx: db, declared: d, app: o.appRole, system: o.systemRole, scope: o.Scope}
	walls, err := e.readWalls(ctx)
	if err != nil {
		return err
	}
	kinds := d.tablesOfKinds()
	for _, w := range walls {
		if !w.Declared {
			continue
		}
		if err := w.adoptable(); err != nil {
			return err
		}
		if missing := w.missing(kinds[w.Name], o.Scope); len(missing) > 0 {
			if _, err := db.ExecContext(ctx, strings.Join(missing, ";\n")); err != nil {
				return fmt.Errorf("%s: %w", w.Name, err)
			}
		}
	}
	return e.renewPolicies(ctx)
}

// tablesOfKinds are the tables that have a kind, by their name in SQL.
func (d *declarations) tablesOfKinds() map[string]*table {
	tables := map[string]*table{}
	for _, t := range d.order {
		tables[t.sql] = t
	}
	return tables
}

// versioned are the tables whose rows count their versions.
func (d *declarations) versioned() map[string]bool {
	tables := map[string]bool{}
	for _, t := range d.order {
		tables[t.sql] = true
	}
	return tables
}

func (w rowSecurity) adoptable() error {
	switch {
	case !w.Exists:
		return fmt.Errorf("table %s is declared and doesn't exist: Options.Migrations must make it",
			w.Name)
	case !w.Tenant:
		return fmt.Errorf("table %s has no column tenant_id of type uuid: it is a single-tenant"+
			" table, which this version doesn't adopt", w.Name)
	case !w.NotNull:
		return fmt.Errorf("table %s: tenant_id must be NOT NULL", w.Name)
	}
	return nil
}

// missing are the statements that put up what isn't there. kind is nil for a table
// that is owned only.
func (w rowSecurity) missing(kind *table, scope Scope) []string {
	var statements []string
	add := func(wanted bool, format string) {
		if wanted {
			statements = append(statements, fmt.Sprintf(format, w.Name))
		}
	}
	add(w.Declared && !w.Stamped,
		"ALTER TABLE %s ALTER COLUMN tenant_id SET DEFAULT bailiwick.current_tenant()")
	own := scope.ofTenant(tenantColumn)
	add(!w.Policy, "CREATE POLICY bailiwick_tenant ON %s USING ("+own+") WITH CHECK ("+own+")")
	add(!w.Enabled, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY")
	add(!w.Forced, "ALTER TABLE %s FORCE ROW LEVEL SECURITY")
	add(kind != nil && !w.Touched,
		"DROP TRIGGER IF EXISTS bailiwick_touch ON %[1]s; CREATE TRIGGER bailiwick_touch BEFORE"+
			" UPDATE ON %[1]s FOR EACH ROW EXECUTE FUNCTION bailiwick.touch()")
	if kind != nil && kind.singleton == "" {
		add(w.Counted != hex.EncodeToString([]byte(kind.kind))+"00",
			"DROP TRIGGER IF EXISTS bailiwick_quota ON %[1]s; CREATE TRIGGER bailiwick_quota"+
				" AFTER INSERT ON %[1]s REFERENCING NEW TABLE AS added"+
				" FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.quota("+
				strings.ReplaceAll(literal(kind.kind), "%", "%%")+")")
	}
	return statements
}

// checkRowSecurity asks of each table that tenants own whether its walls stand. One
// that isn't declared is a warning as long as the application's role can't reach
// it.
func checkRowSecurity(ctx context.Context, e *examination) ([]Finding, error) {
	walls, err := e.readWalls(ctx)
	if err != nil {
		return nil, err
	}
	kinds := e.declared.tablesOfKinds()
	var findings []Finding
	for _, w := range walls {
		findings = append(findings, w.findings(kinds[w.Name], e.scope)...)
	}
	return findings, nil
}

// findings are a table's. What row security lacks is one, named by the first
// thing that is missing, and mended as a whole.
func (w rowSecurity) findings(kind *table, scope Scope) []Finding {
	finding := Finding{Severity: SeverityError, Object: strings.ReplaceAll(w.Name, `"`, ""),
		Safe: w.Known}
	if !w.Declared && !w.Reached {
		finding.Severity = SeverityWarning
	}
	say := func(code, why string, fix ...string) Finding {
		f := finding
		f.Code, f.Why, f.Fix = code, why, strings.Join(fix, ";\n")
		return f
	}
	if !w.Exists || !w.Tenant {
		f := say("table_missing",
			"the table or its column tenant_id of type uuid is missing: migrate first")
		f.Safe = false
		return []Finding{f}
	}
	var findings []Finding
	missing := w.missing(kind, scope)
	switch {
	case !w.Policy:
		findings = append(findings,
			say("policy_missing", "without the policy bailiwick_tenant nothing but the filter"+
				" keeps tenants apart", missing...))
	case !w.Enabled:
		findings = append(findings,
			say("row_security_off", "row-level security is off, and the policy isn't asked",
				missing...))
	case !w.Forced:
		findings = append(findings,
			say("row_security_not_forced",
				"without FORCE row security doesn't hold the table's owner, nor what runs with"+
					" its rights", missing...))
	case len(missing) > 0:
		f := say("default_missing",
			"rows that raw SQL writes don't get their tenant or their version from the database,"+
				" or aren't counted for the tenant's quota", missing...)
		f.Severity = SeverityWarning
		findings = append(findings, f)
	}
	if !w.NotNull {
		f := say("tenant_nullable",
			"a row without a tenant is nobody's: no tenant sees it, and no purge removes it",
			"ALTER TABLE "+w.Name+" ALTER COLUMN tenant_id SET NOT NULL")
		f.Safe = false
		findings = append(findings, f)
	}
	return findings
}

// checkWalls refuses a database that tenants can't be kept apart in.
func (db *DB) checkWalls(ctx context.Context) error {
	findings, err := db.Doctor(ctx)
	if err != nil {
		return err
	}
	return refusal(findings, db.options.MultiTenant)
}

// unservable are the codes of findings that even one tenant can't be served
// with.
var unservable = []string{"table_missing"}
