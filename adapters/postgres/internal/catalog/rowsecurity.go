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

// TenantCondition returns the condition of a policy: the column equals the current tenant. It
// compares the bare column, so that an index on it can be used. It calls the function in a
// sub-select, which runs once per statement and not once per row. Engines that allow no
// sub-select in policies (schema.Transaction) get a direct call.
func TenantCondition(s schema.Scope, column string) string {
	if s == schema.Transaction {
		return column + " = bailiwick.current_tenant()"
	}
	return column + " = (SELECT bailiwick.current_tenant())"
}

// RowSecurity is the row security of a table, and the triggers and the default that belong to
// it, as the catalog has them.
type RowSecurity struct {
	Name           string // as SQL names it
	Declared       bool   // if not, it was found by a column with a tenant's id or as a partition
	Known          bool   // declared, or a partition or a child of a declared table
	Reached        bool   // the application's role has a privilege on it
	Exists         bool
	Column         string // the declared column with the tenant's id, or tenant_id, quoted if needed
	Tenant         bool   // it has this column with the type uuid
	IDColumn       string // the column with the tenant's id, quoted if needed
	NotNull        bool   // the column can't be NULL
	TenantDefault  bool   // the default of the column is the current tenant
	Enabled        bool
	Forced         bool
	Policy         bool   // it has a policy with the name TenantPolicy
	VersionTrigger bool   // it has the trigger that increments versions
	TouchFunction  string // the function of this trigger, without its schema
	TriggerOff     bool   // one of the library's triggers on it is disabled
	OfOwner        bool   // it belongs to the owner role
	QuotaArgs      string // see triggerArgs; empty without the trigger that checks the quota
	RevivalArgs    string // those of the same trigger for rows that are no longer deleted
	AuditTriggers  string // see wantedAuditTriggers
}

// RowSecurity reads the row security of every table that tenants own, declared or not.
func (c *Catalog) RowSecurity(ctx context.Context) ([]RowSecurity, error) {
	var tables []RowSecurity
	err := c.Query(ctx, `
		SELECT coalesce(d.name, t.name) AS name, d.name IS NOT NULL AS declared,
		  coalesce(t.known, true) AS known,
		  t.oid IN (SELECT oid FROM reached) AS reached,
		  t.oid IS NOT NULL AS exists, a.attnum IS NOT NULL AS tenant,
		  quote_ident(coalesce(t.column_name, d.column_name)) AS column,
		  coalesce(t.id_column, '') AS id_column,
		  coalesce(a.attnotnull AND NOT EXISTS (SELECT FROM pg_constraint k
		      WHERE k.conrelid = t.oid AND k.contype = 'n' AND k.conkey = ARRAY[a.attnum]
		        AND NOT k.convalidated)
		    OR EXISTS (SELECT FROM pg_constraint k
		      WHERE k.conrelid = t.oid AND k.contype = 'c' AND k.convalidated
		        AND pg_get_constraintdef(k.oid) = 'CHECK ((' || quote_ident(t.column_name) || ' IS NOT NULL))'),
		    false) AS not_null,
		  coalesce(pg_get_expr(ad.adbin, ad.adrelid) = 'bailiwick.current_tenant()',
		    false) AS tenant_default,
		  coalesce(c.relrowsecurity, false) AS enabled,
		  coalesce(c.relforcerowsecurity, false) AS forced,
		  EXISTS (SELECT FROM pg_policy p
		    WHERE p.polrelid = c.oid AND p.polname = 'bailiwick_tenant') AS policy,
		  EXISTS (SELECT FROM pg_trigger g
		    WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_touch'
		      AND g.tgenabled IN ('O', 'A')) AS version_trigger,
		  coalesce((SELECT p.proname::text FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid
		    WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_touch'), '') AS touch_function,
		  EXISTS (SELECT FROM pg_trigger g
		    WHERE g.tgrelid = c.oid AND g.tgname IN ('bailiwick_touch', 'bailiwick_quota',
		        'bailiwick_revival', `+auditTriggerNames+`) AND g.tgenabled IN ('D', 'R')) AS trigger_off,
		  coalesce(pg_get_userbyid(c.relowner) = ?3, false) AS of_owner,
		  coalesce((SELECT encode(g.tgargs, 'hex') FROM pg_trigger g
		    WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_quota'
		      AND g.tgenabled IN ('O', 'A')), '') AS quota_args,
		  coalesce((SELECT encode(g.tgargs, 'hex') FROM pg_trigger g
		    WHERE g.tgrelid = c.oid AND g.tgname = 'bailiwick_revival'
		      AND g.tgenabled IN ('O', 'A')), '') AS revival_args,
		  `+auditTriggers+` AS audit_triggers
		FROM declared d FULL JOIN (SELECT * FROM tables WHERE NOT library) t ON t.oid = d.oid
		LEFT JOIN pg_class c ON c.oid = t.oid
		LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = t.tenant
		LEFT JOIN pg_attrdef ad ON ad.adrelid = c.oid AND ad.adnum = a.attnum
		ORDER BY name`, &tables)
	return tables, err
}

