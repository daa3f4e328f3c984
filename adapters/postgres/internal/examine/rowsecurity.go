package examine

import (
	"context"
	"strings"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/declare"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/schema"
)

// checkRowSecurity asks of each table that tenants own whether its walls stand. One
// that isn't declared is a warning as long as the application's role can't reach
// it.
func checkRowSecurity(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	walls, err := c.RowSecurity(ctx)
	if err != nil {
		return nil, err
	}
	kinds := c.Declared.KindTablesBySQL()
	var findings []doctor.Finding
	for _, w := range walls {
		findings = append(findings, rowSecurityFindings(w, kinds[w.Name], c.Scope)...)
	}
	return findings, nil
}

// findings are a table's. What row security lacks is one, named by the first
// thing that is missing, and mended as a whole.
func rowSecurityFindings(
	w catalog.RowSecurity, kind *declare.Table, scope schema.Scope,
) []doctor.Finding {
	finding := doctor.Finding{Severity: doctor.SeverityError,
		Object: strings.ReplaceAll(w.Name, `"`, ""),
		Safe:   w.Known}
	if !w.Declared && !w.Reached {
		finding.Severity = doctor.SeverityWarning
	}
	say := func(code, why string, fix ...string) doctor.Finding {
		f := finding
		f.Code, f.Why, f.Fix = code, why, strings.Join(fix, ";\n")
		return f
	}
	if !w.Exists || !w.Tenant {
		f := say("table_missing",
			"the table or its column tenant_id of type uuid is missing: migrate first")
		f.Safe = false
		return []doctor.Finding{f}
	}
	var findings []doctor.Finding
	missing := w.CreateMissing(kind, scope)
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
		f.Severity = doctor.SeverityWarning
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

// unservable are the codes of findings that even one tenant can't be served
// with.
var unservable = []string{"table_missing"}
