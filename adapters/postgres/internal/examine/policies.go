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
	return append(findings, openLibrary(policies, catalog.LibraryPolicies(c.Scope))...), nil
}

// openLibrary finds the tables of the library that their policy isn't asked for.
func openLibrary(
	policies []catalog.Policy, wanted map[string]catalog.ExpectedPolicy,
) []doctor.Finding {
	var findings []doctor.Finding
	for _, table := range slices.Sorted(maps.Keys(wanted)) {
		f := doctor.Finding{Severity: doctor.SeverityError, Object: table, Safe: true}
		at := slices.IndexFunc(policies,
			func(p catalog.Policy) bool {
				return p.Table == table &&
					p.Name == catalog.TenantPolicy
			})
		switch {
		case at < 0:
			f.Code, f.Why = "policy_missing",
				"without its policy this table of the library shows everybody everything, or"+
					" nobody anything"
			f.Fix = wanted[table].Create(table)
		case !policies[at].Enabled:
			f.Code, f.Why = "row_security_off",
				"row-level security is off, and the policy isn't asked"
			f.Fix = "ALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY"
		default:
			continue
		}
		findings = append(findings, f)
	}
	return findings
}

func policyFinding(p catalog.Policy) (doctor.Finding, bool) {
	f := doctor.Finding{Severity: doctor.SeverityError,
		Object: fmt.Sprintf("%s (policy %s)", p.Table, sqltext.QuoteIfNeeded(p.Name))}
	if !p.Known && !p.Reached {
		f.Severity = doctor.SeverityWarning
	}
	drop := "DROP POLICY " + sqltext.Quote(p.Name) + " ON " + p.Table
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
		f.Why = "the policy calls " + p.Immutable +
			", whose answer for one tenant is kept in the plan that another uses, for it says it" +
			" is IMMUTABLE"
		if !ours || p.Current() {
			f.Fix, f.Safe = "ALTER FUNCTION "+p.Immutable+" STABLE", false
		}
	case castsColumn.MatchString(p.Using + " " + p.Check):
		f.Code, f.Why = "policy_casts_column",
			"the policy casts tenant_id, so that no index on it serves and every statement reads"+
				" every tenant's rows"
		if !ours {
			f.Severity, f.Fix = doctor.SeverityWarning, drop
		}
	case ours:
		f.Code, f.Why = "policy_drift",
			"the policy isn't what the library made it any more, and lets through what it now says"
	case p.Permissive && p.Applies:
		f.Code, f.Why, f.Fix = "policy_permissive",
			"another permissive policy opens what bailiwick_tenant closes: one that says yes is"+
				" enough", drop
	default:
		return doctor.Finding{}, false
	}
	return f, true
}

var castsColumn = regexp.MustCompile(`\btenant_id\)?::|CAST\(tenant_id`)
