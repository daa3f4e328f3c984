package catalog

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// TenantCondition is the policy's condition. It compares the column itself, so that an
// index on it serves, with a sub-select, which is asked once a statement and not
// once a row; engines that take none are given the function itself.
func TenantCondition(s schema.Scope, column string) string {
	if s == schema.Transaction {
		return column + " = bailiwick.current_tenant()"
	}
	return column + " = (SELECT bailiwick.current_tenant())"
}

// RowSecurity is what stands around a table, as the catalog has it.
type RowSecurity struct {
	Name           string
	Declared       bool // in [Options.Tables]; or else by its column tenant_id, or a partition
	Known          bool // declared, or a partition or a child of a declared one
	Reached        bool // the application's role may read or write it
	Exists         bool
	Tenant         bool // a column tenant_id of type uuid
	NotNull        bool // no row lacks a tenant
	TenantDefault  bool // the column's default is the current tenant
	Enabled        bool
	Forced         bool
	Policy         bool   // ours is there
	VersionTrigger bool   // the trigger that counts versions
	QuotaArgs      string // the kind whose quota a trigger holds, in hexadecimal digits with a 00 behind
}

// RowSecurity reads the row security of every table that a tenant owns, declared or
// not.
func (c *Catalog) RowSecurity(ctx context.Context) ([]RowSecurity, error) {
	var walls []RowSecurity
	err := c.Query(ctx, `
		SELECT coalesce(d.name, t.name) AS name, d.name IS NOT NULL AS declared, coalesce(t.known, true) AS known,
		  t.oid IN (SELECT oid FROM reached) AS reached, t.oid IS NOT NULL AS exists, a.attnum IS NOT NULL AS tenant,
		  coalesce(a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated)
		    OR EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.convalidated AND pg_get_constraintdef(k.oid) = 'CHECK ((tenant_id IS NOT NULL))'), false) AS not_null,
		  coalesce(pg_get_expr(ad.adbin, ad.adrelid) = 'bailiwick.current_tenant()', false) AS tenant_default,
		  coalesce(c.relrowsecurity, false) AS enabled, coalesce(c.relforcerowsecurity, false) AS forced,
		  EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant') AS policy,
		  EXISTS (SELECT FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_touch' AND g.tgenabled IN ('O', 'A')) AS version_trigger,
		  coalesce((SELECT encode(g.tgargs, 'hex') FROM pg_trigger g WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_quota' AND g.tgenabled IN ('O', 'A')), '') AS quota_args
		FROM declared d FULL JOIN (SELECT * FROM tables WHERE NOT library) t ON t.oid = d.oid
		LEFT JOIN pg_class c ON c.oid = t.oid
		LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.tenant
		LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
		ORDER BY name`, &walls)
	return walls, err
}

// CreateMissing are the statements that put up what isn't there. kind is nil for a table
// that is owned only.
func (w RowSecurity) CreateMissing(kind *declare.Table, scope schema.Scope) []string {
	var statements []string
	add := func(wanted bool, format string) {
		if wanted {
			statements = append(statements, fmt.Sprintf(format, w.Name))
		}
	}
	add(w.Declared && !w.TenantDefault,
		"ALTER TABLE %s ALTER COLUMN tenant_id SET DEFAULT bailiwick.current_tenant()")
	own := TenantCondition(scope, schema.TenantColumn)
	add(!w.Policy, "CREATE POLICY bailiwick_tenant ON %s USING ("+own+") WITH CHECK ("+own+")")
	add(!w.Enabled, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY")
	add(!w.Forced, "ALTER TABLE %s FORCE ROW LEVEL SECURITY")
	add(kind != nil && !w.VersionTrigger,
		"DROP TRIGGER IF EXISTS bailiwick_touch ON %[1]s; CREATE TRIGGER bailiwick_touch BEFORE"+
			" UPDATE ON %[1]s FOR EACH ROW EXECUTE FUNCTION bailiwick.touch()")
	if kind != nil && kind.Singleton == "" {
		add(w.QuotaArgs != hex.EncodeToString([]byte(kind.Kind))+"00",
			"DROP TRIGGER IF EXISTS bailiwick_quota ON %[1]s; CREATE TRIGGER bailiwick_quota"+
				" AFTER INSERT ON %[1]s REFERENCING NEW TABLE AS added"+
				" FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.quota("+
				strings.ReplaceAll(sqltext.Literal(kind.Kind), "%", "%%")+")")
	}
	return statements
}
