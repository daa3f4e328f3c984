package postgres

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// policy is one that stands on a table, as the catalog has it.
type policy struct {
	Table      string
	Name       string
	Library    bool
	Known      bool
	Reached    bool
	Enabled    bool   // row security is on
	Command    string // * for all
	Permissive bool
	Everybody  bool   // it is for every role, as ours is
	Applies    bool   // it is asked when the application's role reads or writes
	Using      string // as the server writes the expression
	Checking   string
	Immutable  string // a function that it calls and that says it is IMMUTABLE

	expected expectation // of ours
}

// expectation is what a policy should say.
type expectation struct{ command, using, check string }

const ownPolicy = "bailiwick_tenant"

// libraryPolicies are those of the library's own tables.
func (s Scope) libraryPolicies() map[string]expectation {
	own := expectation{"ALL", s.ofTenant(tenantColumn), s.ofTenant(tenantColumn)}
	read := expectation{"SELECT", s.ofTenant(tenantColumn), ""}
	return map[string]expectation{
		"bailiwick.tenants":     {"SELECT", s.ofTenant("id"), ""},
		"bailiwick.api_keys":    own,
		"bailiwick.secrets":     own,
		"bailiwick.members":     own,
		"bailiwick.invitations": own,
		"bailiwick.audit":       read,
		"bailiwick.audit_heads": read,
	}
}

// policedTables are the tables of libraryPolicies, as a list of SQL constants.
func policedTables() string {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(Message.libraryPolicies())) {
		names = append(names, literal(name))
	}
	return strings.Join(names, ", ")
}

// readPolicies answers every policy on a table that a tenant owns, and on the
// library's.
func (e *examination) readPolicies(ctx context.Context) ([]policy, error) {
	var policies []policy
	err := e.ask(ctx, `
		SELECT t.name AS "table", p.polname AS name, t.library, t.known, t.oid IN (SELECT oid FROM reached) AS reached, c.relrowsecurity AS enabled,
		  CASE p.polcmd WHEN '*' THEN 'ALL' WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' ELSE 'DELETE' END AS command,
		  p.polpermissive AS permissive, p.polroles = '{0}' AS everybody,
		  EXISTS (SELECT FROM unnest(p.polroles) r WHERE r = 0 OR r IN (SELECT oid FROM app)) AS applies,
		  coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS using, coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') AS checking,
		  coalesce((SELECT min(f.oid::regprocedure::text) FROM pg_depend d JOIN pg_proc f ON f.oid = d.refobjid
		    WHERE d.classid = 'pg_policy'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_proc'::regclass AND f.provolatile = 'i'), '') AS immutable
		FROM tables t JOIN pg_class c ON c.oid = t.oid JOIN pg_policy p ON p.polrelid = t.oid
		ORDER BY t.name, p.polname`, &policies)
	ofLibrary := e.scope.libraryPolicies()
	for i, p := range policies {
		policies[i].expected = expectation{"ALL", e.scope.ofTenant(tenantColumn),
			e.scope.ofTenant(tenantColumn)}
		if p.Library {
			policies[i].expected = ofLibrary[p.Table]
		}
	}
	return policies, err
}

// renewPolicies brings our policies to what this version of the library makes.
func (e *examination) renewPolicies(ctx context.Context) error {
	policies, err := e.readPolicies(ctx)
	if err != nil {
		return err
	}
	for _, p := range policies {
		if p.Name != ownPolicy || !p.Known || p.stands() {
			continue
		}
		if _, err := e.tx.ExecContext(ctx, p.renew()); err != nil {
			return fmt.Errorf("%s: %w", p.Table, err)
		}
	}
	return nil
}

func checkPolicies(ctx context.Context, e *examination) ([]Finding, error) {
	policies, err := e.readPolicies(ctx)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, p := range policies {
		if f, ok := p.finding(); ok {
			findings = append(findings, f)
		}
	}
	return append(findings, openLibrary(policies, e.scope.libraryPolicies())...), nil
}

