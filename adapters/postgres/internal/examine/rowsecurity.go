package examine

import (
	"context"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// checkRowSecurity looks at each table of tenants, declared or found by a column with a tenant's id:
//
//   - the table and its column exist, and the column isn't nullable.
//   - row security has the policy bailiwick_tenant, is enabled and is forced.
//   - the defaults and triggers that set the tenant and the version and count quotas exist.
//
// A table that isn't declared is only a warning while the application's role can't use it.
func checkRowSecurity(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	tables, err := c.RowSecurity(ctx)
	if err != nil {
		return nil, err
	}
	kinds := c.Declared.KindTablesBySQL()
	var findings []doctor.Finding
	for _, t := range tables {
		findings = append(findings, rowSecurityFindings(t, kinds[t.Name], c.Scope)...)
	}
	return findings, nil
}

const rowSecurityOff = "row-level security is off, so that the policy doesn't apply"

// rowSecurityFindings returns the findings about one table. Incomplete row security is one finding
// with the code of the first missing part; its fix adds all missing parts.
func rowSecurityFindings(
	t catalog.RowSecurity, kind *declare.Table, scope schema.Scope,
) []doctor.Finding {
	base := doctor.Finding{Severity: doctor.SeverityError,
		Object: sqltext.WithoutQuotes(t.Name), Safe: t.Known}
	if !t.Declared && !t.Reached {
		base.Severity = doctor.SeverityWarning
	}
	if !t.Declared && !t.Tenant {
		return []doctor.Finding{otherIDFinding(base, t)}
	}
	if !t.Exists || !t.Tenant {
		base.Code, base.Safe = "table_missing", false
		base.Why = "the table or its column " + t.Column + " of type uuid is missing: migrate first"
		if !t.Exists {
			base.Why = "the table is missing: migrate first, or set DATABASE_SCHEMA (Options.Schema) to" +
				" the schema that has it"
		}
		return []doctor.Finding{base}
	}
	var findings []doctor.Finding
	if missing := t.CreateMissing(kind, scope); !t.Policy || !t.Enabled || !t.Forced || len(missing) > 0 {
		findings = append(findings, incompleteFinding(base, t, kind, missing))
	}
	// the rows may violate NOT NULL, so that the fix isn't safe
	if !t.NotNull {
		nullable := base
		nullable.Code, nullable.Safe = "tenant_nullable", false
		nullable.Why = "no tenant sees a row without a tenant, and no purge removes it"
		nullable.Fix = "ALTER TABLE " + t.Name + " ALTER COLUMN " + t.Column + " SET NOT NULL"
		findings = append(findings, nullable)
	}
	return findings
}

// otherIDFinding completes f for a table that isn't declared, and whose tenant's id no policy of the
// library can compare.
func otherIDFinding(f doctor.Finding, t catalog.RowSecurity) doctor.Finding {
	f.Code, f.Safe = "tenant_id_type", false
	f.Why = "the table has a tenant's id that isn't a column tenant_id of type uuid, so that" +
		" nothing keeps tenants apart: change the column, declare the table with its TenantColumn," +
		" or declare it in Options.WithoutTenants (TABLES_WITHOUT_TENANTS)"
	f.Fix = "ALTER TABLE " + t.Name + " ALTER COLUMN tenant_id TYPE uuid USING tenant_id::text::uuid"
	if t.IDColumn != schema.DefaultTenantColumn {
		f.Fix = "ALTER TABLE " + t.Name + " RENAME COLUMN " + t.IDColumn + " TO tenant_id"
	}
	return f
}

// incompleteFinding completes f for a table of which something is missing; missing are the
// statements that add it.
func incompleteFinding(
	f doctor.Finding, t catalog.RowSecurity, kind *declare.Table, missing []string,
) doctor.Finding {
	f.Fix = strings.Join(missing, ";\n")
	switch {
	case !t.Policy:
		f.Code = "policy_missing"
		f.Why = "without the policy bailiwick_tenant only the filter keeps tenants apart"
	case !t.Enabled:
		f.Code, f.Why = "row_security_off", rowSecurityOff
	case !t.Forced:
		f.Code = "row_security_not_forced"
		f.Why = "without FORCE row security doesn't apply to the table's owner, nor to what runs" +
			" with the owner's rights"
	case kind != nil && !t.VersionTrigger: // an instance doesn't start, see catalog.KindTables.Check
		f.Code = "default_missing"
		f.Why = "an update doesn't count the version of its row, so that a write that depends on a" +
			" version overwrites another one"
	case t.Declared && !t.RecordsWrites(kind): // an instance doesn't start, as above
		f.Code, f.Severity = "audit_missing", doctor.SeverityWarning
		f.Why = "the triggers that record a host's writes of the table in the audit log are missing," +
			" disabled or changed, or the table is declared with Unaudited and has them"
	default:
		f.Code, f.Severity = "default_missing", doctor.SeverityWarning
		f.Why = "rows that raw SQL writes don't get their tenant or their version from the" +
			" database, or don't count towards the tenant's quota"
	}
	return f
}