// SwitchedOff returns what is off although the table was protected before: it has another part of
// the protection, or it belongs to the owner role.
func (r RowSecurity) SwitchedOff() (off []string) {
	if !r.Policy && !r.Enabled && !r.Forced && !r.VersionTrigger && !r.TriggerOff && !r.OfOwner {
		return nil
	}
	for _, part := range []struct {
		isOff bool
		text  string
	}{
		{!r.Policy, "the policy was missing"},
		{!r.Enabled, "row security was off"},
		{!r.Forced, "row security wasn't forced"},
		{r.TriggerOff, "a trigger was disabled"},
	} {
		if part.isOff {
			off = append(off, part.text)
		}
	}
	return off
}

// touchTime is the function of the trigger on a table without versions.
const touchTime = "touch_time"

// CreateMissing returns the statements that create what the table lacks. kind is nil for a table
// without a kind.
func (r RowSecurity) CreateMissing(kind *declare.Table, scope schema.Scope) []string {
	var statements []string
	add := func(missing bool, format string) {
		if missing {
			statements = append(statements, fmt.Sprintf(format, r.Name))
		}
	}
	add(r.Declared && !r.TenantDefault,
		"ALTER TABLE %s ALTER COLUMN "+r.Column+" SET DEFAULT bailiwick.current_tenant()")
	own := TenantCondition(scope, r.Column)
	add(!r.Policy, "CREATE POLICY bailiwick_tenant ON %s USING ("+own+") WITH CHECK ("+own+")")
	add(!r.Enabled, "ALTER TABLE %s ENABLE ROW LEVEL SECURITY")
	add(!r.Forced, "ALTER TABLE %s FORCE ROW LEVEL SECURITY")
	if kind != nil {
		function, other := "touch", touchTime
		if kind.NoVersion {
			function, other = other, function
		}
		add(!r.VersionTrigger || r.TouchFunction == other,
			"DROP TRIGGER IF EXISTS bailiwick_touch ON %[1]s; CREATE TRIGGER bailiwick_touch BEFORE"+
				" UPDATE ON %[1]s FOR EACH ROW EXECUTE FUNCTION bailiwick."+function+"()")
	}
	if kind != nil && kind.Singleton == "" {
		args := quotaArgs(kind)
		create := func(event, tables string) string {
			return "AFTER " + event + " ON %[1]s REFERENCING " + tables +
				" FOR EACH STATEMENT EXECUTE FUNCTION bailiwick.quota(" +
				strings.ReplaceAll(sqlArguments(quotaArguments(kind)), "%", "%%") + ")"
		}
		add(r.QuotaArgs != args, "DROP TRIGGER IF EXISTS bailiwick_quota ON %[1]s;"+
			" CREATE TRIGGER bailiwick_quota "+create("INSERT", "NEW TABLE AS added"))
		add(kind.DeletedAt != "" && r.RevivalArgs != args,
			"DROP TRIGGER IF EXISTS bailiwick_revival ON %[1]s; CREATE TRIGGER bailiwick_revival "+
				create("UPDATE", "OLD TABLE AS was NEW TABLE AS added"))
		add(kind.DeletedAt == "" && r.RevivalArgs != "", "DROP TRIGGER bailiwick_revival ON %s")
	}
	if r.Declared && !r.RecordsWrites(kind) {
		statements = append(statements, restoreAuditTriggers(r.Name, kind)...)
	}
	return statements
}

// RecordsWrites reports whether a host's writes of the table are recorded in the audit log, or
// aren't, as its declaration says.
func (r RowSecurity) RecordsWrites(kind *declare.Table) bool {
	return r.AuditTriggers == wantedAuditTriggers(kind)
}

// kindArguments returns the arguments of the triggers that count a kind's rows: the kind, and the
// column with the tenant's id if it isn't tenant_id.
func kindArguments(kind *declare.Table) []string {
	if kind.TenantColumn == schema.DefaultTenantColumn {
		return []string{kind.Kind}
	}
	return []string{kind.Kind, kind.TenantColumn}
}

// quotaArguments returns the arguments of a kind's quota triggers: as kindArguments, and, if rows
// are only marked as deleted, always the tenant's column and then that of the tag soft_delete.
func quotaArguments(kind *declare.Table) []string {
	if kind.DeletedAt == "" {
		return kindArguments(kind)
	}
	return []string{kind.Kind, kind.TenantColumn, kind.DeletedAt}
}

func quotaArgs(kind *declare.Table) string { return triggerArgs(quotaArguments(kind)) }

// sqlArguments returns the arguments of a trigger as CREATE TRIGGER has them.
func sqlArguments(arguments []string) string {
	literals := make([]string, len(arguments))
	for i, a := range arguments {
		literals[i] = sqltext.Literal(a)
	}
	return strings.Join(literals, ", ")
}

// triggerArgs returns the arguments of a trigger as pg_trigger.tgargs has them: each with a zero
// byte at the end, in hexadecimal digits.
func triggerArgs(arguments []string) string {
	args := ""
	for _, a := range arguments {
		args += a + "\x00"
	}
	return hex.EncodeToString([]byte(args))
}