// openLibrary finds the tables of the library that their policy isn't asked for.
func openLibrary(policies []policy, wanted map[string]expectation) []Finding {
	var findings []Finding
	for _, table := range slices.Sorted(maps.Keys(wanted)) {
		f := Finding{Severity: SeverityError, Object: table, Safe: true}
		at := slices.IndexFunc(policies,
			func(p policy) bool { return p.Table == table && p.Name == ownPolicy })
		switch {
		case at < 0:
			f.Code, f.Why = "policy_missing",
				"without its policy this table of the library shows everybody everything, or"+
					" nobody anything"
			f.Fix = wanted[table].create(table)
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

func (x expectation) create(table string) string {
	statement := "CREATE POLICY " + ownPolicy + " ON " + table + " FOR " + x.command + " USING (" +
		x.using + ")"
	if x.check != "" {
		statement += " WITH CHECK (" + x.check + ")"
	}
	return statement + ";\nALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY"
}

func (p policy) finding() (Finding, bool) {
	f := Finding{Severity: SeverityError,
		Object: fmt.Sprintf("%s (policy %s)", p.Table, quoteIfNeeded(p.Name))}
	if !p.Known && !p.Reached {
		f.Severity = SeverityWarning
	}
	drop := "DROP POLICY " + quote(p.Name) + " ON " + p.Table
	ours := p.Name == ownPolicy
	if ours {
		if p.stands() && p.Immutable == "" {
			return Finding{}, false
		}
		f.Fix, f.Safe = p.renew(), p.Known
	}
	switch {
	case p.Immutable != "":
		f.Code = "policy_immutable"
		f.Why = "the policy calls " + p.Immutable +
			", whose answer for one tenant is kept in the plan that another uses, for it says it" +
			" is IMMUTABLE"
		if !ours || p.stands() {
			f.Fix, f.Safe = "ALTER FUNCTION "+p.Immutable+" STABLE", false
		}
	case castsColumn.MatchString(p.Using + " " + p.Checking):
		f.Code, f.Why = "policy_casts_column",
			"the policy casts tenant_id, so that no index on it serves and every statement reads"+
				" every tenant's rows"
		if !ours {
			f.Severity, f.Fix = SeverityWarning, drop
		}
	case ours:
		f.Code, f.Why = "policy_drift",
			"the policy isn't what the library made it any more, and lets through what it now says"
	case p.Permissive && p.Applies:
		f.Code, f.Why, f.Fix = "policy_permissive",
			"another permissive policy opens what bailiwick_tenant closes: one that says yes is"+
				" enough", drop
	default:
		return Finding{}, false
	}
	return f, true
}

// renew is what makes the policy ours again: an alteration where that will do.
func (p policy) renew() string {
	want := p.expected
	if p.Command != want.command || !p.Permissive {
		return "DROP POLICY " + ownPolicy + " ON " + p.Table + ";\n" + want.create(p.Table)
	}
	if want.check == "" {
		return "ALTER POLICY " + ownPolicy + " ON " + p.Table + " TO PUBLIC USING (" + want.using +
			")"
	}
	return "ALTER POLICY " + ownPolicy + " ON " + p.Table + " TO PUBLIC USING (" + want.using +
		") WITH CHECK (" + want.check + ")"
}

// stands reports whether the policy is what the library made.
func (p policy) stands() bool {
	want := p.expected
	return p.Permissive && p.Everybody && p.Command == want.command &&
		plainSQL(p.Using) == plainSQL(want.using) && plainSQL(p.Checking) == plainSQL(want.check)
}

var (
	castsColumn  = regexp.MustCompile(`\btenant_id\)?::|CAST\(tenant_id`)
	literalCast  = regexp.MustCompile(`('(?:[^']|'')*')::text`)
	selectedName = regexp.MustCompile(`(\)) AS \w+`)
	unneeded     = regexp.MustCompile(`[\s()]+`)
)

// plainSQL takes off an expression what the server adds when it writes one: the
// types of string constants, the names of what a sub-select answers, brackets,
// spaces and capitals. The expressions that are compared have no operator
// whose operands brackets could join otherwise.
func plainSQL(expression string) string {
	expression = literalCast.ReplaceAllString(expression, "$1")
	expression = selectedName.ReplaceAllString(expression, "$1")
	return strings.ToLower(unneeded.ReplaceAllString(expression, ""))
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// quoteIfNeeded is for people.
func quoteIfNeeded(name string) string {
	if plainName.MatchString(name) {
		return name
	}
	return quote(name)
}
