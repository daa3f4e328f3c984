package examine

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/bailiwick-go/bailiwick/adapters/postgres/doctor"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/catalog"
	"github.com/bailiwick-go/bailiwick/adapters/postgres/internal/sqltext"
)

// checkPolicies looks at the policies on the tables of tenants and of the library:
//
//   - a policy bailiwick_tenant that differs from what the library created.
//   - any policy that calls an IMMUTABLE function or casts the column with the tenant's id.
//   - another permissive policy, which admits rows of other tenants.
//   - a library table whose policy is missing, or whose row security is off.
func checkPolicies(ctx context.Context, c *catalog.Catalog) ([]doctor.Finding, error) {
	policies, err := c.Policies(ctx)
	if err != nil {
		return nil, err
	}
	var findings []doctor.Finding
	for _, p := range policies {
		if f, ok := policyFinding(p); ok {
			findings = append(findings, f)
		}
	}
	return append(findings, libraryFindings(policies, catalog.LibraryPolicies(c.Scope))...), nil
}

// libraryFindings are those about library tables to which their policy doesn't apply.
func libraryFindings(
	policies []catalog.Policy, wanted map[string]catalog.ExpectedPolicy,
) []doctor.Finding {
	var findings []doctor.Finding
	for _, table := range slices.Sorted(maps.Keys(wanted)) {
		f := doctor.Finding{Severity: doctor.SeverityError, Object: table, Safe: true}
		i := slices.IndexFunc(policies, func(p catalog.Policy) bool {
			return p.Table == table && p.Name == catalog.TenantPolicy
		})
		switch {
		case i < 0:
			f.Code = "policy_missing"
			f.Why = "without its policy this table of the library shows every role all rows or none"
			f.Fix = wanted[table].Create(table)
		case !policies[i].Enabled:
			f.Code = "row_security_off"
			f.Why = rowSecurityOff
			f.Fix = "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY"
		default:
			continue
		}
		findings = append(findings, f)
	}
	return findings
}

// policyFinding returns the most serious finding about a policy. A fix is safe only if it restores
// the library's own policy.
func policyFinding(p catalog.Policy) (doctor.Finding, bool) {
	f := doctor.Finding{Severity: doctor.SeverityError,
		Object: fmt.Sprintf("%s (policy %s)", p.Table, sqltext.QuoteIfNeeded(p.Name))}
	if !p.Known && !p.Reached {
		f.Severity = doctor.SeverityWarning
	}
	drop := "DROP POLICY " + sqltext.Quote(p.Name) + " ON " + p.Table
	// an immutable function in our own policy is reported even if the policy is current
	ours := p.Name == catalog.TenantPolicy
	if ours {
		if p.Current() && p.Immutable == "" {
			return doctor.Finding{}, false
		}
		f.Fix, f.Safe = p.Restore(), p.Known
	}
	switch {
	case p.Immutable != "":
		f.Code = "policy_immutable"
		f.Why = "the policy calls " + p.Immutable + ", which is declared IMMUTABLE, so that a" +
			" plan keeps its result for one tenant and another tenant uses that plan"
		if !ours || p.Current() {
			f.Fix, f.Safe = "ALTER FUNCTION "+p.Immutable+" STABLE", false
		}
	case castsTenant(p):
		f.Code = "policy_casts_column"
		f.Why = "the policy casts " + p.Column + ", so that no index on " + p.Column +
			" can be used and every statement reads every tenant's rows"
		if !ours {
			f.Severity, f.Fix = doctor.SeverityWarning, drop
		}
	case ours:
		f.Code = "policy_drift"
		f.Why = "the policy differs from what the library created, and may admit other rows"
	case p.Permissive && p.Applies:
		f.Code = "policy_permissive"
		f.Why = "this policy admits rows that bailiwick_tenant refuses, because one permissive" +
			" policy that admits a row is enough"
		f.Fix = drop
	default:
		return doctor.Finding{}, false
	}
	return f, true
}

// castsTenant reports whether the policy casts the column with the tenant's id.
func castsTenant(p catalog.Policy) bool {
	column := regexp.QuoteMeta(p.Column)
	return regexp.MustCompile(`(?:^|[^\w"])` + column + `\)?::|CAST\(` + column).
		MatchString(p.Using + " " + p.Check)
}
